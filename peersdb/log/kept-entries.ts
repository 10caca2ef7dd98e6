import { multihashOf } from './hash.ts'
import type { LogNode } from './entry.ts'
import type { Store } from '../store/store.ts'

/** Where is noted which refused entries are kept, each with its size in bytes. */
const namespace = 'log kept'
/** The most bytes of refused entries that are kept, of all writers together: anybody may be many writers. */
const keptBytesMax = 16 * 1024 * 1024

/**
 * Entries that were refused for their value alone and are kept as part of the log's graph, so that unmodified peers, which
 * take any value, get past them from here. They count as no entries.
 */
export class KeptEntries {
  readonly #store: Store
  readonly #hashes = new Set<string>()
  #bytes = 0

  constructor (store: Store) {
    this.#store = store

    for (const { key, value } of store.values.list(namespace)) {
      this.#hashes.add(key)
      this.#bytes += Number(value)
    }
  }

  has (hash: string): boolean {
    return this.#hashes.has(hash)
  }

  /** Keeps an entry; false where too much is kept already. */
  add ({ hash, digest, bytes }: LogNode): boolean {
    if (this.has(hash)) {
      return true
    }

    if (this.#bytes + bytes.byteLength > keptBytesMax) {
      return false
    }

    this.#store.transaction(() => {
      this.#store.blocks.putSmall(multihashOf(digest), bytes, { structure: true })
      this.#store.values.put(namespace, hash, bytes.byteLength)
    })
    this.#hashes.add(hash)
    this.#bytes += bytes.byteLength
    return true
  }
}
