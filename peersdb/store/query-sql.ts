import { cidOf } from '../cid.ts'
import type { Filter, NumberRange } from '../api.ts'
import type { CheckedQuery, Sort } from './query.ts'
import type { SQLInputValue } from 'node:sqlite'

/** A piece of SQL and the values of its question marks, in order. */
export interface Sql {
  text: string
  values: SQLInputValue[]
}

/** The entry that a page starts after: its row, and what it is sorted by (undefined where it lacks the attribute). */
export interface Position {
  id: number
  key: string | number | undefined
}

/** A decimal number, as in CSV files; neither hexadecimal nor infinite. */
const decimal = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i

/** The number that an attribute's value stands for; null where it is none. */
export function numberOf (value: string): number | null {
  const number = decimal.test(value) ? Number(value) : NaN
  return Number.isFinite(number) ? number : null
}

/** A page is found by walking where one contribution in so many matches. */
const walkFactor = 10

const columns = { createdAt: 'created_ms', name: 'name', size: 'size', contributor: 'contributor' } as const

/** Counts the contributions that match a filter that was checked. */
export function countSql (filter: Filter): Sql {
  return join`SELECT count(*) AS count FROM entries e WHERE e.kind = 0 ${and(conditions(filter, listed, raw('e.id')))}`
}

/** Two ways to the same ids, of which the first gives up early. */
export interface Ways {
  /** Looks at the first `walkLength` contributions in order (`id`, `matches`), and is fast where many match. */
  walk: Sql
  walkLength: number
  /** Brings together all that match before it sorts them (`id`), and is fast where few match. */
  search: Sql
}

/**
 * Finds the ids of a page and one more, in order. What is sorted by an attribute comes in two parts, of which the
 * second is of use where the first was too short: the contributions that have the attribute, and those that lack it.
 */
export function pageSql (query: CheckedQuery, position?: Position): Ways[] {
  const beyond = raw(query.order === 'ascending' ? '>' : '<')

  if ('column' in query.sort) {
    const key = raw(`e.${columns[query.sort.column]}`)
    const after = position == null ? [] : [join`(${key}, e.id) ${beyond} (${value(position.key ?? null)}, ${value(position.id)})`]
    return [ways(query, { from: raw('entries e WHERE e.kind = 0'), id: raw('e.id'), key, after })]
  }

  const name = value(query.sort.attribute)
  const having = ways(query, {
    // Only contributions have attributes. SQLite leaves a left join out where the filter asks for nothing but attributes.
    from: join`attributes s LEFT JOIN entries e ON e.id = s.entry_id WHERE s.key = ${name}`,
    id: raw('s.entry_id'),
    key: raw('s.value'),
    after: position?.key == null ? [] : [join`(s.value, s.entry_id) ${beyond} (${value(position.key)}, ${value(position.id)})`]
  })
  const lacking = ways(query, {
    from: raw('entries e WHERE e.kind = 0'),
    id: raw('e.id'),
    key: raw('e.id'),
    after: position == null || position.key != null ? [] : [join`e.id ${beyond} ${value(position.id)}`],
    match: [join`NOT EXISTS (SELECT 1 FROM attributes WHERE entry_id = e.id AND key = ${name})`]
  })
  return position != null && position.key == null ? [lacking] : [having, lacking]
}

/** Contributions in an order that an index has. */
interface Source {
  /** Tables and what holds for all of their rows. */
  from: Sql
  id: Sql
  key: Sql
  /** That a row comes after the position. */
  after: Sql[]
  /** What has to match besides the filter. */
  match?: Sql[]
}

function ways ({ filter, order, limit }: CheckedQuery, { from, id, key, after, match = [] }: Source): Ways {
  const direction = raw(order === 'ascending' ? 'ASC' : 'DESC')
  const base = join`FROM ${from} ${and(after)}`
  const walkLength = walkFactor * (limit + 1)
  return {
    walk: join`SELECT ${id} AS id, (true ${and([...conditions(filter, looked, id), ...match])}) AS matches ${base}
      ORDER BY ${key} ${direction}, ${id} ${direction} LIMIT ${value(walkLength)}`,
    walkLength,
    // The plus signs keep SQLite from following the index of the order, which is what the walk did in vain.
    search: join`SELECT ${id} AS id ${base} ${and([...conditions(filter, listed, id), ...match])}
      ORDER BY +${key} ${direction}, +${id} ${direction} LIMIT ${value(limit + 1)}`
  }
}

