import * as dagCbor from '@ipld/dag-cbor'
import { digestOfHash, multihashOf } from './hash.ts'
import type { ContributionsLog } from './contributions-log.ts'
import type { LogNode } from './entry.ts'
import type { Refusal } from './verifier.ts'
import type { Store } from '../store/store.ts'
import type { LogEntry as OrbitEntry } from '@orbitdb/core'

/** Gets the block of an entry; undefined where nobody has it in time. */
export type FetchBlock = (hash: string) => Promise<Uint8Array | undefined>

/** The most blocks that are asked for at once; Bitswap forgets those beyond 1,024. */
const fetchesMax = 512

/** Takes entries that name others which are not here, and walks down to all of those: so come the logs of unmodified peers. */
export class Ancestors {
  readonly #log: ContributionsLog
  readonly #store: Store
  readonly #closing: AbortSignal

  constructor (log: ContributionsLog, store: Store, closing: AbortSignal) {
    this.#log = log
    this.#store = store
    this.#closing = closing
  }

  /** Takes an entry from OrbitDB's own exchange, with all that it refers to, from whoever has it. True where something was new. */
  async join ({ hash, ...stored }: OrbitEntry): Promise<boolean> {
    return !this.#log.isKnown(hash) && await this.#take([dagCbor.encode(stored)], [])
  }

  async fetchMissing (hashes: string[], fetch?: FetchBlock): Promise<void> {
    await this.#take([], hashes, fetch)
  }

  async #take (given: Uint8Array[], wanted: string[], fetch: FetchBlock = (hash) => this.#log.block(hash)): Promise<boolean> {
    const log = this.#log
    const asked = new Set(wanted)
    let fetched: string[] = []
    let blocks = given
    let joined = false

    while (blocks.length > 0 || wanted.length > 0) {
      const { entries, refused } = await log.verifier.verify(blocks)
      this.#closing.throwIfAborted()
      const kept = await this.#keepNodes(refused)
      // OrbitDB's exchange, its gossip and a fetch may bring the same entry at the same time.
      refused.filter(({ hash }) => hash == null || !log.entries.isRefused(hash)).forEach((refusal) => { log.refuse(refusal) })
      const added = log.insert(entries)

      if (added.length > 0) {
        joined = true
        log.onStockEntries(added)
      }

      for (const hash of [...entries, ...kept].flatMap(({ stored }) => [...stored.next, ...stored.refs])) {
        if (!asked.has(hash) && !log.isKnown(hash)) {
          asked.add(hash)
          wanted.push(hash)
        }
      }

      await this.#dropUseless(fetched)
      const next = wanted.splice(0, fetchesMax)
      fetched = next.filter((hash) => !this.#isStored(hash))
      blocks = (await Promise.all(next.map(fetch))).filter((bytes) => bytes != null)
    }

    return joined
  }

  /** Unmodified peers walk the log over entries whatever they say, so that those which are otherwise good are kept for them. */
  async #keepNodes (refused: readonly Refusal[]): Promise<LogNode[]> {
    const { verifier, entries } = this.#log
    const kept: LogNode[] = []

    for (const { node } of refused) {
      if (node != null && await verifier.isAuthentic(node) && entries.kept.add(node)) {
        kept.push(node)
      }
    }

    return kept
  }

  /** Bitswap stores what it fetches as part of the log, which whoever writes an entry can name anything to be. */
  async #dropUseless (hashes: readonly string[]): Promise<void> {
    const { verifier, entries } = this.#log

    for (const hash of hashes) {
      const digest = digestOfHash(hash)

      if (digest != null && !entries.has(digest) && !entries.kept.has(hash) && verifier.known(hash) == null) {
        await this.#store.blocks.delete(multihashOf(digest))
      }
    }
  }

  #isStored (hash: string): boolean {
    const digest = digestOfHash(hash)
    return digest != null && this.#store.blocks.has(multihashOf(digest))
  }
}
