import * as z from 'zod'
import { parseCid } from '../contribution.ts'
import { InvalidInputError } from '../errors.ts'
import type { Filter, Query } from '../api.ts'

/** A page holds this many contributions where the query does not say, and never more than the second. */
export const pageSizeDefault = 100
export const pageSizeMax = 1000

const attributesMax = 64
const valuesMax = 100
const attributeName = z.string().min(1).max(128)
const attributeValue = z.string().max(1024)
const range = z.strictObject({ min: z.number().optional(), max: z.number().optional() })
const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'is no date and time of ISO 8601 with its offset, such as 2026-01-31T12:00:00Z')

const filterFields = {
  attributes: z.record(attributeName, z.union([attributeValue, z.array(attributeValue).max(valuesMax), range],
    `is neither a short text, nor at most ${valuesMax} of them, nor a range { min, max } of numbers`))
    .refine((attributes) => Object.keys(attributes).length <= attributesMax, `has more than ${attributesMax} attributes`)
    .optional(),
  cid: z.string().max(128).optional(),
  name: z.string().max(1024).optional(),
  mediaType: z.string().max(256).optional(),
  contributor: z.string().max(128).optional(),
  size: range.optional(),
  createdAt: z.strictObject({ from: instant.optional(), to: instant.optional() }).optional(),
  held: z.boolean().optional()
}

const sortNames = ['createdAt', 'name', 'size', 'contributor'] as const

const filterSchema = z.strictObject(filterFields)
const querySchema = z.strictObject({
  ...filterFields,
  sort: z.union([z.literal(sortNames), z.templateLiteral(['attributes.', attributeName])], `is none of ${sortNames.join(', ')}, attributes.<name>`).optional(),
  order: z.literal(['ascending', 'descending']).optional(),
  limit: z.number().int().min(1).optional(),
  after: z.string().max(1024).optional(),
  visibility: z.literal(['shared', 'private']).optional()
})

/** What a page is sorted by; an attribute by its name. */
export type Sort = { column: typeof sortNames[number] } | { attribute: string }

/** A query that was checked; nothing behind it checks again. */
export interface CheckedQuery {
  filter: Filter
  sort: Sort
  order: 'ascending' | 'descending'
  limit: number
  /** The digest of the log entry that the page before ended with. */
  after?: Uint8Array
}

/** @throws {InvalidInputError} naming the field and what is wrong with it */
export function checkFilter (filter: Filter): Filter {
  const checked = check(filterSchema, filter)

  // zod leaves this key out, and a condition that is left out would match everything.
  if (Object.hasOwn(filter.attributes ?? {}, '__proto__')) {
    throw new InvalidInputError('query: attributes: __proto__: is no name of an attribute; leave it out')
  }

  if (checked.cid != null) {
    parseCid(checked.cid)
  }

  return checked
}

/**
 * What does not say how to sort gets the newest first; other sorts ascend unless they say otherwise.
 *
 * @throws {InvalidInputError} naming the field and what is wrong with it
 */
export function checkQuery (query: Query): CheckedQuery {
  const { sort = 'createdAt', order, limit = pageSizeDefault, after, visibility: _, ...filter } = check(querySchema, query)
  checkFilter({ ...filter, attributes: query.attributes })
  const checked = {
    filter,
    sort: parseSort(sort),
    order: order ?? (sort === 'createdAt' ? 'descending' : 'ascending'),
    limit: Math.min(limit, pageSizeMax)
  } as const
  return after == null ? checked : { ...checked, after: readCursor(after, checked) }
}

/** Where a page of a query ended, as text that only this module can read. */
export function writeCursor ({ sort, order }: Pick<CheckedQuery, 'sort' | 'order'>, digest: Uint8Array): string {
  return Buffer.from(JSON.stringify([sort, order, Buffer.from(digest).toString('base64url')])).toString('base64url')
}

const cursorSchema = z.tuple([z.unknown(), z.unknown(), z.base64url().length(43)])

function readCursor (text: string, { sort, order }: Pick<CheckedQuery, 'sort' | 'order'>): Uint8Array {
  const cursor = cursorSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString())).data
  const digest = Buffer.from(cursor?.[2] ?? '', 'base64url')

  // A cursor is good for the query that it came from alone: written again for this one it has to be the same.
  if (cursor == null || writeCursor({ sort, order }, digest) !== text) {
    throw new InvalidInputError('query: after: is not where a page of this query ended; take it from "next" of a page with the same sort and order')
  }

  return digest
}

function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function parseSort (sort: NonNullable<Query['sort']>): Sort {
  const column = sortNames.find((name) => name === sort)
  return column == null ? { attribute: sort.slice('attributes.'.length) } : { column }
}

function check<T> (schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new InvalidInputError(`query: ${[...issue?.path ?? [], issue?.message ?? 'is malformed'].join(': ').slice(0, 512)}`)
  }

  return parsed.data
}
