import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { StoreClosedError, StoreDamagedError, StoreFullError, StoreInUseError, StoreUnavailableError, StoreVersionError } from './errors.ts'
import { applicationId, schema, schemaVersion } from './schema.ts'
import type { SQLInputValue, StatementResultingChanges, StatementSync } from 'node:sqlite'

/** Statements of queries differ by the shape of their filter, so that their number has to be bounded. */
const statementsMax = 256

/** What may be used above the limit by work that makes room. */
const headroomPages = 256

/** Primary result codes: https://www.sqlite.org/rescode.html */
const sqlite = { busy: 5, locked: 6, readOnly: 8, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 }

export interface DatabaseInit {
  /** Absent: in memory. */
  file?: string
  /** The directory, or "memory", as messages name it. */
  place: string
  /** What the database and the large blocks may take, together with what others take. */
  bytesMax?: number
  /** What another store takes at the moment that shares the limit. */
  othersBytes?: () => number
}

/**
 * The one SQLite connection of a peer. Everything is synchronous, and each call is a transaction of its own unless
 * it is made within `transaction`. Commits survive a crash of the process; a loss of power may cost the last of
 * them, but never leaves half of one (WAL with synchronous=NORMAL).
 */
export class Database {
  readonly place: string
  readonly bytesMax: number | undefined
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #othersBytes: () => number
  #pageBytes = 4096
  #largeBytes = 0
  #pagesMax?: number
  #headroomPages = 0

  /**
   * @throws {StoreInUseError} where another connection has the file
   * @throws {StoreVersionError} where a newer PeersDB wrote it
   * @throws {StoreDamagedError} where it is no database of a peer
   */
  constructor ({ file = ':memory:', place, bytesMax, othersBytes = () => 0 }: DatabaseInit) {
    this.place = place
    this.bytesMax = bytesMax
    this.#othersBytes = othersBytes

    try {
      this.#database = new DatabaseSync(file)
    } catch (err) {
      throw this.#translate(err)
    }

    try {
      this.#open(file)
    } catch (err) {
      this.#database.close()
      throw err
    }
  }

  #open (file: string): void {
    this.#exec('PRAGMA locking_mode = EXCLUSIVE')
    const version = this.#pragma('user_version')
    const tables = this.get<{ count: number }>('SELECT count(*) AS count FROM sqlite_schema')?.count ?? 0

    // Nothing may be written before it is known whose database this is.
    if (tables > 0 && this.#pragma('application_id') !== applicationId) {
      throw new StoreDamagedError(file, 'it is the database of another program')
    }

    if (version > schemaVersion) {
      throw new StoreVersionError(this.place, version, schemaVersion)
    }

    // A checkpoint after 1,000 pages copies 4 MiB, which is often enough that no single commit takes long.
    this.#exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 4194304`)
    this.#pageBytes = this.#pragma('page_size')
    this.limit(0)
    // Even where the tables are there already, beginning to write takes the lock that keeps others out.
    this.transaction(() => { if (version === 0) { this.#exec(schema) } })
  }

  run (sql: string, ...parameters: SQLInputValue[]): StatementResultingChanges {
    if (this.#database.isOpen && !this.#database.isTransaction) {
      this.#limitPages()
    }

    return this.#try(() => this.#prepare(sql).run(...parameters))
  }

  /** The first row; its shape is stated by the caller, who knows the columns. */
  get<Row extends object> (sql: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#try(() => this.#prepare(sql).get(...parameters) as Row | undefined)
  }

  all<Row extends object> (sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#try(() => this.#prepare(sql).all(...parameters) as Row[])
  }

  /**
   * All or nothing; a call within another joins it, and then takes effect or not together with the outer one.
   *
   * @throws whatever `work` throws, after everything was rolled back
   */
  transaction<T> (work: () => T): T {
    if (this.#database.isOpen && this.#database.isTransaction) {
      return work()
    }

    this.#limitPages()
    this.#exec('BEGIN IMMEDIATE')

    try {
      const result = work()
      assert(!(result instanceof Promise), 'a transaction ends before a promise does')
      this.#exec('COMMIT')
      return result
    } catch (err) {
      // SQLite has rolled back by itself already after some errors, a full disk among them.
      if (this.#database.isTransaction) {
        this.#exec('ROLLBACK')
      }

      throw err
    }
  }

  /** Says how much of `bytesMax` is taken by the large blocks. */
  limit (largeBytes: number): void {
    this.#largeBytes = largeBytes
    this.#limitPages()
  }

  /** How many bytes may still be stored. */
  get bytesLeft (): number {
    return this.bytesMax == null ? Infinity : this.bytesMax - this.#othersBytes() - this.#largeBytes - this.sizeBytes()
  }

  /** Lets work that makes room use a little more than the limit: removing needs pages, too. */
  makeRoom<T> (work: () => T): T {
    this.#headroomPages = headroomPages

    try {
      return work()
    } finally {
      this.#headroomPages = 0
      this.#limitPages()
    }
  }

  get isOpen (): boolean {
    return this.#database.isOpen
  }

  sizeBytes (): number {
    return this.#pragma('page_count') * this.#pageBytes
  }

  /** Gives up to `pages` unused pages back to the disk; true while there are more. */
  shrink (pages: number): boolean {
    this.#exec(`PRAGMA incremental_vacuum(${pages})`)
    return this.#pragma('freelist_count') > 0
  }

  close (): void {
    if (this.#database.isOpen) {
      this.#statements.clear()
      this.#try(() => this.#database.close())
    }
  }

  /** Before anything is written, as what others take may have changed. */
  #limitPages (): void {
    if (this.bytesMax != null) {
      const pages = Math.floor((this.bytesMax - this.#othersBytes() - this.#largeBytes) / this.#pageBytes)
      const pagesMax = Math.max(1, pages + this.#headroomPages)

      if (pagesMax !== this.#pagesMax) {
        this.#exec(`PRAGMA max_page_count = ${pagesMax}`)
        this.#pagesMax = pagesMax
      }
    }
  }

  #prepare (sql: string): StatementSync {
    const known = this.#statements.get(sql)

    if (known != null) {
      return known
    }

    const statement = this.#database.prepare(sql)

    for (const oldest of this.#statements.size >= statementsMax ? this.#statements.keys().take(1) : []) {
      this.#statements.delete(oldest)
    }

    this.#statements.set(sql, statement)
    return statement
  }

  #pragma (name: string): number {
    return this.#try(() => Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name]))
  }

  #exec (sql: string): void {
    this.#try(() => { this.#database.exec(sql) })
  }

  #try<T> (work: () => T): T {
    try {
      return work()
    } catch (err) {
      throw this.#translate(err)
    }
  }

  #translate (err: unknown): unknown {
    if (!(err instanceof Error) || !('code' in err)) {
      return err
    }

    if (err.code === 'ERR_INVALID_STATE') {
      return new StoreClosedError(this.place)
    }

    // The upper bits of an extended result code tell variants of the same error.
    switch ('errcode' in err ? Number(err.errcode) & 0xff : undefined) {
      case sqlite.busy:
      case sqlite.locked:
        return new StoreInUseError(this.place)
      case sqlite.full:
        return new StoreFullError(this.place, this.bytesMax)
      case sqlite.corrupt:
      case sqlite.notADatabase:
        return new StoreDamagedError(`the database in ${this.place}`, err.message)
      case sqlite.readOnly:
      case sqlite.cannotOpen:
        return new StoreUnavailableError(this.place, err)
      default:
        return err
    }
  }
}
