import { peerIdFromString } from '@libp2p/peer-id'
import { parseAddress } from './addresses.ts'
import { createBans } from './bans.ts'
import { Candidates } from './candidates.ts'
import { realClock } from './clock.ts'
import { knownPeer } from './context.ts'
import { membershipCounters } from './counters.ts'
import { ExchangeError } from './errors.ts'
import { PeerExchange } from './exchange.ts'
import { KeptPeers } from './kept.ts'
import { addressesMax, openRecord } from './records.ts'
import { withinReach } from './scope.ts'
import type { BackoffInit } from './backoff.ts'
import type { Bans } from './bans.ts'
import type { Clock } from './clock.ts'
import type { Context } from './context.ts'
import type { Message } from './message.ts'
import type { Cancellable, CounterRow } from '../api.ts'
import type { Connection, Libp2p, PeerId, PeerInfo } from '@libp2p/interface'

export interface MembershipInit {
  libp2p: Libp2p
  /** The peers to stay connected with, as `parseAddress` takes them. */
  bootstrap: string[]
  /** The bans whose gater libp2p was given; by default new ones, which end a banned peer's connections but cannot refuse them. */
  bans?: Bans
  onError: (err: Error) => void
  /** Whether to dial the peers that others tell of, and lost ones; true by default. What is discovered is dialled in any case. */
  exchange?: boolean
  /** No peer is dialled of one's own accord while there are as many connected; 64 by default. */
  connectionsMax?: number
  /** The pauses between two attempts to connect to the same peer; by default from one second to one minute. */
  backoff?: BackoffInit
  /** How long changes of the neighbourhood are gathered before they are told, in ms; 250 by default. */
  coalesceMs?: number
  /** How long the one with the larger id of two peers that hear of each other leaves the dialling to the other, in ms; 2,000 by default. */
  graceMs?: number
  clock?: Clock
  random?: () => number
}

/** How peers find and keep each other. */
export interface Membership {
  start (): Promise<void>
  stop (): Promise<void>
  /**
   * Connects to a peer now, and keeps it connected from then on.
   *
   * @throws {InvalidInputError} where the address is none
   * @throws {ConnectError} where no connection comes about
   */
  connect (address: string, options?: Cancellable): Promise<void>
  /** Ends the connections to a peer, and keeps it out for a time in ms. */
  ban (peerId: string, forMs: number): Promise<void>
  isBanned (peerId: string): boolean
  /** Whom a connected peer last told that it is connected to. It may be lying. */
  neighboursOf (peerId: string): ReadonlySet<string> | undefined
  counters (): CounterRow[]
}

const dialTimeoutMs = 30_000
const settledMs = 10_000
const hangUpTimeoutMs = 2_000

/**
 * Keeps this peer in the mesh: it dials the bootstrap peers, again whenever they are lost, and, until it has enough
 * connections, all others that it hears of.
 *
 * @throws {InvalidInputError} where a bootstrap peer's address is none
 */
export function createMembership (init: MembershipInit): Membership {
  return new MeshMembership(init)
}

class MeshMembership implements Membership {
  readonly #init: MembershipInit
  readonly #bootstrap: ReturnType<typeof parseAddress>[]
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #context: Context
  readonly #kept: KeptPeers
  readonly #candidates: Candidates
  readonly #exchange: PeerExchange

