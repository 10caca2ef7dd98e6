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
export function quantile (sorted: ArrayLike<number>, p: number): number {
  const { low, weight } = position(sorted.length, p)
  const from = sorted[low] as number
  return weight === 0 ? from : from + weight * ((sorted[low + 1] as number) - from)
}

/** The middle of the values (type 7). */
export function median (values: readonly number[]): number {
  return quantile(new Float64Array(values).sort(), 0.5)
}

/** Where among ascending values a probability falls: after `low`, by `weight` of the way to the next. */
export function position (n: number, p: number): { low: number, weight: number } {
  if (n === 0 || !(p >= 0 && p <= 1)) throw new RangeError(`No quantile ${p} of ${n} values.`)
  const at = (n - 1) * p
  const low = Math.floor(at)
  // Rounding noise of (n - 1) * p must not reach for a neighbour, least of all a censored one.
  const weight = at - low < 1e-9 ? 0 : at - low
  return { low, weight }
}
