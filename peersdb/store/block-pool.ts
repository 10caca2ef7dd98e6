import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BaseBlockstore } from 'blockstore-core'
import { NotFoundError } from 'interface-store'
import { keyOf, rawCid } from './multihash.ts'
import type { CID } from 'multiformats/cid'

/** Smaller blocks, such as entries of the log, cost less in memory than as files. */
const pooledBytesMin = 4 * 1024

/**
 * Keeps blocks once for all stores in memory that name the same directory, also of other processes of this machine: each as a file,
 * whose bytes the kernel caches once. A store finds only what it put there itself. What no store holds any more goes
 * with the directory, which is for whoever made it to remove.
 */
export class BlockPool {
  readonly #directory: string
  #number = 0

  constructor (directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Keeps bytes that were checked against their multihash. @returns what reads them */
  keep (multihash: Uint8Array, bytes: Uint8Array): () => Uint8Array {
    if (bytes.byteLength < pooledBytesMin) {
      const copy = new Uint8Array(bytes)
      return () => copy
    }

    const file = this.#fileOf(multihash)

    if (!existsSync(file)) {
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
      // Another process may write the same at the same time; whichever is renamed last stays, and they are equal.
      const draft = `${file}.${process.pid}.${this.#number++}`
      writeFileSync(draft, bytes)
      renameSync(draft, file)
    }

    return () => readFileSync(file)
  }

  /** The blocks that are too large for a row, as one store sees them. */
  large (): PooledBlockstore {
    return new PooledBlockstore(this, (multihash) => this.#fileOf(multihash))
  }

  #fileOf (multihash: Uint8Array): string {
    const name = Buffer.from(multihash).toString('hex')
    return join(this.#directory, name.slice(-2), name)
  }
}

class PooledBlockstore extends BaseBlockstore {
  readonly #pool: BlockPool
  readonly #fileOf: (multihash: Uint8Array) => string
  readonly #own = new Set<string>()

  constructor (pool: BlockPool, fileOf: (multihash: Uint8Array) => string) {
    super()
    this.#pool = pool
    this.#fileOf = fileOf
  }

  override async put (cid: CID, value: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<CID> {
    const bytes = value instanceof Uint8Array ? value : Buffer.concat(await Array.fromAsync(value))
    this.#pool.keep(cid.multihash.bytes, bytes)
    this.#own.add(keyOf(cid.multihash.bytes))
    return cid
  }

  override async * get (cid: CID): AsyncGenerator<Uint8Array> {
    if (!this.has(cid)) {
      // As a file that is not there, for whoever holds the row.
      throw new NotFoundError(`ENOENT: block ${rawCid(cid.multihash.bytes).toString()} is not in the pool`)
    }

    yield await readFile(this.#fileOf(cid.multihash.bytes))
  }

  override has (cid: CID): boolean {
    return this.#own.has(keyOf(cid.multihash.bytes))
  }

  /** Others may hold it still. */
  override delete (cid: CID): void {
    this.#own.delete(keyOf(cid.multihash.bytes))
  }
}
