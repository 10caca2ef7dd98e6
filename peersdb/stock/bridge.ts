import { Entry } from '@orbitdb/core'
import { hashOf } from '../log/hash.ts'
import { syncProtocol } from '../sync/messages.ts'
import { exchangeHeads } from './orbit-heads.ts'
import type { ContributionsLog } from '../log/contributions-log.ts'
import type { LogEntry } from '../log/entry.ts'
import type { Node } from '../node.ts'
import type { SubscriptionChangeData } from '@libp2p/gossipsub'
import type { IdentifyResult, PeerId } from '@libp2p/interface'

/** How long one exchange of heads may take, in milliseconds. */
const exchangeTimeoutMs = 10_000

export interface StockBridgeInit {
  node: Node
  log: ContributionsLog
  /** The pause between two rounds of exchanging heads with all unmodified peers, in milliseconds. */
  syncIntervalMs: number
  onError: (err: Error) => void
}

/**
 * Lets unmodified OrbitDB peers take part: while one that subscribes to the log and does not speak PeersDB's own protocol
 * is connected, OrbitDB's replication runs beside it, over the same store. As that exchanges heads only when two peers
 * meet, and loses them where there are several, heads are exchanged again whenever something arrived, and at an interval.
 */
export class StockBridge {
  readonly #init: StockBridgeInit
  readonly #stockPeers = new Map<string, PeerId>()
  readonly #stopped = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #roundPlanned = false
  #fetching = false
  #timer?: NodeJS.Timeout

  constructor (init: StockBridgeInit) {
    this.#init = init
  }

  start (): void {
    const { node: { libp2p }, log, syncIntervalMs, onError } = this.#init
    libp2p.addEventListener('peer:identify', this.#onIdentify)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.services.pubsub.addEventListener('subscription-change', this.#onSubscription)
    log.database.events.on('error', onError)
    log.onArrival = () => { this.#planRound() }
    this.#timer = setInterval(() => { this.#planRound() }, syncIntervalMs)
    this.#timer.unref()
    // Those that were met while the log was being opened have said already what they subscribe to.
    libp2p.getPeers().forEach((peer) => { this.#consider(peer) })
  }

  async stop (): Promise<void> {
    const { node: { libp2p }, log } = this.#init
    this.#stopped.abort()
    clearInterval(this.#timer)
    libp2p.removeEventListener('peer:identify', this.#onIdentify)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.services.pubsub.removeEventListener('subscription-change', this.#onSubscription)
    log.onArrival = () => {}
    await this.#running
  }

  /** How many unmodified peers are connected. */
  get stockPeers (): number {
    return this.#stockPeers.size
  }

  /** Publishes an entry in the way that OrbitDB peers listen to. */
  announce (entry: LogEntry): void {
    if (this.#stockPeers.size > 0) {
      this.#init.node.libp2p.services.pubsub.publish(this.#init.log.address, entry.bytes).catch(this.#init.onError)
    }
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => { this.#consider(detail.peerId) }

  readonly #onSubscription = ({ detail }: CustomEvent<SubscriptionChangeData>): void => { this.#consider(detail.peerId) }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    if (this.#stockPeers.delete(detail.toString()) && this.#stockPeers.size === 0) {
      this.#next(() => this.#init.log.database.sync.stop())
    }
  }

  #consider (peer: PeerId): void {
    this.#next(async () => {
      const { libp2p } = this.#init.node
      const { address, database } = this.#init.log
      const subscribes = libp2p.services.pubsub.getSubscribers(address).some((other) => other.equals(peer))

      if (!subscribes || this.#stockPeers.has(peer.toString()) || libp2p.getConnections(peer).length === 0) {
        return
      }

      const { protocols } = await libp2p.peerStore.get(peer)

      if (protocols.length > 0 && !protocols.includes(syncProtocol)) {
        this.#stockPeers.set(peer.toString(), peer)
        await database.sync.start()
        this.#planRound()
      }
    })
  }

  /** However much arrives meanwhile, one round is planned. */
  #planRound (): void {
    if (!this.#roundPlanned && this.#stockPeers.size > 0) {
      this.#roundPlanned = true
      this.#next(async () => {
        this.#roundPlanned = false
        await Promise.all([...this.#stockPeers].map(([id, peer]) => this.#exchangeWith(peer).catch((err: Error) => {
          // Whoever has left is not told anything; an error of somebody who is here is one.
          if (this.#stockPeers.has(id) && !this.#stopped.signal.aborted) {
            this.#init.onError(err)
          }
        })))
        this.#fetchMissing()
      })
    }
  }

  /** Apart from the rounds, as it takes long where nobody has what is missing. */
  #fetchMissing (): void {
    const { log, onError } = this.#init

    if (!this.#fetching && log.entries.unjoined > 0) {
      this.#fetching = true
      log.fetchMissing()
        .catch((err: Error) => { if (!this.#stopped.signal.aborted) { onError(err) } })
        .finally(() => { this.#fetching = false })
    }
  }

  /** Takes the peer's heads, and sends it those that it does not have among its own. */
  async #exchangeWith (peer: PeerId): Promise<void> {
    const { node: { libp2p }, log } = this.#init
    const exchange = (head?: Uint8Array): Promise<Uint8Array[]> => exchangeHeads(libp2p, peer, log.address, {
      head, signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(exchangeTimeoutMs)])
    })
    const theirs = await exchange()

    for (const bytes of theirs) {
      await log.database.log.joinEntry(await Entry.decode(bytes))
    }

    const known = new Set(theirs.map(hashOf))

    for (const { hash } of log.entries.heads.filter((head) => !known.has(head.hash))) {
      await exchange(await log.block(hash))
    }
  }

  /** One after another, as starting and stopping take turns with the network. */
  #next (task: () => Promise<void>): void {
    this.#running = this.#running.then(task).catch((err: Error) => { this.#init.onError(err) })
  }
}
