import { uDistribution } from './mann-whitney.ts'
import { normalQuantile, normalCdf } from './normal.ts'
import { quantile } from './quantile.ts'

/** A shift and an interval of it. */
export interface ShiftInterval {
  shift: number
  low: number
  high: number
  /** The chance that the interval holds the true shift; below what was asked for where there are too few values. */
  coverage: number
}

/** Up to here the interval rests on the exact distribution of U. */
const exactUpTo = 50

/**
 * Hodges-Lehmann shift of two independent samples: the median of all differences head - base, with the interval that
 * belongs to the Mann-Whitney test: the k-th least and the k-th largest difference, with chances of U that are exact up
 * to 50 values together and normal above.
 *
 * Source: J. L. Hodges and E. L. Lehmann, "Estimates of Location Based on Rank Tests", Annals of Mathematical Statistics
 * 34 (1963), 598-611; M. Hollander, D. A. Wolfe and E. Chicken, "Nonparametric Statistical Methods" (2014), section 4.3.
 *
 * @param base - at least one value
 * @param head - at least one value
 * @param confidence - from 0 to 1
 */
export function hodgesLehmann (base: readonly number[], head: readonly number[], confidence = 0.95): ShiftInterval {
  const [m, n] = [base.length, head.length]
  const differences = head.flatMap((after) => base.map((before) => after - before)).sort((a, b) => a - b)
  const { k, coverage } = m + n <= exactUpTo
    ? exactRank(uDistribution(m, n), confidence)
    : normalRank(m * n / 2, Math.sqrt(m * n * (m + n + 1) / 12), confidence)
  return intervalAt(differences, k, coverage)
}

/** The median of ascending values, and the k-th of them from either end. */
export function intervalAt (sorted: readonly number[], k: number, coverage: number): ShiftInterval {
  return { shift: quantile(sorted, 0.5), low: sorted[k - 1] as number, high: sorted[sorted.length - k] as number, coverage }
}

/** The largest k with P(statistic < k) at most half of what may be outside; 1, with the coverage it has, where there is none. */
export function exactRank (chances: readonly number[], confidence: number): { k: number, coverage: number } {
  const outside = (1 - confidence) / 2 * (1 + 1e-12)
  let below = chances[0] as number
  let k = 1
  while (k < (chances.length - 1) / 2 && below + (chances[k] as number) <= outside) {
    below += chances[k] as number
    k++
  }
  return { k, coverage: Math.max(0, 1 - 2 * below) }
}

/** The same from the mean and the standard deviation of the statistic, whose steps are of 1. */
export function normalRank (mean: number, sd: number, confidence: number): { k: number, coverage: number } {
  const k = Math.max(1, Math.floor(mean + 0.5 - sd * normalQuantile((1 + confidence) / 2)))
  return { k, coverage: Math.max(0, 1 - 2 * normalCdf((k - 0.5 - mean) / sd)) }
}
