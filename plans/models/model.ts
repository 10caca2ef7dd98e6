/** One measured execution of a job, as a model of its runtime sees it. */
export interface Sample {
  /** The number of machines first; then what the job was run on, in the order that its job says. */
  readonly features: readonly number[]
  readonly runtimeSeconds: number
}

/** The runtime, in seconds, that a fitted model expects of an execution with these features. */
export type Predict = (features: readonly number[]) => number

/** Fits a model. All samples have the same number of features, of which there is at least one; there is at least one sample. */
export type Fit = (samples: readonly Sample[]) => Predict

/** Mean absolute percentage error, in percent: what share of the real runtime a prediction is off. */
export function meanAbsolutePercentageError (predict: Predict, samples: readonly Sample[]): number {
  return 100 * mean(samples, ({ features, runtimeSeconds }) => Math.abs(predict(features) / runtimeSeconds - 1))
}

/** In seconds. */
export function meanAbsoluteError (predict: Predict, samples: readonly Sample[]): number {
  return mean(samples, ({ features, runtimeSeconds }) => Math.abs(predict(features) - runtimeSeconds))
}

function mean (samples: readonly Sample[], term: (sample: Sample) => number): number {
  return samples.reduce((sum, sample) => sum + term(sample), 0) / samples.length
}
