import { orAborted, whenClosed } from './ends.ts'
import { ShapingError } from './greeting.ts'
import { degradationOf } from './links.ts'
import { askedOneWayMs } from './profile.ts'
import type { LinkState } from './links.ts'
import type { Degradation } from './path.ts'
import type { Profile } from './profile.ts'
import type { ShapedConnection } from './shaped-connection.ts'
import type { MultiaddrConnection } from '@libp2p/interface'

/** What faults do to the connections of one instance that are shaped. */
export interface ShapedFaults {
  /** Notes where an instance stands; whether it can be reached now. */
  meet: (instance: string, region: string) => boolean
  /** What is left of the direction between two instances that were met; undefined where it is whole. */
  degradation: (from: string, to: string) => Degradation | undefined
  /** The median round trip as things stand now. */
  roundTripMs: (instance: string) => number
  /** Holds back what a connection sends while its other side cannot be reached. */
  watch: (connection: ShapedConnection, instance: string) => void
}

/** @param own where this instance stands; `links`: what is done to links, if anything is */
export function createShapedFaults (
  profile: Profile, own: { instance: string, region: string }, links: LinkState | undefined
): ShapedFaults {
  const regions = new Map([[own.instance, own.region]])
  const open = new Map<ShapedConnection, string>()
  const regionOf = (instance: string): string => regions.get(instance) ?? own.region
  const reachable = (instance: string): boolean => links?.reachable(own.instance, instance) ?? true
  links?.onPartition(() => { open.forEach((instance, connection) => { connection.holdBack(!reachable(instance)) }) })

  const degradation = (from: string, to: string): Degradation | undefined => {
    const change = links?.change(from, to)
    return change && degradationOf(profile, [regionOf(from), regionOf(to)], change)
  }
  const oneWayMs = (from: string, to: string): number =>
    degradation(from, to)?.latencyMs ?? askedOneWayMs(profile, regionOf(from), regionOf(to))

  return {
    meet (instance, region) {
      regions.set(instance, region)
      return reachable(instance)
    },
    degradation,
    roundTripMs: (instance) => oneWayMs(own.instance, instance) + oneWayMs(instance, own.instance),
    watch (connection, instance) {
      open.set(connection, instance)
      whenClosed(connection, () => { open.delete(connection) })
    }
  }
}

/** A dial that meets a partition gets no answer, and so lasts until somebody gives up. */
export async function unanswered (inner: MultiaddrConnection, signal: AbortSignal): Promise<never> {
  const closed = Promise.withResolvers<never>()
  inner.addEventListener('close', () => {
    closed.reject(new ShapingError('The other side gave up a connection that met a partition.'))
  }, { once: true })
  try {
    return await orAborted(closed.promise, signal)
  } finally {
    inner.abort(new ShapingError('A partition lies between the two sides of the connection.'))
  }
}
