import { realClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { ConnectionGater, PeerId } from '@libp2p/interface'

/** Which peers are kept out, and until when. */
export interface Bans {
  /** Give this to libp2p, so that no connection to or from a banned peer comes about. */
  readonly gater: ConnectionGater
  /** Keeps a peer out for a time; a longer ban that it already has stays. */
  add (peerId: string, forMs: number): void
  isBanned (peerId: string): boolean
  /** How long a ban still lasts, in ms; 0 where there is none. */
  remainingMs (peerId: string): number
  /** How many peers are banned. */
  readonly size: number
}

/** A list of bans, which lasts as long as the process. */
export function createBans (clock: Clock = realClock): Bans {
  const untilMs = new Map<string, number>()

  function remainingMs (peerId: string): number {
    return Math.max(0, (untilMs.get(peerId) ?? 0) - clock.nowMs())
  }

  function forgetOver (): void {
    for (const peerId of untilMs.keys()) {
      if (remainingMs(peerId) === 0) {
        untilMs.delete(peerId)
      }
    }
  }

  const deny = (peer: PeerId) => remainingMs(peer.toString()) > 0

  return {
    gater: { denyDialPeer: deny, denyInboundEncryptedConnection: deny, denyOutboundEncryptedConnection: deny },
    add: (peerId, forMs) => {
      forgetOver()
      untilMs.set(peerId, Math.max(untilMs.get(peerId) ?? 0, clock.nowMs() + forMs))
    },
    isBanned: (peerId) => remainingMs(peerId) > 0,
    remainingMs,
    get size () {
      forgetOver()
      return untilMs.size
    }
  }
}
