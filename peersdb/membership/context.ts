import type { BackoffInit } from './backoff.ts'
import type { Bans } from './bans.ts'
import type { Clock } from './clock.ts'
import type { Libp2p, Peer, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What the parts of membership share. */
export interface Context {
  libp2p: Libp2p
  bans: Bans
  clock: Clock
  /** From 0 up to, and without, 1. */
  random: () => number
  backoff: BackoffInit
  /** A connection that lasted as long, in ms, was a good one; one that ended sooner counts as a failure to connect. */
  settledMs: number
  /** How long one dial may take, in ms. */
  dialTimeoutMs: number
  /** Aborts when membership stops. */
  stopped: AbortSignal
  /** Goes on in the background: an error is reported unless all has stopped. */
  inBackground: (work: Promise<void>) => void
}

export function isConnected ({ libp2p }: Context, peer: PeerId): boolean {
  return libp2p.getConnections(peer).length > 0
}

/** What libp2p knows of a peer; undefined where it never came so far as to say who it is. */
export async function knownPeer ({ peerStore }: Libp2p, peer: PeerId): Promise<Peer | undefined> {
  return await peerStore.has(peer) ? peerStore.get(peer) : undefined
}

/** Dials addresses of one peer, one after the other, until one answers; the peer's id. */
export async function dial (context: Context, addresses: Multiaddr[], signal?: AbortSignal): Promise<PeerId> {
  const signals = [context.stopped, AbortSignal.timeout(context.dialTimeoutMs), ...(signal == null ? [] : [signal])]
  return (await context.libp2p.dial(addresses, { signal: AbortSignal.any(signals) })).remotePeer
}
