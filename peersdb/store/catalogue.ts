import { cidOf } from '../cid.ts'
import { parseCid } from '../contribution.ts'
import { InvalidInputError } from '../errors.ts'
import { digestBytes, entryHashText } from './multihash.ts'
import { countSql, numberOf, pageSql, sortKey } from './query-sql.ts'
import { checkFilter, checkQuery, pageSizeMax, writeCursor } from './query.ts'
import type { Filter, Page, Query } from '../api.ts'
import type { Contribution, StoredContribution } from '../contribution.ts'
import type { Database } from './database.ts'
import type { SortColumns, Ways } from './query-sql.ts'
import type { CheckedQuery } from './query.ts'
import type { SQLInputValue } from 'node:sqlite'

export interface EntryState {
  /** The SHA-256 digest of the log entry. */
  hash: Uint8Array
  /** The time of the entry's logical clock. */
  clock: number
  /** Whether OrbitDB's log has it. */
  joined: boolean
}

/** One entry of the contributions log; without a contribution where this version does not understand it. */
export interface EntryRow extends EntryState {
  contribution?: StoredContribution
}

export interface CatalogueEntry extends EntryState {
  contribution?: Contribution
}

/** The entries of the contributions log and the index of their attributes. */
export interface Catalogue {
  /**
   * False when the entry is there already, which is then left as it is.
   *
   * @throws {InvalidInputError} where the hash or the clock is malformed
   */
  insert (row: EntryRow): boolean
  markJoined (hash: Uint8Array): void
  /** True when it was there. Only what is private ever leaves its catalogue; the entries of a log stay. */
  remove (hash: Uint8Array): boolean
  has (hash: Uint8Array): boolean
  get (hash: Uint8Array): CatalogueEntry | undefined
  /** The newest 1,000 contributions of the file, whichever CID of it they name. */
  byCid (cid: string): Contribution[]
  /** At most 1,000 contributions, joined or not. Texts are sorted by their code points. @throws {InvalidInputError} */
  page (query?: Query): Page
  /** @throws {InvalidInputError} */
  count (filter?: Filter): number
  /** Every entry, in the order of arrival. */
  hashes (): Generator<EntryState>
  readonly entries: number
  readonly foreign: number
}

interface EntryColumns { id: number, hash: Uint8Array, kind: number, clock: number, joined: number }

interface ContributionColumns extends EntryColumns, SortColumns {
  cid: string
  media_type: string
  created_at: string
  schema: StoredContribution['schema']
}

export function createCatalogue (database: Database): Catalogue {
  const count = (sql: string, ...values: SQLInputValue[]): number =>
    database.get<{ count: number }>(sql, ...values)?.count ?? 0

  return {
    insert: (row) => database.transaction(() => insert(database, row)),
    markJoined: (hash) => { database.run('UPDATE entries SET joined = 1 WHERE hash = ? AND joined = 0', hash) },
    remove: (hash) => database.transaction(() => {
      database.run('DELETE FROM attributes WHERE entry_id = (SELECT id FROM entries WHERE hash = ?)', hash)
      return database.run('DELETE FROM entries WHERE hash = ?', hash).changes !== 0
    }),
    has: (hash) => database.get('SELECT 1 FROM entries WHERE hash = ?', hash) != null,
    get: (hash) => {
      const row = rowOf(database, hash)
      return row && { ...toState(row), ...(row.kind === 0 ? { contribution: toContribution(row) } : {}) }
    },
    byCid: (cid) => database.all<ContributionColumns>(
      'SELECT * FROM entries WHERE kind = 0 AND multihash = ? ORDER BY created_ms DESC, id DESC LIMIT ?',
      parseCid(cid).multihash.bytes, pageSizeMax).map(toContribution),
    page: (query = {}) => page(database, query),
    count: (filter = {}) => {
      const { text, values } = countSql(checkFilter(filter))
      return count(text, ...values)
    },
    hashes: function * () {
      for (let after = 0, rows; ; after = rows.at(-1)?.id ?? Infinity) {
        rows = database.all<EntryColumns>('SELECT id, hash, clock, joined FROM entries WHERE id > ? ORDER BY id LIMIT 1000', after)

        if (rows.length === 0) {
          return
        }

        yield * rows.map(toState)
      }
    },
    get entries () { return count('SELECT count(*) AS count FROM entries') },
    get foreign () { return count('SELECT count(*) AS count FROM entries WHERE kind = 1') }
  }
}

