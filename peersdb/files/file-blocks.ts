import * as dagPb from '@ipld/dag-pb'
import { FileNotFoundError, RefusedError } from '../errors.ts'
import { isBlockOf } from '../log/hash.ts'
import { CorruptBlockError, StoreFullError } from '../store/index.ts'
import type { Cancellable } from '../api.ts'
import type { Store } from '../store/index.ts'
import type { Sync } from '../sync.ts'
import type { CID } from 'multiformats/cid'

/** How long somebody who reads a file waits for one of its blocks, in milliseconds. */
const readTimeoutMs = 30_000
const dagPbCode = 0x70
const rawCode = 0x55
/** The multihash that is the bytes themselves, so that no peer needs to have them. */
const identityCode = 0

export interface FileBlocksInit {
  store: Store
  /** Where blocks come from that are not here. */
  sync: () => Sync
  /** Called when a block on disk was found damaged and dropped; the files that it was part of are wanted again. */
  onCorrupt?: (reason: CorruptBlockError) => void
}

/** The blocks of files, from the store or else from other peers. */
export class FileBlocks {
  readonly #init: FileBlocksInit

  constructor (init: FileBlocksInit) {
    this.#init = init
  }

  /**
   * A block for somebody who reads it now.
   *
   * @throws {FileNotFoundError} where it is not here, and nobody who may be asked has it
   */
  async read (cid: CID, { signal, offline = false }: Cancellable & { offline?: boolean }): Promise<Uint8Array> {
    const held = await this.#stored(cid, offline)

    if (held != null) {
      return held
    }

    if (offline) {
      throw new FileNotFoundError(`file ${cid.toString()} is not held here`)
    }

    const bound = AbortSignal.timeout(readTimeoutMs)

    try {
      const bytes = await this.#ask(cid, signal == null ? bound : AbortSignal.any([signal, bound]))
      await this.#cache(cid, bytes)
      return bytes
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
  async keep (root: CID, cid: CID, signal: AbortSignal): Promise<{ size: number, links: CID[] }> {
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

    const bytes = await this.#stored(cid) ?? await this.#ask(cid, signal)

    if (cid.multihash.code !== identityCode) {
      using _protected = blocks.protect()
      await blocks.put(cid, bytes)
      files.link(root, [multihash])
    }

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

  async #ask (cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#init.sync().block(cid, { signal, patient: false })

    if (!isBlockOf(cid.multihash.bytes, bytes)) {
      throw new FileNotFoundError(`block ${cid.toString()} came with other bytes than it names`)
    }

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
export function linksOf (cid: CID, bytes: Uint8Array): CID[] {
  if (cid.code !== dagPbCode) {
    return []
  }

  try {
    return dagPb.decode(bytes).Links.map(({ Hash }) => Hash)
  } catch (err) {
    throw new RefusedError('malformed', `block ${cid.toString()} is not DAG-PB: ${(err as Error).message}`)
  }
}
