import { normalQuantile } from './normal.ts'
import { sortSamples } from './samples.ts'
import type { Sample } from './samples.ts'

/** One step of a distribution function of samples of which some waits ran out. */
export interface CensoredStep {
  value: number
  /** Samples not yet seen to end before `value`. */
  atRisk: number
  /** Estimated chance of a value of at most `value`. */
  fraction: number
  standardError: number
  /** Interval of the fraction. */
  low: number
  high: number
}

/**
 * Distribution function with censoring (Kaplan-Meier), one step per observed value, Greenwood's standard error, and the
 * interval that is symmetrical for log(-log S), so that it stays between 0 and 1. The last step is below 1 where the
 * largest sample is censored.
 *
 * Source: E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", Journal of the American
 * Statistical Association 53 (1958), 457-481; J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of Failure
 * Time Data" (2002), section 1.4.
 */
export function kaplanMeier (samples: readonly Sample[], confidence = 0.95): CensoredStep[] {
  const sorted = sortSamples(samples)
  const z = normalQuantile((1 + confidence) / 2)
  const steps: CensoredStep[] = []
  let survival = 1
  let greenwood = 0
  for (let from = 0; from < sorted.length;) {
    const { value } = sorted[from] as Sample
    const atRisk = sorted.length - from
    let ended = 0
    for (; from < sorted.length && (sorted[from] as Sample).value === value; from++) ended += (sorted[from] as Sample).censored ? 0 : 1
    if (ended === 0) continue
    survival *= 1 - ended / atRisk
    greenwood += ended / (atRisk * (atRisk - ended))
    const certain = survival === 0
    const reach = certain ? 0 : z * Math.sqrt(greenwood) / Math.abs(Math.log(survival))
    steps.push({
      value,
      atRisk,
      fraction: 1 - survival,
      standardError: certain ? 0 : survival * Math.sqrt(greenwood),
      low: certain ? 1 : 1 - survival ** Math.exp(-reach),
      high: certain ? 1 : 1 - survival ** Math.exp(reach)
    })
  }
  return steps
}
