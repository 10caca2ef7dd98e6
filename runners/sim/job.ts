import { readFileSync } from 'node:fs'
import type { Timeline } from '../../plans/index.ts'
import type { FaultDone } from '../faults.ts'
import type { InstanceResult, RunEnd } from '../outcome.ts'
import type { RunSpec } from '../composition/index.ts'
import type { Ungoverned } from './clock/audit.ts'
import type { CostTable } from './costs.ts'
import type { Followed } from './sequence.ts'
import type { Level } from '../../network/level.ts'

/** What one simulation is to do, as its process is told. */
export interface SimulationJob {
  readonly plan: string
  readonly case: string
  readonly run: RunSpec
  readonly seed: string
  /** What goes wrong, and the region of each instance, by its number. */
  readonly faults?: { readonly timeline: Timeline, readonly regions: readonly string[] }
  readonly level: Level
  /** Whether virtual time is bound to the real one. */
  readonly paced: boolean
  /** What events and computing cost, in milliseconds; absent: nothing. */
  readonly costs?: CostTable
  /** Where each instance writes, by group and index within it. */
  readonly outputs: Readonly<Record<string, readonly string[]>>
  /** A directory that is removed after the run. */
  readonly scratch: string
  /** The longest that the run may take, in virtual milliseconds. */
  readonly virtualTimeoutMs: number
  /** Where to write every event of the network as a line; absent: nowhere. */
  readonly traceFile?: string
  /** Where to write every message of a libp2p stream as a line; absent: nowhere. */
  readonly messagesFile?: string
  /** Whether what virtual time does not govern is looked for and told; for tests. */
  readonly audit?: boolean
  /** The contribution whose way through the network is to be written, and where; absent: none. */
  readonly sequence?: { readonly contribution: string, readonly file: string }
}

/** What its process tells, one line of JSON each. */
export type SimulationMessage =
  | { readonly type: 'progress', readonly counts: Readonly<Record<string, number>>, readonly virtualMs: number }
  | { readonly type: 'say', readonly sentence: string }
  | {
    readonly type: 'end'
    readonly results: readonly InstanceResult[]
    readonly end: RunEnd
    readonly summary: SimulationSummary
    /** What was done of the faults. */
    readonly done: readonly FaultDone[]
    /** Only where the job asks for the audit. */
    readonly ungoverned?: readonly Ungoverned[]
  }

/** What a simulation was, as a whole. All but the last three are the same for the same seed. */
export interface SimulationSummary {
  readonly events: number
  readonly virtualMs: number
  /** Network events, and the SHA-256 of them all with their payloads. */
  readonly networkEvents: number
  readonly traceSha256: string
  /** The contribution that was followed, and the instance that made it. */
  readonly followed?: Followed
  /** What signing, verifying, hashing and encryption were charged, in milliseconds; 0 without a table of costs. */
  readonly chargedMs: number
  readonly wallMs: number
  /** What the processor really did, from the first event to the last, in milliseconds. */
  readonly cpuMs: number
  readonly rssBytes: number
}

/** The job of this process, whose file is its last argument. */
export function readJob (): SimulationJob {
  return JSON.parse(readFileSync(process.argv.at(-1) ?? '', 'utf8')) as SimulationJob
}
