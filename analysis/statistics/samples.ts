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

/** The values of samples, ascending. A loop, because `Float64Array.from` with a function is slow; many samples come in their order. */
function valuesOf (samples: readonly Sample[]): Float64Array {
  const values = new Float64Array(samples.length)
  let isAscending = true
  for (let index = 0; index < samples.length; index++) {
    const { value } = samples[index] as Sample
    isAscending &&= index === 0 || value >= (values[index - 1] as number)
    values[index] = value
  }
  return isAscending ? values : values.sort()
}

/** The values of those samples that ended, ascending. */
export function endedValues (samples: readonly Sample[]): Float64Array {
  return valuesOf(samples.filter(({ censored }) => !censored))
}

/**
 * Orders samples by value; of two equal ones the censored stands second, for its true value is larger.
 */
export function sortSamples (samples: readonly Sample[]): Sample[] {
  // Numbers alone are sorted far quicker than objects with a comparison.
  const [ended, waits] = [endedValues(samples), valuesOf(samples.filter(({ censored }) => censored))]
  const sorted: Sample[] = []
  let [end, wait] = [0, 0]
  while (end < ended.length || wait < waits.length) {
    const isWait = end === ended.length || (wait < waits.length && (waits[wait] as number) < (ended[end] as number))
    sorted.push({ value: (isWait ? waits[wait++] : ended[end++]) as number, censored: isWait })
  }
  return sorted
}

/**
 * Number of samples, of censored ones, median, 95th percentile (type 7) and maximum. A quantile with
 * a censored sample at or below it is only a lower bound, and is marked as one.
 *
 * @param samples - at least one
 */
export function summarise (samples: readonly Sample[]): Summary {
  const values = valuesOf(samples)
  const waits = samples.filter((sample) => sample.censored)
  const shortest = waits.reduce((least, { value }) => Math.min(least, value), Infinity)
  // In their order, the first wait that ran out stands behind all that ended and took no longer.
  const endedBefore = samples.reduce((count, { value, censored }) => !censored && value <= shortest ? count + 1 : count, 0)
  const firstCensored = waits.length === 0 ? -1 : endedBefore
  const estimate = (p: number): Estimate => {
    const { low, weight } = position(values.length, p)
    const highest = weight === 0 ? low : low + 1
    return { value: quantile(values, p), bound: firstCensored !== -1 && firstCensored <= highest }
  }
  return {
    n: samples.length,
    censored: waits.length,
    median: estimate(0.5),
    p95: estimate(0.95),
    max: estimate(1)
  }
}
