import type { LinkFault, Timeline } from './faults/timeline.ts'
import type { Random } from './random.ts'
import type { Profile } from '../network/profile.ts'
import type { NetworkCounters } from '../network/counters.ts'
import type { TransportFactory } from '../peersdb/index.ts'
import type { MetricName } from './metrics.ts'
import type { SidecarShape } from './sidecar.ts'

/**
 * All that an instance of a plan knows of the world: who it is, how it meets the others, what time it
 * is, what chance gives it, what lies between it and the others, and where results go. Cases use nothing
 * else, so that they run unchanged wherever this can be provided.
 */
export interface InstanceContext {
  readonly group: string
  /** The number of instances of the run. */
  readonly instances: number
  /** The number of this instance in the run, from 0. */
  readonly index: number
  readonly params: Readonly<Record<string, string>>
  readonly sync: SyncContext
  readonly clock: InstanceClock
  /** Measures the clock against those of other machines; absent where there are none. */
  readonly clockProbe?: ClockProbe
  /** What shapes the network outside the instance, where there is such a thing. */
  readonly sidecar?: Sidecar
  /** The stream of random numbers of this name, drawn from the run's seed and this instance's number. */
  random (name: string): Random
  /** The transport that applies the network profile between this instance and the others. */
  transport (init: { profile: Profile, region: string, counters: NetworkCounters }): TransportFactory
  readonly record: Recorder
  /** What this instance takes of its machine; absent where instances share a process, of which no part is anybody's own. */
  readonly usage?: () => { cpuMs: number, rssBytes: number }
  /** Says that this instance has come to a phase of the case; the runner counts the instances in each. Returns its position, from 1. */
  phase (name: string): Promise<number>
  /**
   * What goes wrong in this run, where something is to. The runner carries out what concerns processes, the instance what
   * concerns its peer: joining, taking leave, and coming back from that.
   */
  readonly faults?: Timeline
  /** Which life of this instance its process began with: 0 unless it was started again after a crash. */
  readonly life: number
  /**
   * Tells what happens to links, in which instances are named by their index, at times after `startMs` on the run's clock. Where
   * one network lies between all instances, the runner carries it out for all of them.
   */
  followLinkFaults (faults: readonly LinkFault[], startMs: number): void
  /** A directory that is this instance's alone, is kept from life to life and is removed after the run. */
  readonly storageDirectory: string
  /** A directory that is this instance's alone and is removed after the run. */
  readonly temporaryDirectory: string
  /** Where instances of this run that are processes of one machine keep equal blocks once; absent where that is not worth it. */
  readonly blockPool?: string
  /** The addresses to listen on, as multiaddrs. */
  readonly listen: string[]
  /** Aborted when the run is over for this instance; the reason is the sentence to report. */
  readonly signal: AbortSignal
}

/** How instances meet. Nothing is measured through it: deliveries may take 100 ms. */
export interface SyncContext {
  /** Counts this instance in a state that has this name; returns its position among those that came, from 1. */
  signal (state: string): Promise<number>
  /** Waits until as many have signalled the state, at most `timeoutMs`. */
  barrier (state: string, target: number, timeoutMs: number): Promise<void>
  /** Publishes a payload of at most 32,000 bytes of JSON. */
  publish (topic: string, payload: unknown): Promise<void>
  /** The first `count` payloads of a topic, from its beginning; waits for them at most `timeoutMs`. */
  collect<T> (topic: string, count: number, timeoutMs: number): Promise<T[]>
  /** Calls back with every payload of a topic, from its beginning, until what it returns is called. */
  follow<T> (topic: string, onPayload: (payload: T) => void): Promise<() => void>
}

export interface InstanceClock {
  /** Milliseconds on a clock that never goes back. Instances with the same `domain` share it. */
  nowMs (): number
  readonly domain: string
  /** Resolves after so many milliseconds; rejects when the instance is stopped. */
  sleep (ms: number): Promise<void>
}

/** Where an instance answers with the time on its clock. */
export interface ClockAddress {
  readonly host: string
  readonly port: number
}

/** How far another clock is ahead of this one. */
export interface ClockOffset {
  readonly offsetMs: number
  /** It lies no further than this from the truth. */
  readonly errorMs: number
}

export interface ClockProbe {
  /** Answers others with the time on this clock until the instance ends. */
  serve (): Promise<ClockAddress>
  /** Measures how far the clock of another instance is ahead of this one, over the network between them. */
  measure (address: ClockAddress): Promise<ClockOffset>
  /** From now on this clock shows the time of the other one. */
  adopt (offset: ClockOffset): void
}

export interface Sidecar {
  /** Resolves when what all instances send is as they have asked for. */
  configure (shape: SidecarShape, state: string, timeoutMs: number): Promise<void>
}

export type Tags = Readonly<Record<string, string | number>>

export interface Recorder {
  /** Writes one row of results; `more` are further measures beside the value. */
  metric (name: MetricName, value: number, tags?: Tags, more?: Readonly<Record<string, number>>): void
  /** Tags that every row of this instance carries from now on, unless it has its own. */
  tag (tags: Tags): void
  /** Tells people what is going on. */
  message (text: string): void
  /** Tells people what went wrong without ending the instance. */
  warning (text: string): void
}
