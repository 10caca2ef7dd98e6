import { quantile } from './quantile.ts'

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
