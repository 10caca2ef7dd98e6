import { ln } from '../elementary.ts'
import { nonNegativeLeastSquares } from './nnls.ts'
import type { Predict, Sample } from './model.ts'

/** What Ernest takes the runtime to be made of: serial work, parallel work, aggregation by a tree, and overhead of each machine. */
function terms ([machines = 1, size = 0]: readonly number[]): number[] {
  return [1, size / machines, ln(machines), machines]
}

/** The coefficients of [1, size / n, ln n, n]; the size is the first feature after the number n of machines. */
export function ernestCoefficients (samples: readonly Sample[]): number[] {
  return nonNegativeLeastSquares(samples.map(({ features }) => terms(features)), samples.map(({ runtimeSeconds }) => runtimeSeconds))
}

/** Venkataraman et al., "Ernest: Efficient Performance Prediction for Large-Scale Advanced Analytics", NSDI 2016. */
export function fitErnest (samples: readonly Sample[]): Predict {
  const coefficients = ernestCoefficients(samples)
  return (features) => terms(features).reduce((sum, term, i) => sum + term * (coefficients[i] ?? 0), 0)
}
