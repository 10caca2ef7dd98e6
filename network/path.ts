import { createEnvelope, createLoss, TCP_SEGMENT_BYTES } from './envelope.ts'
import { createLink, createSerialiser } from './link.ts'
import { askedOneWayMs } from './profile.ts'
import { createRandom, exponential } from './random.ts'
import type { Link, Serialiser } from './link.ts'
import type { Profile } from './profile.ts'

const KIBIBYTE = 1024
const SEND_BUFFER_BYTES_MIN = 256 * KIBIBYTE
const SEND_BUFFER_BYTES_MAX = 16 * KIBIBYTE * KIBIBYTE
const SEGMENT_BYTES_MAX = 64 * KIBIBYTE
/** The median of the sum of two exponential variables of mean 1. */
const MEDIAN_OF_TWO = 1.678347

/** Everything that sending from one instance to one other needs, in one direction. */
export interface Path {
  /** A new connection on this path, on which nothing arrives before a time; all of them share its rate and its jitter. */
  connect: (arriveMsMin?: number) => Link
  /** What one connection may hold back before its sender must wait, in bytes. */
  readonly sendBufferBytes: number
  /** The pieces that large writes are cut into, in bytes: about what the path carries in 1 ms. */
  readonly segmentBytes: number
}

/** What a fault makes of one direction; what is not given stays as it is. */
export interface Degradation {
  /** The median, one way. */
  latencyMs?: number
  /** Of the flow. */
  bitsPerSecond?: number
  /** The probability that a TCP segment is lost. */
  loss?: number
}

export interface PathInit {
  profile: Profile
  from: string
  to: string
  /** Of the sending instance. */
  uplink: Serialiser
  /** Seed of this direction's jitter and loss. */
  seed: string
  /** What TCP leaves of its window after a loss; without, neither its window nor loss is modelled. */
  beta?: number
  /** What faults make of this direction, and of the way back, now. */
  degradation?: () => Degradation | undefined
  returnDegradation?: () => Degradation | undefined
}

/**
 * The path of a profile between two regions.
 *
 * Jitter is exponential, as the waiting time in a queue that is seldom long; its scale is the round trip's deviation
 * over the square root of 2, for the two directions are independent. The propagation beneath is shortened so that the
 * median round trip, which is what the profile's figures are, stays the one that was asked for.
 *
 * @throws ProfileError for a region that is not in the profile
 */
export function createPath ({ profile, from, to, uplink, seed, beta, degradation, returnDegradation }: PathInit): Path {
  const [profileMs, profileReturnMs] = [askedOneWayMs(profile, from, to), askedOneWayMs(profile, to, from)]
  const profileBitsPerSecond = profile.flowBitsPerSecond(from, to)
  const jitterMeanMs = profile.jitterRoundTripMs / Math.SQRT2
  const random = createRandom(seed)
  const askedMs = (): number => degradation?.()?.latencyMs ?? profileMs
  const latencyMs = (): number => Math.max(0, askedMs() - jitterMeanMs * MEDIAN_OF_TWO / 2)
  const returnMs = (): number => returnDegradation?.()?.latencyMs ?? profileReturnMs
  const loss = createLoss(createRandom(JSON.stringify(['loss', seed])), () => degradation?.()?.loss ?? profile.lossProbability)
  const flow = {
    ...createSerialiser(profileBitsPerSecond),
    get bitsPerSecond () { return degradation?.()?.bitsPerSecond ?? profileBitsPerSecond }
  }
  const bytesPerMs = (): number => Math.min(flow.bitsPerSecond, uplink.bitsPerSecond) / 8000
  return {
    connect: (arriveMsMin) => createLink({
      uplink,
      flow,
      latencyMs,
      jitterMs: jitterMeanMs > 0 ? () => exponential(random, jitterMeanMs) : undefined,
      arriveMsMin,
      tcp: beta === undefined ? undefined : { envelope: createEnvelope({ beta, loss }), returnMs }
    }),
    get sendBufferBytes () {
      return Number.isFinite(bytesPerMs())
        ? Math.round(clamp(2 * bytesPerMs() * askedMs(), SEND_BUFFER_BYTES_MIN, SEND_BUFFER_BYTES_MAX))
        : SEND_BUFFER_BYTES_MAX
    },
    get segmentBytes () {
      return Math.round(clamp(bytesPerMs(), TCP_SEGMENT_BYTES, SEGMENT_BYTES_MAX))
    }
  }
}

/** The paths of one instance: one to each other instance, for as long as something uses it. */
export interface Paths {
  /** The path to an instance, which stays the same until every `release` has been called. */
  acquire: (region: string, instance: string) => { path: Path, release: () => void }
}

export interface PathsOptions {
  beta?: number
  /** What faults make of a direction between two instances now. */
  degradation?: (from: string, to: string) => Degradation | undefined
}

export function createPaths (
  profile: Profile, region: string, instance: string, seed: string | number, { beta, degradation }: PathsOptions = {}
): Paths {
  const uplink = createSerialiser(profile.uplinkBitsPerSecond(region))
  const paths = new Map<string, { path: Path, users: number }>()
  return {
    acquire (to, toInstance) {
      const key = JSON.stringify([to, toInstance])
      const shared = paths.get(key) ?? {
        path: createPath({
          profile,
          from: region,
          to,
          uplink,
          seed: JSON.stringify(['jitter', seed, instance, toInstance]),
          beta,
          degradation: () => degradation?.(instance, toInstance),
          returnDegradation: () => degradation?.(toInstance, instance)
        }),
        users: 0
      }
      shared.users++
      paths.set(key, shared)
      return {
        path: shared.path,
        release () {
          shared.users--
          if (shared.users === 0) {
            paths.delete(key)
          }
        }
      }
    }
  }
}

function clamp (value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}
