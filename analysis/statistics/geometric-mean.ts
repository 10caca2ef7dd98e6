import { studentReach } from './student.ts'

export interface RatioMean {
  mean: number
  /** Interval; equal to the mean where there is one ratio only. */
  low: number
  high: number
}

/**
 * Geometric mean of ratios, for which twice and half cancel out, with Student's interval on logarithms.
 *
 * Source: P. J. Fleming and J. J. Wallace, "How Not To Lie With Statistics: The Correct Way To Summarize Benchmark
 * Results", Communications of the ACM 29 (1986), 218-221.
 *
 * @param ratios - at least one, all above 0
 */
export function geometricMean (ratios: readonly number[], confidence = 0.95): RatioMean {
  const n = ratios.length
  if (n === 0 || ratios.some((ratio) => !(ratio > 0))) throw new RangeError(`No geometric mean of ${n} ratios that are not all above 0.`)
  const logs = ratios.map(Math.log)
  const centre = logs.reduce((sum, log) => sum + log, 0) / n
  if (n === 1) return { mean: Math.exp(centre), low: Math.exp(centre), high: Math.exp(centre) }
  const variance = logs.reduce((sum, log) => sum + (log - centre) ** 2, 0) / (n - 1)
  const reach = studentReach(confidence, n - 1) * Math.sqrt(variance / n)
  return { mean: Math.exp(centre), low: Math.exp(centre - reach), high: Math.exp(centre + reach) }
}
