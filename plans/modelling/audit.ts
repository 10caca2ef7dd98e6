import { JudgementError } from '../errors.ts'
import type { Members } from '../members.ts'
import type { PredictionError } from './errors.ts'

/** What one instance says that models which learnt from the whole corpus are worth. */
export interface ModellingReport {
  readonly index: number
  /** The hashes of contributions that it did not let models learn from. */
  readonly rejected: readonly string[]
  readonly errors: readonly PredictionError[]
}

/** Machines may differ in the last bits of a logarithm. */
const tolerance = 1e-9

/** Whose report this instance recomputes from what it holds itself: the next one's, so that each is recomputed once. */
export function auditedBy (index: number, instances: number): number {
  return (index + 1) % instances
}

/** @returns the sentence of the failure, where what was reported does not follow from what was posted */
export function compareReports (
  { all }: Members, report: ModellingReport, recomputed: readonly PredictionError[]
): JudgementError | undefined {
  for (const { model, target, mape } of recomputed) {
    const told = report.errors.find((error) => error.model === model && error.target === target)?.mape

    if (told !== mape && !(told != null && mape != null && Math.abs(told - mape) <= tolerance * Math.abs(mape))) {
      return new JudgementError(`instance ${report.index} (${all[report.index]?.name ?? 'unknown'}) reports that ${model}, fitted to the whole ` +
        `corpus, errs by ${percent(told)}, where ${percent(mape)} follows from what was posted; it reported before it held everything, or not what it held`)
    }
  }
}

function percent (value: number | undefined): string {
  return value == null ? 'nothing' : `${value.toPrecision(6)} %`
}
