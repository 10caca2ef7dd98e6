import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MemoryBlockstore } from 'blockstore-core'
import { FsBlockstore } from 'blockstore-fs'
import { NextToLast } from 'blockstore-fs/sharding'
import { sha256 } from 'multiformats/hashes/sha2'
import { CorruptBlockError, StoreFullError } from './errors.ts'
import { keyOf, rawCid } from './multihash.ts'
import type { Database } from './database.ts'
import type { Blockstore } from 'interface-blockstore'

/**
 * The blocks that are too large for a row: one file each, or in memory. The table `large_pending` names each file
 * before it is written and until it is removed, so that a crash leaves no file that nobody knows of.
 */
export class LargeBlocks {
  readonly #database: Database
  readonly #files: Blockstore
  readonly #queue = new Map<string, Promise<unknown>>()
  #sizeBytes: number

  private constructor (database: Database, files: Blockstore) {
    this.#database = database
    this.#files = files
    this.#sizeBytes = database.get<{ sum: number }>('SELECT coalesce(sum(size), 0) AS sum FROM blocks WHERE bytes IS NULL')?.sum ?? 0
  }

  /** Opens the folder `blocks` of the directory, and removes the files that a crash left half done. */
  static async open (database: Database, directory?: string, files?: Blockstore): Promise<LargeBlocks> {
    const large = new LargeBlocks(database, files ?? await openFiles(directory))
    large.#account(0)

    for (const { multihash } of database.all<{ multihash: Uint8Array }>('SELECT multihash FROM large_pending')) {
      await large.#discard(multihash)
      await removeUnfinished(multihash, directory)
    }

    return large
  }

  get sizeBytes (): number {
    return this.#sizeBytes
  }

  /** Runs work on one block after all earlier work on the same block. */
  inOrder<T> (multihash: Uint8Array, work: () => Promise<T>): Promise<T> {
    const key = keyOf(multihash)
    const earlier = this.#queue.get(key) ?? Promise.resolve()
    // Whoever asked for the earlier work hears of its failure; this one only waits for its end.
    const done = earlier.then(work, work).finally(() => {
      if (this.#queue.get(key) === done) {
        this.#queue.delete(key)
      }
    })
    this.#queue.set(key, done)
    return done
  }

  /** Writes the file, then calls `commit`; where that throws, or the process dies before, the file is removed again. */
  async write (multihash: Uint8Array, bytes: Uint8Array, commit: () => void): Promise<void> {
    const { place, bytesMax, bytesLeft } = this.#database

    if (bytes.byteLength > bytesLeft) {
      throw new StoreFullError(place, bytesMax)
    }

    this.#account(bytes.byteLength)

    try {
      this.#announce(multihash)
      await writeFile(this.#files, multihash, bytes, place)
      this.#database.transaction(() => {
        commit()
        this.#settle(multihash)
      })
    } catch (err) {
      this.#account(-bytes.byteLength)
      await this.#discard(multihash)
      throw err
    }
  }

  /** @throws {CorruptBlockError} where the file is missing, or is not what was written */
  async read (multihash: Uint8Array, size: number): Promise<Uint8Array> {
    const bytes = await readFile(this.#files, multihash, size)

    if (bytes == null) {
      throw new CorruptBlockError(rawCid(multihash).toString(), this.#database.place, 'is missing on disk')
    }

    if (bytes.byteLength !== size || !isIntact(multihash, bytes)) {
      throw new CorruptBlockError(rawCid(multihash).toString(), this.#database.place, 'is damaged on disk')
    }

    return bytes
  }

  /** Calls `commit`, then removes the file. */
  async remove (multihash: Uint8Array, size: number, commit: () => void): Promise<void> {
    this.#database.makeRoom(() => this.#database.transaction(() => {
      commit()
      this.#announce(multihash)
    }))
    await this.#discard(multihash)
    this.#account(-size)
  }

  /** Resolves when nothing is under way. */
  async close (): Promise<void> {
    await Promise.allSettled(this.#queue.values())
  }

  #announce (multihash: Uint8Array): void {
    this.#database.run('INSERT OR IGNORE INTO large_pending (multihash) VALUES (?)', multihash)
  }

  #settle (multihash: Uint8Array): void {
    this.#database.run('DELETE FROM large_pending WHERE multihash = ?', multihash)
  }

  async #discard (multihash: Uint8Array): Promise<void> {
    await this.#files.delete(rawCid(multihash))
    this.#settle(multihash)
  }

  #account (bytes: number): void {
    this.#sizeBytes += bytes
    this.#database.limit(this.#sizeBytes)
  }
}

async function openFiles (directory?: string): Promise<Blockstore> {
  if (directory == null) {
    return new MemoryBlockstore()
  }

  const folder = join(directory, 'blocks')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files = new FsBlockstore(folder)
  await files.open()
  return files
}

/** Removes what FsBlockstore had begun to write: it renames `.<name>.tmp` to the name once that is whole. */
async function removeUnfinished (multihash: Uint8Array, directory?: string): Promise<void> {
  if (directory != null) {
    const { dir, file } = new NextToLast().encode(rawCid(multihash))
    await rm(join(directory, 'blocks', dir, `.${file}.tmp`), { force: true })
  }
}

async function writeFile (files: Blockstore, multihash: Uint8Array, bytes: Uint8Array, place: string): Promise<void> {
  try {
    await files.put(rawCid(multihash), bytes)
  } catch (err) {
    // FsBlockstore tells what the file system said in the text of its message alone.
    throw err instanceof Error && /\b(ENOSPC|EDQUOT)\b/.test(err.message) ? new StoreFullError(place) : err
  }
}

/** Undefined where there is no such file; reads at most one chunk beyond the size. */
async function readFile (files: Blockstore, multihash: Uint8Array, size: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0

  try {
    for await (const chunk of files.get(rawCid(multihash))) {
      chunks.push(chunk)
      length += chunk.byteLength

      if (length > size) {
        break
      }
    }
  } catch (err) {
    // FsBlockstore calls every failure "not found", too many open files among them.
    if (err instanceof Error && (err.message.includes('ENOENT') || files instanceof MemoryBlockstore)) {
      return undefined
    }

    throw err
  }

  return Buffer.concat(chunks)
}

/** True also of hash functions other than SHA-256, which cannot be checked here. */
function isIntact (multihash: Uint8Array, bytes: Uint8Array): boolean {
  return multihash[0] !== sha256.code || createHash('sha256').update(bytes).digest().equals(multihash.subarray(2))
}
