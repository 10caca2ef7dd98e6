import { endedValues } from './samples.ts'
import type { Sample } from './samples.ts'

/** One step of a distribution function: the fraction of all samples known to be at most `value`. */
export interface Step {
  value: number
  fraction: number
}

/**
 * Empirical distribution function, one step per different value. Censored samples count among all
 * samples but make no step, so the function ends below 1; where they lie between observed values it
 * is a lower bound of the truth.
 */
export function ecdf (samples: readonly Sample[]): Step[] {
  const observed = endedValues(samples)
  const steps: Step[] = []
  observed.forEach((value, index) => {
    if (observed[index + 1] !== value) steps.push({ value, fraction: (index + 1) / samples.length })
  })
  return steps
}
