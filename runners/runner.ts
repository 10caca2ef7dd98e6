import type { Composition, Manifest, RunSpec } from './composition/index.ts'
import type { RunOutcome } from './outcome.ts'
import type { Progress } from './progress.ts'
import type { Fidelity, RunFolder, RunRecord } from './run-folder.ts'
import type { Timeline } from '../plans/index.ts'
import type { CostTable } from './sim/costs.ts'
import type { Level } from '../network/level.ts'
import type { Profile } from '../network/profile.ts'

/** What carries out a composition: where its instances are, what lies between them and what their clock is. */
export interface Runner {
  readonly name: string
  /**
   * Makes sure that it can run, before anything is written.
   *
   * @throws {HarnessError}
   * @throws {RunRequestError} for an option that it does not have
   */
  prepare (options: RunnerOptions): Promise<PreparedRunner>
}

/** What some runners can be asked for, and the others cannot. */
export interface RunnerOptions {
  readonly simulation: SimulationOptions
  readonly daemon?: DaemonOptions
}

/** What can be asked of a run under Testground's daemon, and of no other. */
export interface DaemonOptions {
  /** Testground's runner, `local:docker` or `cluster:k8s`; by default the composition's. */
  readonly engine?: string
  /** The address of the daemon; by default that of Testground's own settings, or of this machine. */
  readonly endpoint?: string
}

/** What can be asked of a simulation, and of no other runner. */
export interface SimulationOptions {
  /** How much of a network is modelled; by default the least that models all that the profile asks for. */
  readonly level?: Level
  /** Binds virtual time to the real one, to see what computing adds. */
  readonly paced?: boolean
  /** What computing costs; by default nothing. */
  readonly costs?: CostTable
  /** Writes every event of the network, and every message of a libp2p stream. */
  readonly trace?: boolean
  /** Writes which messages carried this contribution: its name, its CID or the hash of its entry. */
  readonly contribution?: string
  /** The longest that a run may take in virtual milliseconds. */
  readonly virtualTimeoutMs?: number
}

export interface PreparedRunner {
  /**
   * How much of a network is modelled for this profile and what goes wrong in it.
   *
   * @throws {ProfileError | RunRequestError} for what these ask and this runner does not model
   */
  fidelity (profile: Profile, faults?: Timeline): Fidelity
  /**
   * Refuses what it cannot carry out, before anything is written; `faults` are by the id of the run.
   *
   * @returns the engine that will carry it out, where that is another one
   * @throws {RunRequestError}
   */
  check? (composition: Composition, manifest: Manifest, faults: ReadonlyMap<string, Timeline>): Promise<RunRecord['engine']>
  /** Carries out one run. Resolves with its outcome however it went; when it does, nothing of it runs any more. */
  run (init: RunInit): Promise<RunOutcome>
}

export interface RunInit {
  readonly composition: Composition
  /** Of its plan. */
  readonly manifest: Manifest
  readonly run: RunSpec
  readonly folder: RunFolder
  /** What goes wrong, where something is to; the runner writes what it did of it. */
  readonly faults?: Timeline
  readonly progress: Progress
  readonly timeoutMs: number
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}