function rowOf (database: Database, hash: Uint8Array): ContributionColumns | undefined {
  return database.get<ContributionColumns>('SELECT * FROM entries WHERE hash = ?', hash)
}

function page (database: Database, query: Query): Page {
  const checked = checkQuery(query)
  const ids = findIds(database, checked)
  const rows = ids.slice(0, checked.limit).map((id) => database.get<ContributionColumns>('SELECT * FROM entries WHERE id = ?', id))
  const found = rows.filter((row) => row != null)
  const last = found.at(-1)
  const contributions = found.map(toContribution)
  return ids.length > checked.limit && last != null ? { contributions, next: writeCursor(checked, last.hash) } : { contributions }
}

/** The ids of a page, and one more where there is a next page. */
function findIds (database: Database, query: CheckedQuery): number[] {
  const from = query.after == null ? undefined : rowOf(database, query.after)

  if (query.after != null && from?.kind !== 0) {
    throw new InvalidInputError('query: after: is no contribution of this peer; start again without it')
  }

  const ids: number[] = []

  for (const ways of pageSql(query, from && { id: from.id, key: sortKey(query.sort, from) })) {
    if (ids.length <= query.limit) {
      ids.push(...findWith(database, ways, query.limit + 1 - ids.length))
    }
  }

  return ids
}

/** Walks first; searches where that neither found enough nor saw everything. */
function findWith (database: Database, { walk, walkLength, search }: Ways, most: number): number[] {
  const walked = database.all<{ id: number, matches: number }>(walk.text, ...walk.values)
  const near = walked.filter(({ matches }) => matches === 1)
  const found = near.length >= most || walked.length < walkLength ? near : database.all<{ id: number }>(search.text, ...search.values)
  return found.slice(0, most).map(({ id }) => id)
}

function insert (database: Database, { hash, clock, joined, contribution }: EntryRow): boolean {
  if (hash.byteLength !== digestBytes || !Number.isSafeInteger(clock)) {
    throw new InvalidInputError(`an entry with a hash of ${hash.byteLength} bytes and the clock ${clock} cannot be stored; a hash has ${digestBytes} bytes and a clock is a whole number`)
  }

  const { changes, lastInsertRowid } = contribution == null
    ? database.run('INSERT OR IGNORE INTO entries (hash, kind, clock, joined) VALUES (?, 1, ?, ?)', hash, clock, Number(joined))
    : database.run(`INSERT OR IGNORE INTO entries (hash, kind, clock, joined, multihash, cid, name, size, media_type, contributor,
        created_ms, created_at, attributes, schema) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      hash, clock, Number(joined), cidOf(contribution.cid).multihash.bytes, contribution.cid, contribution.name, contribution.size,
      contribution.mediaType, contribution.contributor, Date.parse(contribution.createdAt), contribution.createdAt,
      JSON.stringify(contribution.attributes), contribution.schema)

  if (changes === 0) {
    return false
  }

  for (const [key, value] of Object.entries(contribution?.attributes ?? {})) {
    database.run('INSERT INTO attributes (key, value, entry_id, number) VALUES (?, ?, ?, ?)', key, value, lastInsertRowid, numberOf(value))
  }

  return true
}

function toState ({ hash, clock, joined }: EntryColumns): EntryState {
  return { hash, clock, joined: joined === 1 }
}

function toContribution (row: ContributionColumns): Contribution {
  return {
    schema: row.schema,
    cid: row.cid,
    name: row.name,
    size: row.size,
    mediaType: row.media_type,
    contributor: row.contributor,
    createdAt: row.created_at,
    attributes: JSON.parse(row.attributes) as Record<string, string>,
    hash: entryHashText(row.hash)
  }
}