/** The columns that a page can be sorted by. */
export interface SortColumns {
  name: string
  size: number
  contributor: string
  created_ms: number
  /** JSON. */
  attributes: string
}

/** What an entry is sorted by. */
export function sortKey (sort: Sort, row: SortColumns): Position['key'] {
  if ('column' in sort) {
    return row[columns[sort.column]]
  }

  const attributes = JSON.parse(row.attributes) as Record<string, string>
  return Object.hasOwn(attributes, sort.attribute) ? attributes[sort.attribute] : undefined
}

/** How a condition on another table is put. */
interface Phrasing {
  attribute (id: Sql, name: Sql, wanted: string | string[] | NumberRange): Sql
  held (not: Sql): Sql
}

/** A look-up for each entry; the plus sign keeps SQLite from looking through all numbers of a range each time. */
const looked: Phrasing = {
  attribute: (id, name, wanted) =>
    join`EXISTS (SELECT 1 FROM attributes WHERE entry_id = ${id} AND key = ${name} AND ${attributeIs(wanted, raw('+number'))})`,
  held: (not) => join`${not} EXISTS (SELECT 1 FROM files WHERE multihash = e.multihash AND state = 1)`
}

/** A list of all entries that meet it. */
const listed: Phrasing = {
  attribute: (id, name, wanted) =>
    join`${id} IN (SELECT entry_id FROM attributes WHERE key = ${name} AND ${attributeIs(wanted, raw('number'))})`,
  held: (not) => join`e.multihash ${not} IN (SELECT multihash FROM files WHERE state = 1)`
}

function conditions (filter: Filter, phrasing: Phrasing, id: Sql): Sql[] {
  const { cid, name, mediaType, contributor, size, createdAt, held, attributes = {} } = filter
  return [
    ...(cid == null ? [] : [join`e.multihash = ${value(cidOf(cid).multihash.bytes)}`]),
    ...(name == null ? [] : [join`e.name = ${value(name)}`]),
    ...(mediaType == null ? [] : [join`e.media_type = ${value(mediaType)}`]),
    ...(contributor == null ? [] : [join`e.contributor = ${value(contributor)}`]),
    ...(size == null ? [] : within(raw('e.size'), size)),
    ...(createdAt?.from == null ? [] : [join`e.created_ms >= ${value(Date.parse(createdAt.from))}`]),
    ...(createdAt?.to == null ? [] : [join`e.created_ms < ${value(Date.parse(createdAt.to))}`]),
    ...(held == null ? [] : [phrasing.held(raw(held ? '' : 'NOT'))]),
    ...Object.entries(attributes).map(([name, wanted]) => phrasing.attribute(id, value(name), wanted))
  ]
}

function attributeIs (wanted: string | string[] | NumberRange, number: Sql): Sql {
  if (typeof wanted === 'string') {
    return join`value = ${value(wanted)}`
  }

  return Array.isArray(wanted)
    ? { text: `value IN (${wanted.map(() => '?').join()})`, values: wanted }
    : join`number IS NOT NULL ${and(within(number, wanted))}`
}

function within (column: Sql, { min, max }: NumberRange): Sql[] {
  return [
    ...(min == null ? [] : [join`${column} >= ${value(min)}`]),
    ...(max == null ? [] : [join`${column} <= ${value(max)}`])
  ]
}

function and (conditions: Sql[]): Sql {
  return { text: conditions.map(({ text }) => `AND ${text}`).join(' '), values: conditions.flatMap(({ values }) => values) }
}

/** SQL that stands in this file; what comes from a query goes through `value`. */
function raw (text: string): Sql {
  return { text, values: [] }
}

function value (input: SQLInputValue): Sql {
  return { text: '?', values: [input] }
}

function join (texts: TemplateStringsArray, ...parts: Sql[]): Sql {
  return { text: String.raw({ raw: texts }, ...parts.map(({ text }) => text)), values: parts.flatMap(({ values }) => values) }
}
