import { setImmediate } from 'node:timers/promises'
import type { Blocks } from './blocks.ts'
import type { Database } from './database.ts'

/** How much is done before the event loop gets a turn. */
const filesPerTurn = 100
const blocksPerTurn = 250
const pagesPerTurn = 256

/** Whether the block `b` is part of the log, or of a pinned file. */
const needed = `(structure = 1
  OR EXISTS (SELECT 1 FROM files f WHERE f.multihash = b.multihash AND f.pinned = 1)
  OR EXISTS (SELECT 1 FROM file_blocks l JOIN files f ON f.multihash = l.file WHERE l.block = b.multihash AND f.pinned = 1))`

interface BlockRow { id: number, multihash: Uint8Array, size: number, large: number, needed: number }

/**
 * Removes the files that are not pinned, then the blocks that are neither part of the log nor of a pinned file, and
 * gives the space back to the disk. Returns the bytes of the blocks that were removed.
 */
export async function collectGarbage (database: Database, blocks: Blocks, signal?: AbortSignal): Promise<number> {
  while (database.makeRoom(() => removeFiles(database)) > 0) {
    await setImmediate(undefined, { signal })
  }

  let freedBytes = 0

  for (let page = readPage(database, 0); page.length > 0; page = readPage(database, page.at(-1)?.id ?? Infinity)) {
    const garbage = page.filter(({ needed, multihash }) => needed === 0 && !blocks.isProtected(multihash))
    freedBytes += database.makeRoom(() => removeSmall(database, blocks, garbage))

    for (const { id, multihash } of garbage.filter(({ large }) => large === 1)) {
      // While the file before this one was being removed, a peer may have come to need this one.
      const isGarbage = (): boolean => !blocks.isProtected(multihash) &&
        database.get(`SELECT 1 FROM blocks b WHERE id = ? AND NOT ${needed}`, id) != null
      freedBytes += await blocks.delete(multihash, isGarbage)
    }

    await setImmediate(undefined, { signal })
  }

  while (database.shrink(pagesPerTurn)) {
    await setImmediate(undefined, { signal })
  }

  return freedBytes
}

function removeFiles (database: Database): number {
  return database.transaction(() => {
    const files = database.all<{ multihash: Uint8Array }>('SELECT multihash FROM files WHERE pinned = 0 LIMIT ?', filesPerTurn)

    for (const { multihash } of files) {
      database.run('DELETE FROM file_blocks WHERE file = ?', multihash)
      database.run('DELETE FROM files WHERE multihash = ?', multihash)
    }

    return files.length
  })
}

/** The next blocks whether they are needed or not, so that the work of one turn is bounded. */
function readPage (database: Database, after: number): BlockRow[] {
  return database.all<BlockRow>(
    `SELECT id, multihash, size, bytes IS NULL AS large, ${needed} AS needed FROM blocks b WHERE id > ? ORDER BY id LIMIT ?`,
    after, blocksPerTurn)
}

function removeSmall (database: Database, blocks: Blocks, garbage: BlockRow[]): number {
  return database.transaction(() => {
    let freedBytes = 0

    for (const { id, size } of garbage.filter(({ large }) => large === 0)) {
      blocks.removeSmall(id)
      freedBytes += size
    }

    return freedBytes
  })
}
