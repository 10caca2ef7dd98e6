import { InvalidInputError } from '../errors.ts'
import { CorruptBlockError } from './errors.ts'
import { dagCborCode } from './multihash.ts'
import { Protection } from './protection.ts'
import type { BlockRows } from './block-rows.ts'
import type { LargeBlocks } from './large-blocks.ts'
import type { CID } from 'multiformats/cid'

/** Blocks up to this many bytes are rows of the database, or files that stores share, larger ones are files. Every log entry is a row. */
export const smallBytesMax = 128 * 1024

/** Blocks by their multihash, so that all CIDs of the same bytes share one block. */
export interface Blocks {
  has (multihash: Uint8Array): boolean
  /** Small blocks at once; undefined where it is absent or large. */
  getSmall (multihash: Uint8Array): Uint8Array | undefined
  /**
   * Undefined where it is absent.
   *
   * @throws {CorruptBlockError} where a large block's file is missing or damaged
   */
  get (cid: CID): Promise<Uint8Array | undefined>
  /**
   * Stores a block that was checked against its multihash; within a transaction, if there is one. True when it was new.
   * A block of the log's structure is never collected as garbage.
   *
   * @throws {InvalidInputError} where the block is larger than `smallBytesMax`
   * @throws {StoreFullError}
   */
  putSmall (multihash: Uint8Array, bytes: Uint8Array, options?: { structure?: boolean }): boolean
  /**
   * Stores a block of any size that was checked against its CID. What is DAG-CBOR belongs to the log's structure.
   *
   * @throws {StoreFullError}
   */
  put (cid: CID, bytes: Uint8Array): Promise<void>
  /** In bytes; undefined where it is absent. */
  sizeOf (multihash: Uint8Array): number | undefined
  /** Removes a block whatever needs it, unless a last look says no; returns the bytes freed. */
  delete (multihash: Uint8Array, onlyIf?: () => boolean): Promise<number>
  /** Removes a small block by the number of its row, within a transaction if there is one. */
  removeSmall (id: number): void
  /** The multihashes of all blocks, in the order of their arrival. */
  list (): Generator<Uint8Array>
  /** Keeps from garbage collection what is put or looked up until it is disposed: a file's blocks come before the file is held. */
  protect (): Disposable
  /** Whether a block is protected at the moment. */
  isProtected (multihash: Uint8Array): boolean
}

export class StoredBlocks implements Blocks {
  readonly #rows: BlockRows
  readonly #large: LargeBlocks
  readonly #protection = new Protection()

  constructor (rows: BlockRows, large: LargeBlocks) {
    this.#rows = rows
    this.#large = large
  }

  has (multihash: Uint8Array): boolean {
    return this.sizeOf(multihash) != null
  }

  sizeOf (multihash: Uint8Array): number | undefined {
    this.#protection.note(multihash)
    return this.#rows.find(multihash)?.size
  }

  getSmall (multihash: Uint8Array): Uint8Array | undefined {
    this.#protection.note(multihash)
    const bytes = this.#rows.bytesOf(multihash)

    if (bytes != null) {
      return bytes
    }

    const row = this.#rows.find(multihash)
    return row?.large === 1 && row.size <= smallBytesMax ? this.#large.readNow(multihash) : undefined
  }

  async get ({ multihash: { bytes: multihash } }: CID): Promise<Uint8Array | undefined> {
    return this.getSmall(multihash) ?? this.#large.inOrder(multihash, () => this.#getLarge(multihash))
  }

  putSmall (multihash: Uint8Array, bytes: Uint8Array, { structure = false } = {}): boolean {
    if (bytes.byteLength > smallBytesMax) {
      throw new InvalidInputError(`a block of ${bytes.byteLength} bytes is no small one (at most ${smallBytesMax}); store it with put`)
    }

    this.#protection.note(multihash)

    if (!structure && this.#large.shares(multihash, bytes) && this.#rows.find(multihash) == null) {
      this.#large.writeNow(multihash, bytes)
      return this.#rows.insert(multihash, bytes.byteLength, structure)
    }

    return this.#rows.insert(multihash, bytes.byteLength, structure, bytes)
  }

  async put ({ code, multihash: { bytes: multihash } }: CID, bytes: Uint8Array): Promise<void> {
    const structure = code === dagCborCode

    if (bytes.byteLength <= smallBytesMax) {
      this.putSmall(multihash, bytes, { structure })
    } else {
      await this.#large.inOrder(multihash, () => this.#putLarge(multihash, bytes, structure))
    }
  }

  async delete (multihash: Uint8Array, onlyIf: () => boolean = () => true): Promise<number> {
    return this.#large.inOrder(multihash, async () => {
      const row = this.#rows.find(multihash)

      if (row == null || !onlyIf()) {
        return 0
      }

      const commit = (): void => this.#rows.remove(row.id)
      await (row.large === 1 ? this.#large.remove(multihash, row.size, commit) : commit())
      return row.size
    })
  }

  removeSmall (id: number): void {
    this.#rows.remove(id)
  }

  list (): Generator<Uint8Array> {
    return this.#rows.list()
  }

  protect (): Disposable {
    return this.#protection.begin()
  }

  isProtected (multihash: Uint8Array): boolean {
    return this.#protection.covers(multihash)
  }

  async #getLarge (multihash: Uint8Array): Promise<Uint8Array | undefined> {
    const row = this.#rows.find(multihash)

    if (row?.large !== 1) {
      return this.#rows.bytesOf(multihash)
    }

    try {
      return await this.#large.read(multihash, row.size)
    } catch (err) {
      if (err instanceof CorruptBlockError) {
        await this.#large.remove(multihash, row.size, () => this.#rows.lose(row.id, multihash))
      }

      throw err
    }
  }

  async #putLarge (multihash: Uint8Array, bytes: Uint8Array, structure: boolean): Promise<void> {
    const commit = (): void => { this.#rows.insert(multihash, bytes.byteLength, structure) }
    this.#protection.note(multihash)
    await (this.#rows.find(multihash) == null ? this.#large.write(multihash, bytes, commit) : commit())
  }
}
