import { BaseBlockstore } from 'blockstore-core'
import { NotFoundError } from 'interface-store'
import { rawCid } from './multihash.ts'
import type { Blocks } from './blocks.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

type Input = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** The blocks as Helia and OrbitDB see them. */
export class BlocksBlockstore extends BaseBlockstore {
  readonly #blocks: Blocks

  constructor (blocks: Blocks) {
    super()
    this.#blocks = blocks
  }

  override has (cid: CID, options?: AbortOptions): boolean {
    options?.signal?.throwIfAborted()
    return this.#blocks.has(cid.multihash.bytes)
  }

  override async put (cid: CID, value: Input, options?: AbortOptions): Promise<CID> {
    options?.signal?.throwIfAborted()
    await this.#blocks.put(cid, value instanceof Uint8Array ? value : Buffer.concat(await Array.fromAsync(value)))
    return cid
  }

  override async * get (cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    options?.signal?.throwIfAborted()
    const bytes = await this.#blocks.get(cid)
    options?.signal?.throwIfAborted()

    if (bytes == null) {
      throw new NotFoundError(`block ${cid.toString()} is not in the store`)
    }

    yield bytes
  }

  override async delete (cid: CID, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    await this.#blocks.delete(cid.multihash.bytes)
  }

  override async * getAll (options?: AbortOptions): AsyncGenerator<Pair> {
    for (const multihash of this.#blocks.list()) {
      options?.signal?.throwIfAborted()
      const cid = rawCid(multihash)
      yield { cid, bytes: this.get(cid, options) }
    }
  }
}
