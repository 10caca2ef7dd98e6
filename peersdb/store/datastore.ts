import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { NotFoundError } from 'interface-store'
import type { Database } from './database.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Batch, KeyQuery, Pair, Query } from 'interface-datastore'

interface Row { key: string, value: Uint8Array }

/** How many rows are read at a time: other work may write between two of them. */
const pageRows = 256

/** The bookkeeping of libp2p and Helia as a table. A batch is written as a whole or not at all. */
export class SqliteDatastore extends BaseDatastore {
  readonly #database: Database

  constructor (database: Database) {
    super()
    this.#database = database
  }

  override put (key: Key, value: Uint8Array, options?: AbortOptions): Key {
    options?.signal?.throwIfAborted()
    this.#database.run('INSERT INTO datastore (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', key.toString(), value)
    return key
  }

  override get (key: Key, options?: AbortOptions): Uint8Array {
    options?.signal?.throwIfAborted()
    const row = this.#database.get<Row>('SELECT value FROM datastore WHERE key = ?', key.toString())

    if (row == null) {
      throw new NotFoundError(`there is nothing under ${key.toString()} in the datastore`)
    }

    return row.value
  }

  override has (key: Key, options?: AbortOptions): boolean {
    options?.signal?.throwIfAborted()
    return this.#database.get('SELECT 1 FROM datastore WHERE key = ?', key.toString()) != null
  }

  override delete (key: Key, options?: AbortOptions): void {
    options?.signal?.throwIfAborted()
    this.#database.run('DELETE FROM datastore WHERE key = ?', key.toString())
  }

  override batch (): Batch {
    let steps: Array<() => void> = []
    return {
      put: (key, value) => { steps.push(() => this.put(key, value)) },
      delete: (key) => { steps.push(() => this.delete(key)) },
      commit: (options) => {
        options?.signal?.throwIfAborted()
        this.#database.transaction(() => { steps.forEach((step) => step()) })
        steps = []
      }
    }
  }

  override async * _all ({ prefix }: Query, options?: AbortOptions): AsyncGenerator<Pair> {
    for (const { key, value } of this.#rows('key, value', prefix, options)) {
      yield { key: new Key(key, false), value }
    }
  }

  override async * _allKeys ({ prefix }: KeyQuery, options?: AbortOptions): AsyncGenerator<Key> {
    for (const { key } of this.#rows('key', prefix, options)) {
      yield new Key(key, false)
    }
  }

  * #rows (columns: string, prefix = '', options?: AbortOptions): Generator<Row> {
    const sql = `SELECT ${columns} FROM datastore WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ${pageRows}`
    // No key holds the last code point of Unicode, so that all keys with the prefix come before this one.
    const end = `${prefix}\u{10ffff}`

    for (let after = '', rows; ; after = rows.at(-1)?.key ?? end) {
      options?.signal?.throwIfAborted()
      rows = this.#database.all<Row>(sql, after, prefix, end)

      if (rows.length === 0) {
        return
      }

      yield * rows
    }
  }
}
