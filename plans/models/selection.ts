import { meanAbsoluteError } from './model.ts'
import type { Fit, Sample } from './model.ts'

/** Up to so many samples, each is left out alone; with 270 of them that would take a hundred times as long as ten folds do. */
const leaveOneOutMax = 30
const folds = 10

/**
 * Takes, of several models, the one with the least mean absolute error in cross-validation, the first of equals, and fits it to
 * all samples. Every sample is left out once: alone where there are at most thirty, as the C3O predictor does, else together with
 * every tenth other.
 */
export function selectBest (candidates: readonly Fit[]): Fit {
  return (samples) => {
    const [first] = candidates
    const scores = samples.length > 1 ? candidates.map((fit) => crossValidated(fit, samples)) : []
    const best = scores.reduce((least, score, i) => score < (scores[least] as number) ? i : least, 0)
    return (candidates[best] ?? first as Fit)(samples)
  }
}

/** Mean absolute error, in seconds, on samples that the model was not fitted to; infinite where it is no number. */
export function crossValidated (fit: Fit, samples: readonly Sample[]): number {
  const parts = samples.length <= leaveOneOutMax ? samples.length : folds
  let sum = 0

  for (let part = 0; part < parts; part++) {
    const left = samples.filter((_, i) => i % parts === part)
    const predict = fit(samples.filter((_, i) => i % parts !== part))
    sum += left.length * meanAbsoluteError(predict, left)
  }

  return Number.isFinite(sum) ? sum / samples.length : Infinity
}
