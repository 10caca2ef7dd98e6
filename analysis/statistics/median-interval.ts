import { quantileInterval } from './quantile-interval.ts'
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
  const { low, high, coverage } = quantileInterval(n, 0.5, confidence)
  return { n, median: quantile(sorted, 0.5), low: sorted[low] as number, high: sorted[high] as number, coverage }
}
