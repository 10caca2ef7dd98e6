import { FileNotFoundError } from '../errors.ts'
import { HeadExchange } from './heads.ts'
import type { BlockOptions, Sync, SyncInit } from '../sync.ts'
import type { SubscriptionChangeData } from '@libp2p/gossipsub'
import type { CID } from 'multiformats/cid'

/** How long one attempt to fetch a block may take before it is tried again, in milliseconds. */
const attemptTimeoutMs = 15_000

/** OrbitDB's own replication: gossip of new entries, an exchange of heads, and Bitswap for all that they refer to. */
export class StockSync implements Sync {
  readonly #init: SyncInit
  readonly #heads: HeadExchange
  #pending = 0

  constructor (init: SyncInit) {
    const { node, log, syncIntervalMs, onError } = init
    this.#init = init
    this.#heads = new HeadExchange({ node, database: log.database, intervalMs: syncIntervalMs, onError })
  }

  async start (): Promise<void> {
    const { node, log } = this.#init
    log.database.events.on('error', this.#init.onError)
    node.libp2p.services.pubsub.addEventListener('subscription-change', this.#onSubscription)
    await this.#heads.start()
  }

  async stop (): Promise<void> {
    this.#init.node.libp2p.services.pubsub.removeEventListener('subscription-change', this.#onSubscription)
    await this.#heads.stop()
  }

  /** OrbitDB has published it when it was appended. */
  announce (): void {}

  get neighbours (): number {
    return this.#init.node.libp2p.services.pubsub.getSubscribers(this.#init.log.address).length
  }

  get queueLength (): number {
    return this.#pending
  }

  async block (cid: CID, { signal, patient = false }: BlockOptions): Promise<Uint8Array> {
    this.#pending++

    try {
      while (true) {
        const attempt = AbortSignal.any([signal, AbortSignal.timeout(attemptTimeoutMs)])

        try {
          return await collect(this.#init.node.blockstore.get(cid, { signal: attempt }))
        } catch (err) {
          signal.throwIfAborted()

          // A holder that left, or a want that Bitswap's ledger dropped, is made good by asking again.
          if (!patient) {
            throw new FileNotFoundError(`block ${cid.toString()} was delivered by no connected peer: ${(err as Error).message}`)
          }
        }
      }
    } finally {
      this.#pending--
    }
  }

  readonly #onSubscription = (event: CustomEvent<SubscriptionChangeData>): void => {
    const { peerId, subscriptions } = event.detail

    if (subscriptions.some(({ topic, subscribe }) => subscribe && topic === this.#init.log.address)) {
      this.#init.onNeighbour(peerId.toString())
    }
  }
}

async function collect (chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(chunks))
}
