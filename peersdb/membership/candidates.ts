import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P } from '@multiformats/multiaddr'
import { backoffMs } from './backoff.ts'
import { dial, isConnected } from './context.ts'
import { withoutPeer } from './scope.ts'
import type { Context } from './context.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

const candidatesMax = 1_024
const coolingMax = 4_096
const parallelDialsMax = 8
/** So many dials in a row have to fail until a candidate is forgotten; others will tell of it again if it is alive. */
const attemptsMax = 5

interface Candidate {
  addresses: Multiaddr[]
  failures: number
  notBeforeMs: number
}

/**
 * The peers that were heard of and are not connected. They are dialled in random order until there are enough
 * connections. Failures count per address too: whoever signs many identities for the address of a victim makes each
 * peer dial it once per pause, and no more.
 */
export class Candidates {
  dials = 0
  dialsFailed = 0
  readonly #context: Context
  readonly #connectionsMax: number
  readonly #candidates = new Map<string, Candidate>()
  readonly #cooling = new Map<string, { failures: number, untilMs: number }>()
  readonly #dialling = new Set<string>()
  /** Those that were dialled with success, and when. */
  readonly #dialled = new Map<string, Candidate & { atMs: number }>()
  #cancelTimer?: () => void

  constructor (context: Context, connectionsMax: number) {
    this.#context = context
    this.#connectionsMax = connectionsMax
  }

  get size (): number {
    return this.#candidates.size
  }

  /** Whether addresses of this peer would be of use, which is cheaper to know than whether they are signed. */
  wants (id: string): boolean {
    const known = this.#candidates.get(id)
    return known == null
      ? this.#candidates.size < candidatesMax && !isConnected(this.#context, peerIdFromString(id))
      : known.failures > 0 && !this.#dialling.has(id)
  }

  /** Adds a peer; `fill` then dials it, though not before `delayMs` are over. */
  offer (id: string, addresses: Multiaddr[], delayMs: number): void {
    if (addresses.length > 0 && id !== this.#context.libp2p.peerId.toString() && this.wants(id)) {
      const failures = this.#candidates.get(id)?.failures ?? 0
      this.#candidates.set(id, { addresses, failures, notBeforeMs: this.#context.clock.nowMs() + delayMs })
    }
  }

  /** Adds a peer whose last connection has just ended, as one to get back unless it never stays. */
  offerLost (id: string, signed: Multiaddr[]): void {
    const { backoff, clock, random, settledMs } = this.#context
    const dialled = this.#dialled.get(id)
    const failures = dialled != null && clock.nowMs() - dialled.atMs < settledMs ? dialled.failures + 1 : 0
    const addresses = signed.length > 0 ? signed : dialled?.addresses ?? []
    this.#dialled.delete(id)

    if (failures < attemptsMax && addresses.length > 0 && this.wants(id)) {
      this.#candidates.set(id, { addresses, failures, notBeforeMs: clock.nowMs() + backoffMs(backoff, failures, random) })
    }
  }

  stop (): void {
    this.#cancelTimer?.()
  }

  /** Dials as many of those that are due as there is room for. */
  fill (): void {
    const { clock, libp2p, random, stopped } = this.#context
    const nowMs = clock.nowMs()
    const connected = new Set(libp2p.getPeers().map(String))
    const room = this.#connectionsMax - connected.size - this.#dialling.size
    const due: string[] = []
    let nextMs = Infinity
    this.#cancelTimer?.()

    if (stopped.aborted) {
      return
    }

    for (const [id, candidate] of this.#candidates) {
      const dueMs = this.#dueMs(id, candidate)

      if (connected.has(id)) {
        this.#candidates.delete(id)
      } else if (this.#dialling.has(id)) {
        continue
      } else if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs)
      } else {
        due.push(id)
      }
    }

    for (let free = Math.min(room, parallelDialsMax - this.#dialling.size); free > 0 && due.length > 0; free--) {
      const [id] = due.splice(Math.floor(random() * due.length), 1)

      if (id != null) {
        this.#context.inBackground(this.#dial(id))
      }
    }

    if (nextMs < Infinity) {
      this.#cancelTimer = clock.setTimer(() => { this.fill() }, nextMs - nowMs)
    }
  }

  #dueMs (id: string, { addresses, notBeforeMs }: Candidate): number {
    const warmMs = Math.min(...addresses.map((address) => this.#cooling.get(withoutPeer(address))?.untilMs ?? 0))
    const bannedMs = this.#context.bans.remainingMs(id)
    return Math.max(notBeforeMs, warmMs, bannedMs > 0 ? this.#context.clock.nowMs() + bannedMs : 0)
  }

  async #dial (id: string): Promise<void> {
    const candidate = this.#candidates.get(id)
    const nowMs = this.#context.clock.nowMs()
    const addresses = candidate?.addresses.filter((address) => (this.#cooling.get(withoutPeer(address))?.untilMs ?? 0) <= nowMs) ?? []

    if (candidate == null || addresses.length === 0) {
      return
    }

    this.#dialling.add(id)
    this.dials++
    addresses.forEach((address) => { this.#occupy(withoutPeer(address)) })

    try {
      await dial(this.#context, addresses.map((address) => address.decapsulateCode(CODE_P2P).encapsulate(`/p2p/${id}`)))
      this.#dialled.set(id, { ...candidate, atMs: this.#context.clock.nowMs() })
      this.#candidates.delete(id)
      addresses.forEach((address) => this.#cooling.delete(withoutPeer(address)))
    } catch {
      // That a peer is gone which others still tell of is nothing to report; it is counted.
      this.dialsFailed++
      this.#failed(id, candidate, addresses)
    } finally {
      this.#dialling.delete(id)
      this.fill()
    }
  }

  #failed (id: string, candidate: Candidate, addresses: Multiaddr[]): void {
    for (const address of addresses) {
      this.#cool(withoutPeer(address))
    }

    if (++candidate.failures >= attemptsMax) {
      this.#candidates.delete(id)
    }
  }

  /** While one identity is tried at an address, no other one is. */
  #occupy (key: string): void {
    const { backoff, clock, dialTimeoutMs } = this.#context
    const before = this.#cooling.get(key)
    const recent = before != null && clock.nowMs() - before.untilMs < backoff.maxMs
    const [oldest] = this.#cooling.keys()

    if (this.#cooling.size >= coolingMax && oldest != null) {
      this.#cooling.delete(oldest)
    }

    this.#cooling.delete(key)
    this.#cooling.set(key, { failures: recent ? before.failures : 0, untilMs: clock.nowMs() + dialTimeoutMs })
  }

  #cool (key: string): void {
    const { backoff, clock, random } = this.#context
    const failures = this.#cooling.get(key)?.failures ?? 0
    this.#cooling.set(key, { failures: failures + 1, untilMs: clock.nowMs() + backoffMs(backoff, failures, random) })
  }
}
