import { realClock } from './clock.ts'
import { createCounters } from './counters.ts'
import { createDelayLine, waitUntil } from './delay-line.ts'
import { whenClosed } from './ends.ts'
import { encodeGreeting, exchangeGreetings, ShapingError } from './greeting.ts'
import { betaOf, requireLevel } from './level.ts'
import { createPaths } from './path.ts'
import { ProfileError, requireRegion } from './profile.ts'
import { createShapedFaults, unanswered } from './shaped-faults.ts'
import { ShapedConnection } from './shaped-connection.ts'
import type { Clock } from './clock.ts'
import type { NetworkCounters } from './counters.ts'
import type { Model } from './level.ts'
import type { LinkState } from './links.ts'
import type { Profile } from './profile.ts'
import type { MultiaddrConnection, Upgrader, UpgraderOptions } from '@libp2p/interface'

const GREETING_TIMEOUT_MS_DEFAULT = 15_000
const SETTLE_TIMEOUT_MS = 1_000
/** An accepting TCP has the connection half a round trip after the dialling one, which has it after one. */
const ROUND_TRIPS_OUTBOUND = 1
const ROUND_TRIPS_INBOUND = 1.5

export interface ShapedInit extends Partial<Model> {
  profile: Profile
  /** The region this instance stands in. */
  region: string
  /** The name of this instance, unique in its run, at most 100 characters. */
  instance: string
  /** Seed of the jitter; each direction between two instances draws from a stream of its own. */
  seed: string | number
  /** Real time by default. */
  clock?: Clock
  /** Where to count; read it at any time. */
  counters?: NetworkCounters
  /** What faults make of links, if there are any. */
  links?: LinkState
  /** How long the other side may take to greet, in ms; 15,000 by default. */
  greetingTimeoutMs?: number
}

/** Where connections of one instance pass from the transport to libp2p, and become shaped. */
export interface Gate {
  upgrader: (inner: Upgrader) => Upgrader
  /** As `upgrader`, and collects the inbound connections that are open. */
  listening: (inner: Upgrader) => { upgrader: Upgrader, inbound: Set<ShapedConnection> }
  /** Waits, for a second at most, until all that these connections hold has arrived. */
  settle: (connections: Iterable<ShapedConnection>) => Promise<void>
}

/** @throws ProfileError, ShapingError */
export function createGate (init: ShapedInit): Gate {
  const { profile, region, instance, seed, clock = realClock, counters = createCounters(), level = 'bandwidth', beta, links } = init
  const timeoutMs = init.greetingTimeoutMs ?? GREETING_TIMEOUT_MS_DEFAULT
  requireRegion(profile, region)
  requireLevel(profile, level)
  refuseDownlink(profile)
  const ours = encodeGreeting({ region, instance })
  const delayLine = createDelayLine(clock)
  const faults = createShapedFaults(profile, { instance, region }, links)
  const paths = createPaths(profile, region, instance, seed, { beta: betaOf({ level, beta }), degradation: faults.degradation })

  async function shape (inner: MultiaddrConnection, roundTrips: number, signal: AbortSignal): Promise<ShapedConnection> {
    const sinceMs = clock.nowMs()
    const { theirs, rest } = await exchangeGreetings(inner, ours, { clock, timeoutMs, signal })
    requireRegion(profile, theirs.region)
    if (!faults.meet(theirs.instance, theirs.region)) {
      return unanswered(inner, signal)
    }
    const { path, release } = paths.acquire(theirs.region, theirs.instance)
    const connection = new ShapedConnection({ inner, rest, path, delayLine, counters: counters.of(theirs.region) })
    faults.watch(connection, theirs.instance)
    whenClosed(connection, release)
    try {
      await waitUntil(delayLine, sinceMs + roundTrips * faults.roundTripMs(theirs.instance), signal)
    } catch (error) {
      connection.abort(error as Error)
      throw error
    }
    return connection
  }

  function upgrader (inner: Upgrader, inbound?: Set<ShapedConnection>): Upgrader {
    return {
      async upgradeOutbound (raw: MultiaddrConnection, options: UpgraderOptions) {
        refuseOwnMuxer(options)
        return inner.upgradeOutbound(await shape(raw, ROUND_TRIPS_OUTBOUND, options.signal), options)
      },
      async upgradeInbound (raw: MultiaddrConnection, options: UpgraderOptions) {
        refuseOwnMuxer(options)
        const connection = await shape(raw, ROUND_TRIPS_INBOUND, options.signal)
        inbound?.add(connection)
        whenClosed(connection, () => { inbound?.delete(connection) })
        await inner.upgradeInbound(connection, options)
      },
      createInboundAbortSignal: (signal) => inner.createInboundAbortSignal(signal),
      getStreamMuxers: () => inner.getStreamMuxers(),
      getConnectionEncrypters: () => inner.getConnectionEncrypters()
    }
  }

  return {
    upgrader: (inner) => upgrader(inner),
    listening (inner) {
      const inbound = new Set<ShapedConnection>()
      return { upgrader: upgrader(inner, inbound), inbound }
    },
    async settle (connections) {
      const bound = Promise.withResolvers<void>()
      const cancel = clock.setTimer(bound.resolve, SETTLE_TIMEOUT_MS)
      await Promise.race([Promise.all([...connections].map(async (connection) => connection.flushed())), bound.promise])
      cancel()
    }
  }
}

/** Each side delays what it sends, and no sender knows what others send to the same receiver. */
function refuseDownlink (profile: Profile): void {
  if (profile.regions.some((region) => Number.isFinite(profile.downlinkBitsPerSecond(region)))) {
    throw new ProfileError(`The downlink of the network profile ${profile.name} can only be simulated: use the runner sim, or set bandwidth.downlink to null.`)
  }
}

/** Streams of a transport that brings its own muxer do not go through the connection that is shaped. */
function refuseOwnMuxer (options: UpgraderOptions): void {
  if (options.muxerFactory !== undefined) {
    throw new ShapingError('A transport that brings its own stream muxer cannot be shaped: use TCP, WebSockets or memory.')
  }
}
