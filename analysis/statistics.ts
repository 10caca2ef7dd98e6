/**
 * Descriptive statistics of samples in which a wait that ran out is data: a censored sample says
 * "longer than this", never "this" and never "nothing".
 */

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

/** One step of a distribution function: the fraction of all samples known to be at most `value`. */
export interface Step {
  value: number
  fraction: number
}

/**
 * Orders samples by value; of two equal ones the censored stands second, for its true value is larger.
 */
export function sortSamples (samples: readonly Sample[]): Sample[] {
  return [...samples].sort((a, b) => a.value - b.value || Number(a.censored) - Number(b.censored))
}

/**
 * Quantile of type 7 (linear interpolation between order statistics at 1 + (n - 1) p), the default
 * of R and NumPy.
 *
 * Source: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American
 * Statistician 50 (1996), 361-365.
 *
 * @param sorted - ascending values, at least one
 * @param p - probability from 0 to 1
 */
export function quantile (sorted: readonly number[], p: number): number {
  const { low, weight } = position(sorted.length, p)
  const from = sorted[low] as number
  return weight === 0 ? from : from + weight * ((sorted[low + 1] as number) - from)
}

/** The middle of the values (type 7). */
export function median (values: readonly number[]): number {
  return quantile([...values].sort((a, b) => a - b), 0.5)
}

/** A median between two of its values, and the chance that these cover the true one, whatever the distribution. */
export interface MedianInterval {
  n: number
  median: number
  low: number
  high: number
  /** Below what was asked for where there are too few values: then `low` and `high` are the least and the largest. */
  coverage: number
}

/**
 * Exact interval of a median: the k-th least and the k-th largest value, k as large as the coverage
 * 1 - 2 P(B < k), B binomial (n, 1/2), allows.
 *
 * Source: H. A. David and H. N. Nagaraja, "Order Statistics" (2003), section 7.1.
 *
 * @param values - at least one, independent of each other
 * @param confidence - from 0 to 1
 */
export function medianInterval (values: readonly number[], confidence = 0.95): MedianInterval {
  const sorted = [...values].sort((a, b) => a - b)
  const n = sorted.length
  let k = 1
  while (k + 1 <= n / 2 && coverageOf(n, k + 1) >= confidence) k++
  const [low, high] = [sorted[k - 1] as number, sorted[n - k] as number]
  return { n, median: quantile(sorted, 0.5), low, high, coverage: coverageOf(n, k) }
}

/** The chance that the k-th least and the k-th largest of n values have the true median between them. */
function coverageOf (n: number, k: number): number {
  let chance = 1 / 2 ** n
  let below = 0
  for (let successes = 0; successes < k; successes++) {
    below += chance
    chance *= (n - successes) / (successes + 1)
  }
  return Math.max(0, 1 - 2 * below)
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

/**
 * Empirical distribution function, one step per different value. Censored samples count among all
 * samples but make no step, so the function ends below 1; where they lie between observed values it
 * is a lower bound of the truth.
 */
export function ecdf (samples: readonly Sample[]): Step[] {
  const observed = samples.filter((sample) => !sample.censored).map((sample) => sample.value).sort((a, b) => a - b)
  const steps: Step[] = []
  observed.forEach((value, index) => {
    if (observed[index + 1] !== value) steps.push({ value, fraction: (index + 1) / samples.length })
  })
  return steps
}

/** At most `limit` items, evenly spread, first and last among them: what a figure can show. */
export function thin<T> (items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items]
  const stride = (items.length - 1) / (limit - 1)
  return Array.from({ length: limit }, (_, index) => items[Math.round(index * stride)] as T)
}

function position (n: number, p: number): { low: number, weight: number } {
  if (n === 0 || !(p >= 0 && p <= 1)) throw new RangeError(`No quantile ${p} of ${n} values.`)
  const at = (n - 1) * p
  const low = Math.floor(at)
  // Rounding noise of (n - 1) * p must not reach for a neighbour, least of all a censored one.
  const weight = at - low < 1e-9 ? 0 : at - low
  return { low, weight }
}
