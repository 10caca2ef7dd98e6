import { isIntact, openFiles, readFile, readNow, removeUnfinished, removeUnknown, translated, writeFile } from './block-files.ts'
import { CorruptBlockError, StoreFullError } from './errors.ts'
import { LinkedBlockstore } from './link-pool.ts'
import { keyOf, rawCid } from './multihash.ts'
import type { Database } from './database.ts'
import type { LinkPool } from './link-pool.ts'
import type { Blockstore } from 'interface-blockstore'

/** Smaller blocks cost less as rows than as files, also where those are shared. */
const sharedBytesMin = 4 * 1024

export interface LargeBlocksInit {
  /** Absent: in memory. */
  directory?: string
  /** Where stores on disk share the files of blocks, those of small ones among them. */
  pool?: LinkPool
  /** Where files are, if they are neither in the directory nor in memory. */
  files?: Blockstore
}

/**
 * The blocks that are too large for a row: one file each, or in memory. The table `large_pending` names each file
 * before it is written and until it is removed, so that a crash leaves no file that nobody knows of.
 */
export class LargeBlocks {
  readonly #database: Database
  readonly #files: Blockstore
  readonly #directory: string | undefined
  /** Small blocks whose row may still be taken back. */
  readonly #unsettled = new Set<string>()
  readonly #queue = new Map<string, Promise<unknown>>()
  #sizeBytes: number

  private constructor (database: Database, files: Blockstore, directory?: string) {
    this.#database = database
    this.#files = files
    this.#directory = directory
    this.#sizeBytes = database.get<{ sum: number }>('SELECT coalesce(sum(size), 0) AS sum FROM blocks WHERE bytes IS NULL')?.sum ?? 0
  }

  /** Opens the folder `blocks` of the directory, and removes the files that a crash left half done. */
  static async open (database: Database, { directory, pool, files }: LargeBlocksInit): Promise<LargeBlocks> {
    const large = new LargeBlocks(database, files ?? await openFiles(directory, pool), directory)
    large.#account(0)

    for (const { multihash } of database.all<{ multihash: Uint8Array }>('SELECT multihash FROM large_pending')) {
      await large.#discard(multihash)
      await removeUnfinished(multihash, directory)
    }

    if (directory != null && pool != null) {
      await removeUnknown(directory, (multihash) => large.#hasFile(multihash))
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

  /** Whether a small block that comes now is to have a file, which stores share. */
  shares (multihash: Uint8Array, bytes: Uint8Array): boolean {
    return this.#files instanceof LinkedBlockstore && bytes.byteLength >= sharedBytesMin && !this.#queue.has(keyOf(multihash))
  }

  /** Writes the file of a small block at once, before its row; where that is taken back, the file is removed again. */
  writeNow (multihash: Uint8Array, bytes: Uint8Array): void {
    const files = this.#files as LinkedBlockstore
    const key = keyOf(multihash)

    try {
      files.putNow(multihash, bytes)
    } catch (err) {
      throw translated(err, this.#database.place)
    }

    if (!this.#unsettled.has(key)) {
      this.#unsettled.add(key)
      this.#account(bytes.byteLength)
      // By then the transaction that this is part of is over.
      queueMicrotask(() => {
        this.#unsettled.delete(key)

        if (this.#database.isOpen && !this.#hasFile(multihash)) {
          files.deleteNow(multihash)
          this.#account(-bytes.byteLength)
        }
      })
    }
  }

  /** A small block that has a file; undefined where that is missing or damaged. */
  readNow (multihash: Uint8Array): Uint8Array | undefined {
    return this.#directory == null ? undefined : readNow(this.#directory, multihash)
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

  #hasFile (multihash: Uint8Array): boolean {
    return this.#database.get('SELECT 1 FROM blocks WHERE multihash = ? AND bytes IS NULL', multihash) != null
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
