import type { Database } from './database.ts'

export interface BlockRow {
  id: number
  size: number
  /** 1 where the bytes are in a file of their own. */
  large: number
}

/** The table of blocks, without the files of the large ones. */
export interface BlockRows {
  find (multihash: Uint8Array): BlockRow | undefined
  /** Undefined where the block is absent or large. */
  bytesOf (multihash: Uint8Array): Uint8Array | undefined
  /** Without bytes for a large block. True when the row is new; one that is there already can become structure. */
  insert (multihash: Uint8Array, size: number, structure: boolean, bytes?: Uint8Array): boolean
  remove (id: number): void
  /** Removes a block that was lost, and wants the files that it is part of once more. */
  lose (id: number, multihash: Uint8Array): void
  /** All multihashes in the order of their arrival. */
  list (): Generator<Uint8Array>
}

/** Stands in a row for bytes that are shared with other stores in memory. */
const sharedMark = new Uint8Array()

/** Keeps the bytes of a block outside of the database, once for all stores that do so; returns what reads them. */
export type KeepBytes = (multihash: Uint8Array, bytes: Uint8Array) => () => Uint8Array

/** @param keepBytes - where bytes are kept that are not in the database; by default they are */
export function createBlockRows (database: Database, keepBytes?: KeepBytes): BlockRows {
  /** By the id of the row. */
  const held = new Map<number, () => Uint8Array>()
  const isThere = (id: number): boolean => database.get('SELECT 1 AS there FROM blocks WHERE id = ?', id) != null

  const remove = (id: number): void => {
    database.run('DELETE FROM blocks WHERE id = ?', id)

    if (held.has(id)) {
      // A transaction that fails brings the row back; by then it is over.
      queueMicrotask(() => {
        if (database.isOpen && !isThere(id)) {
          held.delete(id)
        }
      })
    }
  }

  return {
    find: (multihash) => database.get<BlockRow>('SELECT id, size, bytes IS NULL AS large FROM blocks WHERE multihash = ?', multihash),
    bytesOf: (multihash) => {
      const row = database.get<{ id: number, bytes: Uint8Array | null }>('SELECT id, bytes FROM blocks WHERE multihash = ?', multihash)
      // A large block may have the number of a small one that was removed.
      return row?.bytes == null ? undefined : held.get(row.id)?.() ?? row.bytes
    },
    insert: (multihash, size, structure, bytes) => {
      const kept = keepBytes != null && bytes != null ? sharedMark : bytes ?? null
      const { changes, lastInsertRowid } = database.run('INSERT OR IGNORE INTO blocks (multihash, size, structure, bytes) VALUES (?, ?, ?, ?)',
        multihash, size, Number(structure), kept)

      if (changes !== 0 && keepBytes != null && bytes != null) {
        held.set(Number(lastInsertRowid), keepBytes(multihash, bytes))
      }

      if (changes === 0 && structure) {
        database.run('UPDATE blocks SET structure = 1 WHERE multihash = ? AND structure = 0', multihash)
      }

      return changes !== 0
    },
    remove,
    lose: (id, multihash) => {
      remove(id)
      database.run('UPDATE files SET state = 0 WHERE multihash = ? OR multihash IN (SELECT file FROM file_blocks WHERE block = ?)',
        multihash, multihash)
    },
    list: function * () {
      for (let after = 0, rows; ; after = rows.at(-1)?.id ?? Infinity) {
        rows = database.all<{ id: number, multihash: Uint8Array }>(
          'SELECT id, multihash FROM blocks WHERE id > ? ORDER BY id LIMIT 256', after)

        if (rows.length === 0) {
          return
        }

        yield * rows.map(({ multihash }) => multihash)
      }
    }
  }
}
