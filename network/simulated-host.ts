import type { Serialiser } from './link.ts'
import type { Paths } from './path.ts'
import type { SimulatedConnection } from './simulated-connection.ts'
import type { Stage } from './stage.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Something that has come to an instance, at the time it came. */
export interface NetworkEvent {
  atMs: number
  kind: 'syn' | 'accept' | 'refuse' | 'data' | 'fin' | 'reset'
  from: string
  to: string
  /** The number of the connection, from 1 in the order of dialling. */
  connection: number
  /** Of libp2p's connection; 0 for all kinds but data. */
  bytes: number
  data?: Uint8Array
}

/** The simulated network does not have, or refuses, what it was asked for. */
export class NetworkError extends Error {
  override name = 'NetworkError'
}

/** One instance as the network knows it: what all its connections share. */
export interface Host {
  instance: string
  region: string
  ip: string
  paths: Paths
  downlink: Serialiser | undefined
  /** What accepts on each port. */
  ports: Map<number, (incoming: Incoming) => void>
  /** Those of its ends from which something may still come. */
  connections: Set<SimulatedConnection>
  /** From start to crash; what belongs to a life that is over does nothing any more. */
  life: { over: boolean }
  /** The whole host is gone, so that nobody answers in its place. */
  silent: boolean
  /** The next ports of listeners that ask for none, and of connections that go out. */
  nextPort: number
  nextEphemeralPort: number
}

/** A connection that has come to a port. */
export interface Incoming {
  number: number
  from: Host
  remoteAddr: Multiaddr
  peer: SimulatedConnection
}

/** What lies between the hosts. */
export interface Medium {
  stage: Stage
  observe: ((event: NetworkEvent) => void) | undefined
  hostAt: (ip: string) => Host | undefined
  /**
   * Sends a packet without payload, which comes one latency later, as an event of the one it is sent to. It is lost when
   * the two cannot reach each other at either end of its way.
   */
  post: (from: Host, to: Host, arrive: () => void) => void
  latencyMs: (from: Host, to: Host) => number
  reachable: (from: Host, to: Host) => boolean
  nextConnection: () => number
}

/** @throws NetworkError when the life of the host has ended by a crash */
export function requireLife (host: Host, life: Host['life']): void {
  if (life.over) {
    throw new NetworkError(`The instance ${host.instance} has crashed: give it a new transport first.`)
  }
}

/** Tells the observer, if there is one, what has come now. */
export function tell (medium: Medium, kind: NetworkEvent['kind'], from: Host, to: Host, connection: number): void {
  medium.observe?.({ atMs: medium.stage.nowMs(), kind, from: from.instance, to: to.instance, connection, bytes: 0 })
}
