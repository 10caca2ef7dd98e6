import type { Posted } from '../workload.ts'
import type { Verdict } from '../../peersdb/index.ts'

/** What one instance tells the others of its validation. */
export interface ValidationReport {
  readonly index: number
  /** What it found of each contribution, in the order in which they were posted: v, i, u, and - where it did not decide. */
  readonly verdicts: string
  readonly rates: Rates
  readonly looks: { readonly count: number, readonly drawnMs: number, readonly takenMs: number }
  /** Whether it lies, or errs, as the composition says. */
  readonly isSound: boolean
  /** Whether it stuffs ballots, as the composition says. */
  readonly stuffs: boolean
}

/** Parts of the contributions on which a peer decided wrongly, or not at all; absent where there was nothing to decide on. */
export interface Rates {
  /** Flawed ones that it called valid, of all flawed ones. */
  readonly falseAccept?: number
  /** Sound ones that it called invalid, of all sound ones. */
  readonly falseReject?: number
  /** Those that it left undecided, of all. */
  readonly undecided?: number
}

export function letterOf (verdict: Verdict['verdict'] | undefined): string {
  return verdict == null ? '-' : verdict.charAt(0)
}

/** @param isSound - for each contribution, whether its file is as it should be */
export function ratesOf (verdicts: string, isSound: readonly boolean[]): Rates {
  const count = (letter: string, sound: boolean): number =>
    [...verdicts].filter((each, i) => each === letter && isSound[i] === sound).length
  const sound = isSound.filter(Boolean).length
  const flawed = isSound.length - sound
  return {
    ...flawed > 0 ? { falseAccept: count('v', false) / flawed } : {},
    ...sound > 0 ? { falseReject: count('i', true) / sound } : {},
    ...isSound.length > 0 ? { undecided: (count('u', true) + count('u', false)) / isSound.length } : {}
  }
}

/** Whether each file is what it should be. A flaw may change nothing, as where all repetitions that it turned around took equally long. */
export function soundness (posted: readonly Posted[], truth: ReadonlySet<string>): boolean[] {
  return posted.map(({ sha256 }) => truth.has(sha256))
}