  constructor (init: MembershipInit) {
    const clock = init.clock ?? realClock
    this.#init = init
    this.#bootstrap = init.bootstrap.map(parseAddress)
    this.#context = {
      libp2p: init.libp2p,
      bans: init.bans ?? createBans(clock),
      clock,
      random: init.random ?? Math.random,
      backoff: init.backoff ?? { minMs: 1_000, maxMs: 60_000 },
      settledMs,
      dialTimeoutMs,
      stopped: this.#stopping.signal,
      inBackground: this.#inBackground
    }
    this.#kept = new KeptPeers(this.#context)
    this.#candidates = new Candidates(this.#context, init.connectionsMax ?? 64)
    this.#exchange = new PeerExchange({ context: this.#context, coalesceMs: init.coalesceMs ?? 250, onHeard: this.#onHeard })
  }

  async start (): Promise<void> {
    const { libp2p } = this.#init
    libp2p.addEventListener('peer:connect', this.#onConnect)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.addEventListener('peer:discovery', this.#onDiscovery)
    await this.#exchange.start()
    this.#kept.start(this.#bootstrap)

    if (this.#init.exchange !== false) {
      this.#inBackground(this.#offerKnown())
    }
  }

  async stop (): Promise<void> {
    const { libp2p } = this.#init
    this.#stopping.abort()
    libp2p.removeEventListener('peer:connect', this.#onConnect)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.removeEventListener('peer:discovery', this.#onDiscovery)
    this.#kept.stop()
    this.#candidates.stop()
    await this.#exchange.stop()
    await Promise.all(this.#running)
  }

  async connect (address: string, options: Cancellable = {}): Promise<void> {
    this.#stopping.signal.throwIfAborted()
    await this.#kept.connect(parseAddress(address), options)
  }

  async ban (peerId: string, forMs: number): Promise<void> {
    this.#context.bans.add(peerId, forMs)
    await this.#init.libp2p.hangUp(peerIdFromString(peerId), { signal: AbortSignal.timeout(hangUpTimeoutMs) })
  }

  isBanned (peerId: string): boolean {
    return this.#context.bans.isBanned(peerId)
  }

  neighboursOf (peerId: string): ReadonlySet<string> | undefined {
    return this.#exchange.neighboursOf(peerId)
  }

  counters (): CounterRow[] {
    return membershipCounters({
      connected: this.#init.libp2p.getPeers().length,
      banned: this.#context.bans.size,
      kept: this.#kept,
      candidates: this.#candidates,
      exchange: this.#exchange
    })
  }

  readonly #inBackground = (work: Promise<void>): void => {
    const handled = work.catch((err: unknown) => {
      if (!this.#stopping.signal.aborted) {
        this.#init.onError(err as Error)
      }
    }).finally(() => { this.#running.delete(handled) })
    this.#running.add(handled)
  }

  readonly #onConnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    // The gater refuses a banned peer; a connection that was just being made is the exception.
    if (this.#context.bans.isBanned(peer.toString())) {
      this.#inBackground(this.#init.libp2p.hangUp(peer, { signal: AbortSignal.timeout(hangUpTimeoutMs) }))
    }
  }

  readonly #onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    // It may be back already, since the event comes late.
    if (this.#init.libp2p.getConnections(peer).length === 0) {
      this.#exchange.lost(peer.toString())
      this.#kept.lost(peer.toString())
      this.#inBackground(this.#offerLost(peer))
    }
  }

  /** Nothing that is discovered, by mDNS or in the DHT, is signed. */
  readonly #onDiscovery = ({ detail: { id, multiaddrs } }: CustomEvent<PeerInfo>): void => {
    const addresses = withinReach(multiaddrs, { own: this.#init.libp2p.getMultiaddrs() }).slice(0, addressesMax)
    this.#candidates.offer(id.toString(), addresses, this.#graceMs(id.toString()))
    this.#candidates.fill()
  }

  readonly #onHeard = async (peers: Message['peers'], connection: Connection): Promise<void> => {
    if (this.#init.exchange === false) {
      return
    }

    for (const { id, record } of peers) {
      if (record == null || !this.#candidates.wants(id)) {
        continue
      }

      const opened = await openRecord(record).catch((err: unknown) => { throw new ExchangeError(`record of ${id}: ${(err as Error).message}`) })

      if (opened.id !== id) {
        throw new ExchangeError(`record of ${id}: it is about ${opened.id}`)
      }

      const reach = { own: this.#init.libp2p.getMultiaddrs(), teller: connection.remoteAddr }
      this.#candidates.offer(id, withinReach(opened.addresses, reach), this.#graceMs(id))
    }

    this.#candidates.fill()
  }

  /** Two peers that hear of each other at the same time shall not both dial. */
  #graceMs (id: string): number {
    return this.#init.libp2p.peerId.toString() < id ? 0 : this.#init.graceMs ?? 2_000
  }

  async #offerLost (peer: PeerId): Promise<void> {
    if (!this.#kept.has(peer.toString())) {
      const record = this.#init.exchange === false ? undefined : (await knownPeer(this.#init.libp2p, peer))?.peerRecordEnvelope
      const signed = record == null ? [] : (await openRecord(record)).addresses
      this.#candidates.offerLost(peer.toString(), withinReach(signed, { own: this.#init.libp2p.getMultiaddrs() }))
    }

    // There may be room for another now.
    this.#candidates.fill()
  }

  /** Those that signed a record in an earlier life of this peer, whose store of peers is on disk. */
  async #offerKnown (): Promise<void> {
    const known = await this.#init.libp2p.peerStore.all({ filters: [(peer) => peer.peerRecordEnvelope != null], limit: 256 })

    for (const { peerRecordEnvelope } of known) {
      if (peerRecordEnvelope != null) {
        const { addresses, id } = await openRecord(peerRecordEnvelope)
        this.#candidates.offer(id, withinReach(addresses, { own: this.#init.libp2p.getMultiaddrs() }), 0)
      }
    }

    this.#candidates.fill()
  }
}
