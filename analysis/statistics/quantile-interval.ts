/** The places, from 0, of two values in their order, between which a quantile lies whatever the distribution is. */
export interface QuantileInterval {
  low: number
  high: number
  /** The chance that these two have the true quantile between them; below what was asked for where there are too few values. */
  coverage: number
}

/**
 * Exact interval of a quantile by order statistics. The number of values at or below the quantile is binomial (n, p): `low` is the
 * largest place, and `high` the least, beyond which the quantile lies with a chance of no more than half of what is left out.
 *
 * Source: H. A. David and H. N. Nagaraja, "Order Statistics" (2003), section 7.1.
 *
 * @param n - number of independent values, at least 1
 * @param p - of the quantile, above 0 and below 1
 */
export function quantileInterval (n: number, p: number, confidence = 0.95): QuantileInterval {
  const outside = (1 - confidence) / 2
  const lower = tail(n, p, outside)
  const upper = tail(n, 1 - p, outside)
  const low = Math.max(1, lower.count)
  const high = Math.min(n, n + 1 - upper.count)
  // Where no place leaves little enough outside, the first or the last value leaves what it leaves.
  const [below, above] = [lower.count === 0 ? (1 - p) ** n : lower.chance, upper.count === 0 ? p ** n : upper.chance]
  return { low: low - 1, high: high - 1, coverage: Math.max(0, 1 - below - above) }
}

/** The largest count of which a binomial number stays below with a chance of at most `outside`, and that chance. */
function tail (n: number, p: number, outside: number): { count: number, chance: number } {
  // Logarithms, because the first chances of many values are smaller than any number.
  const odds = Math.log(p) - Math.log1p(-p)
  let logarithm = n * Math.log1p(-p)
  let chance = 0
  let count = 0
  while (count < n && chance + Math.exp(logarithm) <= outside) {
    chance += Math.exp(logarithm)
    logarithm += Math.log((n - count) / (count + 1)) + odds
    count++
  }
  return { count, chance }
}
