import * as dagPb from '@ipld/dag-pb'
import { FileNotFoundError, RefusedError } from '../errors.ts'
import { CorruptBlockError, StoreFullError } from '../store/index.ts'
import { createSlots } from './slots.ts'
import type { Store } from '../store/index.ts'
import type { Sync } from '../sync.ts'
import type { CID } from 'multiformats/cid'

/** How long somebody who reads a file waits for one of its blocks, in milliseconds. */
const readTimeoutMs = 30_000
/** How much is asked for and not stored yet, of all files together, in bytes. */
const bytesAtOnceMax = 32 * 1024 * 1024
/** What is taken for the size of a block of which nobody said it, in bytes. */
const sizeDefault = 64 * 1024
const dagPbCode = 0x70
/** The multicodec of a block that is content and nothing else. */
export const rawCode = 0x55
/** The multihash that is the bytes themselves, so that no peer needs to have them. */
const identityCode = 0

export interface FileBlocksInit {
  store: Store
  /** Where blocks come from that are not here. */
  sync: () => Sync
  /** Called when a block on disk was found damaged and dropped; the files that it was part of are wanted again. */
  onCorrupt?: (reason: CorruptBlockError) => void
}

export interface FetchOptions {
  signal: AbortSignal
  /** How many bytes the block is said to have. */
  size?: number
}

/** What a block refers to, and how many bytes that is said to have, if it is a leaf. */
export interface Link {
  cid: CID
  size?: number
}

/** The blocks of files, from the store or else from other peers. */
export class FileBlocks {
  readonly #init: FileBlocksInit
  readonly #room = createSlots(bytesAtOnceMax)

  constructor (init: FileBlocksInit) {
    this.#init = init
  }

  /**
   * A block for somebody who reads it now.
   *
   * @throws {FileNotFoundError} where it is not here, and nobody who may be asked has it
   */
  async read (cid: CID, { signal, size, offline = false }: Partial<FetchOptions> & { offline?: boolean }): Promise<Uint8Array> {
    const held = await this.#stored(cid, offline)

    if (held != null) {
      return held
    }

    if (offline) {
      throw new FileNotFoundError(`file ${cid.toString()} is not held here`)
    }

    const bound = AbortSignal.timeout(readTimeoutMs)

    try {
      const options = { signal: signal == null ? bound : AbortSignal.any([signal, bound]), size }
      return await this.#fetch(cid, options, (bytes) => this.#cache(cid, bytes))
    } catch (err) {
      signal?.throwIfAborted()
      throw new FileNotFoundError(`file ${cid.toString()} is not held here and no connected peer delivered it: ${(err as Error).message}`)
    }
  }

  /**
   * Makes sure that a block is here and linked to the file that it is part of, so that no garbage collection takes it.
   *
   * @returns its size in bytes, and what it refers to
   * @throws {FileNotFoundError} where nobody has it
   * @throws {RefusedError} where it is not what its CID says
   */
  async keep (root: CID, cid: CID, options: FetchOptions): Promise<{ size: number, links: Link[] }> {
    const { blocks, files } = this.#init.store
    const { bytes: multihash } = cid.multihash
    const heldSize = blocks.sizeOf(multihash)

    if (heldSize != null) {
      files.link(root, [multihash])

      // A leaf needs no look inside, which makes it quick to go on with a large file.
      if (cid.code === rawCode) {
        return { size: heldSize, links: [] }
      }
    }

    const store = async (block: Uint8Array): Promise<void> => {
      if (cid.multihash.code !== identityCode) {
        using _protected = blocks.protect()
        await blocks.put(cid, block)
        files.link(root, [multihash])
      }
    }
    const held = await this.#stored(cid)
    await (held && store(held))
    const bytes = held ?? await this.#fetch(cid, options, store)
    return { size: bytes.byteLength, links: linksOf(cid, bytes) }
  }

  /** A block that is here; undefined where it is not, or was found damaged just now and may come from elsewhere. */
  async #stored (cid: CID, offline = false): Promise<Uint8Array | undefined> {
    if (cid.multihash.code === identityCode) {
      return cid.multihash.digest
    }

    try {
      return await this.#init.store.blocks.get(cid)
    } catch (err) {
      if (err instanceof CorruptBlockError) {
        this.#init.onCorrupt?.(err)

        if (!offline) {
          return undefined
        }
      }

      throw err
    }
  }

  /** Asks other peers once there is room for the block, which it takes until it is stored. */
  async #fetch (cid: CID, { signal, size = sizeDefault }: FetchOptions, store: (bytes: Uint8Array) => Promise<void>): Promise<Uint8Array> {
    await using _room = await this.#room.take(signal, size)
    const bytes = await this.#init.sync().block(cid, { signal, size, patient: false })
    await store(bytes)
    return bytes
  }

  /** Keeps what was read for the next reader; a full store is no reason not to read. */
  async #cache (cid: CID, bytes: Uint8Array): Promise<void> {
    try {
      await this.#init.store.blocks.put(cid, bytes)
    } catch (err) {
      if (!(err instanceof StoreFullError)) {
        throw err
      }
    }
  }
}

/**
 * What a block refers to.
 *
 * @throws {RefusedError} where it is not what its CID says
 */
export function linksOf (cid: CID, bytes: Uint8Array): Link[] {
  if (cid.code !== dagPbCode) {
    return []
  }

  try {
    return dagPb.decode(bytes).Links.map(({ Hash, Tsize }) => ({ cid: Hash, size: Hash.code === rawCode ? Tsize : undefined }))
  } catch (err) {
    throw new RefusedError('malformed', `block ${cid.toString()} is not DAG-PB: ${(err as Error).message}`)
  }
}
