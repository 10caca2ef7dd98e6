/**
 * Descriptive statistics of samples in which a wait that ran out is data: a censored sample says
 * "longer than this", never "this" and never "nothing".
 */

import { position, quantile } from './quantile.ts'

/** One measured value, in the unit of its metric; `censored` when the wait ran out at `value`. */
export interface Sample {
  value: number
  censored: boolean
}

/** A statistic; `bound` when a censored sample decided it, so that the truth is above `value`. */
export interface Estimate {
  value: number
  bound: boolean
}

export interface Summary {
  n: number
  censored: number
  median: Estimate
  p95: Estimate
  max: Estimate
}

/**
 * Orders samples by value; of two equal ones the censored stands second, for its true value is larger.
 */
export function sortSamples (samples: readonly Sample[]): Sample[] {
  return [...samples].sort((a, b) => a.value - b.value || Number(a.censored) - Number(b.censored))
}

/**
 * Number of samples, of censored ones, median, 95th percentile (type 7) and maximum. A quantile with
 * a censored sample at or below it is only a lower bound, and is marked as one.
 *
 * @param samples - at least one
 */
export function summarise (samples: readonly Sample[]): Summary {
  const sorted = sortSamples(samples)
  const values = sorted.map((sample) => sample.value)
  const firstCensored = sorted.findIndex((sample) => sample.censored)
  const estimate = (p: number): Estimate => {
    const { low, weight } = position(values.length, p)
    const highest = weight === 0 ? low : low + 1
    return { value: quantile(values, p), bound: firstCensored !== -1 && firstCensored <= highest }
  }
  return {
    n: sorted.length,
    censored: sorted.filter((sample) => sample.censored).length,
    median: estimate(0.5),
    p95: estimate(0.95),
    max: estimate(1)
  }
}
