import type { Composition, RunSpec } from './composition/index.ts'
import type { RunOutcome } from './outcome.ts'
import type { Progress } from './progress.ts'
import type { RunFolder } from './run-folder.ts'

/** What carries out a composition: where its instances are, what lies between them and what their clock is. */
export interface Runner {
  readonly name: string
  /** Makes sure that it can run, before anything is written. @throws {HarnessError} */
  prepare (): Promise<PreparedRunner>
}

export interface PreparedRunner {
  /** Carries out one run. Resolves with its outcome however it went; when it does, nothing of it runs any more. */
  run (init: RunInit): Promise<RunOutcome>
}

export interface RunInit {
  readonly composition: Composition
  readonly run: RunSpec
  readonly folder: RunFolder
  readonly progress: Progress
  readonly timeoutMs: number
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}
