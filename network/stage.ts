import type { DelayLine } from './delay-line.ts'

/** What a simulated network needs of time and of those who stand in it. */
export interface Stage {
  /** Milliseconds with fractions; never goes backwards. */
  nowMs (): number
  /** Calls back at that time as an event of that instance; equal times in the order of asking. Returns what takes it back. */
  at (dueMs: number, instance: string, callback: () => void): () => void
}

/**
 * The delay line on which things come to one instance. Nothing is ever due outside its events, so what it calls back
 * always runs as an event of that instance and never as part of what another one does.
 */
export function stageLine (stage: Stage, instance: string): DelayLine {
  return {
    nowMs: () => stage.nowMs(),
    horizonMs: () => -Infinity,
    at: (dueMs, run) => stage.at(Math.max(dueMs, stage.nowMs()), instance, () => { run(stage.nowMs()) })
  }
}
