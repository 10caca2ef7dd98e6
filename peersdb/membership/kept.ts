import { peerIdFromString } from '@libp2p/peer-id'
import { resolveAddress } from './addresses.ts'
import { backoffMs } from './backoff.ts'
import { dial, isConnected } from './context.ts'
import { ConnectError, reasonOf } from './errors.ts'
import { withoutPeer } from './scope.ts'
import type { PeerAddress } from './addresses.ts'
import type { Context } from './context.ts'
import type { Cancellable } from '../api.ts'

interface Kept {
  address: PeerAddress
  /** Who answered last, or who is expected. */
  peerId?: string
  failures: number
  /** Whether the present row of failures was reported: that it begins is news, that it goes on is counted. */
  reported: boolean
  connectedAtMs?: number
  dialling: boolean
  cancelTimer?: () => void
}

/** The peers that the user named. They are dialled again, for ever, whenever they are lost. */
export class KeptPeers {
  redials = 0
  readonly #context: Context
  readonly #kept = new Map<string, Kept>()

  constructor (context: Context) {
    this.#context = context
  }

  start (addresses: PeerAddress[]): void {
    for (const address of addresses) {
      this.#context.inBackground(this.#attempt(this.#keep(address)))
    }
  }

  stop (): void {
    for (const { cancelTimer } of this.#kept.values()) {
      cancelTimer?.()
    }
  }

  /**
   * Connects now, and from then on keeps the connection.
   *
   * @throws {ConnectError} where that fails; the peer is not kept then
   */
  async connect (address: PeerAddress, { signal }: Cancellable): Promise<void> {
    const peerId = await this.#dial(address, signal)

    if (peerId == null) {
      throw new ConnectError(`"${address.text}" is the address of this peer itself; give that of another one`)
    }

    const kept = this.#keep(address)
    kept.cancelTimer?.()
    this.#connected(kept, peerId)
  }

  has (peerId: string): boolean {
    return [...this.#kept.values()].some((kept) => kept.peerId === peerId)
  }

  /** Tells that the last connection to a peer has ended. */
  lost (peerId: string): void {
    for (const kept of this.#kept.values()) {
      if (kept.peerId === peerId && !kept.dialling) {
        const { clock, settledMs } = this.#context
        kept.failures = clock.nowMs() - (kept.connectedAtMs ?? -Infinity) < settledMs ? kept.failures + 1 : 0
        this.#retry(kept)
      }
    }
  }

  #keep (address: PeerAddress): Kept {
    const kept = this.#kept.get(address.text) ?? { address, peerId: address.peerId, failures: 0, reported: false, dialling: false }
    this.#kept.set(address.text, kept)
    return kept
  }

  #connected (kept: Kept, peerId: string): void {
    kept.peerId = peerId
    kept.reported = false
    kept.connectedAtMs = this.#context.clock.nowMs()

    // It may have been lost before its id was known here, and nobody tells that twice.
    if (!isConnected(this.#context, peerIdFromString(peerId))) {
      this.lost(peerId)
    }
  }

  #retry (kept: Kept): void {
    const { backoff, bans, clock, random, stopped } = this.#context

    if (!stopped.aborted) {
      const bannedMs = kept.peerId == null ? 0 : bans.remainingMs(kept.peerId)
      kept.cancelTimer?.()
      kept.cancelTimer = clock.setTimer(() => {
        this.redials++
        this.#context.inBackground(this.#attempt(kept))
      }, Math.max(bannedMs, backoffMs(backoff, kept.failures, random)))
    }
  }

  async #attempt (kept: Kept): Promise<void> {
    if (kept.dialling || (kept.peerId != null && isConnected(this.#context, peerIdFromString(kept.peerId)))) {
      return
    }

    kept.dialling = true
    let peerId: string | undefined

    try {
      peerId = await this.#dial(kept.address)
    } catch (err) {
      kept.failures++
      this.#retry(kept)

      if (!kept.reported) {
        kept.reported = true
        throw err
      }

      return
    } finally {
      kept.dialling = false
    }

    if (peerId == null) {
      // One list of bootstrap peers is often given to all of them.
      this.#kept.delete(kept.address.text)
    } else {
      this.#connected(kept, peerId)
    }
  }

  /** The id of the peer that answered; undefined where the address is one of our own. */
  async #dial (address: PeerAddress, signal?: AbortSignal): Promise<string | undefined> {
    const { bans, libp2p, stopped } = this.#context
    const own = new Set(libp2p.getMultiaddrs().map(withoutPeer))
    const bannedMs = address.peerId == null ? 0 : bans.remainingMs(address.peerId)

    if (address.peerId === libp2p.peerId.toString()) {
      return undefined
    }

    if (bannedMs > 0) {
      throw new ConnectError(`"${address.text}" is banned for another ${Math.ceil(bannedMs / 1_000)} s; connect after that`)
    }

    const targets = (await resolveAddress(address, { signal })).filter((target) => !own.has(withoutPeer(target)))

    try {
      return targets.length === 0 ? undefined : (await dial(this.#context, targets, signal)).toString()
    } catch (err) {
      signal?.throwIfAborted()
      stopped.throwIfAborted()
      throw new ConnectError(
        `no connection to "${address.text}" came about (${reasonOf(err)}); check that a peer listens there and can be reached from here`,
        { cause: err }
      )
    }
  }
}
