import { exp, ln } from '../elementary.ts'
import { leastSquares, valueAt } from './least-squares.ts'
import type { Predict, Sample } from './model.ts'

/** Beyond these the exponential of a prediction means nothing; 700 is where it ceases to be a number. */
const exponentMax = 700

/** The mean of the runtimes, whatever the features: what every model must beat. */
export function fitMean (samples: readonly Sample[]): Predict {
  const mean = samples.reduce((sum, { runtimeSeconds }) => sum + runtimeSeconds, 0) / samples.length
  return () => mean
}

/** A runtime that is linear in the features. */
export function fitLinear (samples: readonly Sample[]): Predict {
  const plane = leastSquares(samples.map(({ features }) => features), samples.map(({ runtimeSeconds }) => runtimeSeconds))
  return (features) => valueAt(plane, features)
}

/** A runtime whose logarithm is linear in the features, so that it is never negative. */
export function fitLogLinear (samples: readonly Sample[]): Predict {
  const plane = leastSquares(samples.map(({ features }) => features), samples.map(({ runtimeSeconds }) => ln(runtimeSeconds)))
  return (features) => exp(Math.max(-exponentMax, Math.min(exponentMax, valueAt(plane, features))))
}

/** A polynomial of the first feature alone, here the number of machines. */
export function fitPolynomial (degree: number): (samples: readonly Sample[]) => Predict {
  const powers = ([x = 0]: readonly number[]): number[] => Array.from({ length: degree }, (_, k) => x ** (k + 1))
  return (samples) => {
    const plane = leastSquares(samples.map(({ features }) => powers(features)), samples.map(({ runtimeSeconds }) => runtimeSeconds))
    return (features) => valueAt(plane, powers(features))
  }
}
