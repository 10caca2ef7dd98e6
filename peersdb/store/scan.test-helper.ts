import { numberOf } from './query-sql.ts'
import type { Filter, NumberRange, Query } from '../api.ts'
import type { Contribution } from '../contribution.ts'

/**
 * What a query finds, without any index: by looking at every contribution, given in the order of arrival. Without
 * a limit it finds all. Tests compare the catalogue with it, and the benchmark measures it as the alternative.
 */
export function scan (contributions: Contribution[], query: Query, isHeld: (cid: string) => boolean): Contribution[] {
  const { sort = 'createdAt', order = sort === 'createdAt' ? 'descending' : 'ascending', limit = Infinity } = query
  const sign = order === 'ascending' ? 1 : -1
  return contributions
    .map((contribution, index) => ({ contribution, index, key: keyOf(contribution, sort) }))
    .filter(({ contribution }) => matches(contribution, query, isHeld))
    .sort((a, b) => {
      if (a.key === undefined || b.key === undefined) {
        return a.key === b.key ? sign * (a.index - b.index) : a.key === undefined ? 1 : -1
      }

      return sign * (compare(a.key, b.key) || a.index - b.index)
    })
    .slice(0, limit)
    .map(({ contribution }) => contribution)
}

function keyOf (contribution: Contribution, sort: NonNullable<Query['sort']>): string | number | undefined {
  switch (sort) {
    case 'createdAt': return Date.parse(contribution.createdAt)
    case 'name': return contribution.name
    case 'size': return contribution.size
    case 'contributor': return contribution.contributor
    default: return contribution.attributes[sort.slice('attributes.'.length)]
  }
}

/** Texts by their code points, which is the order of their UTF-8 bytes. */
function compare (a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
}

function matches (contribution: Contribution, filter: Filter, isHeld: (cid: string) => boolean): boolean {
  const { cid, name, mediaType, contributor, size, createdAt, held, attributes = {} } = filter
  const created = Date.parse(contribution.createdAt)
  return (cid == null || contribution.cid === cid) &&
    (name == null || contribution.name === name) &&
    (mediaType == null || contribution.mediaType === mediaType) &&
    (contributor == null || contribution.contributor === contributor) &&
    isWithin(contribution.size, size ?? {}) &&
    created >= Date.parse(createdAt?.from ?? '1000-01-01') &&
    created < Date.parse(createdAt?.to ?? '9999-01-01') &&
    (held == null || isHeld(contribution.cid) === held) &&
    Object.entries(attributes).every(([key, wanted]) => attributeMatches(contribution.attributes[key], wanted))
}

function attributeMatches (value: string | undefined, wanted: string | string[] | NumberRange): boolean {
  if (value == null || typeof wanted === 'string') {
    return value === wanted
  }

  if (Array.isArray(wanted)) {
    return wanted.includes(value)
  }

  const number = numberOf(value)
  return number != null && isWithin(number, wanted)
}

function isWithin (number: number, { min = -Infinity, max = Infinity }: NumberRange): boolean {
  return number >= min && number <= max
}
