import * as z from 'zod'
import { contributionSchemaVersion, parseCid } from '../contribution.ts'
import { strategyNames } from '../strategy-names.ts'
import { parseValue } from '../where.ts'
import { RequestError } from './errors.ts'
import type { Filter, Query } from '../api.ts'

const sorts = /^(?:createdAt|name|size|contributor|attributes\..{1,128})$/

const text = z.string().max(1024)
const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const bytes = z.coerce.number().int().nonnegative()

/** A content identifier in its canonical form. */
export const cid = z.string().max(128).transform((value, context) => {
  try {
    return parseCid(value).toString()
  } catch (err) {
    context.addIssue((err as Error).message)
    return z.NEVER
  }
})
export const cidParams = z.object({ cid })
export const strategy = z.enum(strategyNames)

/** The query parameters that say which contributions; besides these, `attributes.<name>`. */
export const filterParameters = z.looseObject({
  cid: cid.optional(),
  name: text.optional(),
  media_type: text.optional(),
  contributor: text.optional().describe('a peer id'),
  from: z.iso.datetime().optional().describe('created at this time (ISO 8601, UTC) or later'),
  to: z.iso.datetime().optional().describe('created before this time (ISO 8601, UTC)'),
  size_min: bytes.optional().describe('in bytes'),
  size_max: bytes.optional().describe('in bytes'),
  held: flag.optional().describe('whether the whole file is held by this peer')
})

export const queryParameters = filterParameters.extend({
  sort: z.string().regex(sorts, 'must be createdAt, name, size, contributor or attributes.<name>').optional(),
  order: z.enum(['ascending', 'descending']).optional(),
  limit: z.coerce.number().int().min(1).max(1_000_000).optional()
    .describe('of a JSON page, 100 unless told and at most 1000; of CSV and NDJSON, all unless told'),
  after: text.optional().describe('the "next" of an earlier page'),
  visibility: z.enum(['shared', 'private']).optional()
})

export const contributeParameters = z.looseObject({
  name: z.string().min(1).max(1024).describe('what the file is called'),
  media_type: text.optional(),
  private: flag.optional().describe('keep it on this peer until it is published')
})

export const fileParameters = z.object({
  path: text.optional().describe('a file within a directory'),
  offline: flag.optional().describe('ask no other peer')
})

export const contribution = z.object({
  hash: z.string(),
  schema: z.literal(contributionSchemaVersion),
  cid: z.string(),
  name: z.string(),
  size: z.number(),
  mediaType: z.string(),
  contributor: z.string(),
  createdAt: z.string(),
  attributes: z.record(z.string(), z.string())
})
export const page = z.object({ contributions: z.array(contribution), next: z.string().optional() })
export const failure = z.object({ error: z.string().describe('one sentence: what is wrong, where, and the cure') })

type Parameters = Record<string, unknown>

/** The filter that these parameters describe. @throws {RequestError} where one of them is none of this shape's */
export function toFilter (parameters: z.output<typeof filterParameters>, shape: object = filterParameters.shape): Filter {
  const { cid: wanted, name, media_type: mediaType, contributor, from, to, size_min: min, size_max: max, held } = parameters
  const attributes = attributeParameters(parameters, shape)
    .map(([key, value]) => [key, Array.isArray(value) ? value.map(String) : parseValue(String(value))] as const)

  return withoutAbsent({
    cid: wanted, name, mediaType, contributor, held,
    size: min == null && max == null ? undefined : withoutAbsent({ min, max }),
    createdAt: from == null && to == null ? undefined : withoutAbsent({ from, to }),
    attributes: attributes.length === 0 ? undefined : Object.fromEntries(attributes)
  })
}

/** The query that these parameters describe. @throws {RequestError} where one of them is none */
export function toQuery (parameters: z.output<typeof queryParameters>): Query {
  const { sort, order, limit, after, visibility } = parameters
  return { ...toFilter(parameters, queryParameters.shape), ...withoutAbsent({ sort: sort as Query['sort'], order, limit, after, visibility }) }
}

/** The attributes that a contribution is given. @throws {RequestError} where one is given twice, or a parameter is none */
export function toAttributes (parameters: z.output<typeof contributeParameters>): Record<string, string> {
  return Object.fromEntries(attributeParameters(parameters, contributeParameters.shape).map(([name, value]) => {
    if (typeof value !== 'string') {
      throw new RequestError(400, `attributes.${name} is given more than once; keep one of them`)
    }

    return [name, value]
  }))
}

/** The parameters `attributes.<name>`, without that word; all others have to be of the shape. */
function attributeParameters (parameters: Parameters, shape: object): Array<[name: string, value: unknown]> {
  return Object.entries(parameters).filter(([key]) => !Object.hasOwn(shape, key)).map(([key, value]) => {
    if (!key.startsWith('attributes.')) {
      throw new RequestError(400, `"${key.slice(0, 100)}" is no parameter here; that of an attribute is written attributes.<name>`)
    }

    return [key.slice('attributes.'.length), value]
  })
}

function withoutAbsent<T extends object> (value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}
