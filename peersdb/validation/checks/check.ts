import type { Contribution } from '../../contribution.ts'
import type { ContentFile } from '../content-file.ts'
import type { Run, RunHistory } from '../run-history.ts'

/** Something that speaks against a contribution, or a reason why it cannot be judged. */
export interface Finding {
  check: 'size' | 'schema' | 'range' | 'duplicate' | 'outlier' | 'kind'
  outcome: 'invalid' | 'undecided'
  /** One sentence without a full stop. */
  reason: string
}

/** A contribution that is looked at. */
export interface CheckedRecord {
  contribution: Contribution
  sizeBytes: number
  /** Of the content, in hexadecimal. */
  sha256: string
  files: ContentFile[]
  /** The runs that the files tell of; filled in once schema and ranges are found to be in order. */
  runs: Run[]
}

export interface CheckOptions {
  /** An outlier's runtime is more than exp(tau) times too long or too short. */
  tau: number
  /** The longest runtime that is believed, in seconds. */
  runtimeSecondsMax: number
  machineCountMax: number
  /** What to make of content that has no checks. */
  unknownContent: 'valid' | 'undecided'
  /** What to make of runs for which there are too few others to fit a model to. */
  withoutModel: 'valid' | 'undecided'
}

export interface CheckContext {
  options: CheckOptions
  history: RunHistory
  /** Milliseconds since 1970; a run cannot be of the future. */
  nowMs: number
}

/** One kind of check: a pure function of a record and of what is known besides. No findings means that all is well. */
export type Check = (record: CheckedRecord, context: CheckContext) => Finding[]

export function invalid (check: Finding['check'], reason: string): Finding {
  return { check, outcome: 'invalid', reason }
}

export function undecided (check: Finding['check'], reason: string): Finding {
  return { check, outcome: 'undecided', reason }
}
