import { mean } from './mean.ts'
import { studentReach } from './student.ts'
import type { Point } from './slope.ts'

/** y = factor * x ^ exponent. */
export interface PowerLaw {
  factor: number
  exponent: number
  /** Interval of the exponent. */
  low: number
  high: number
  /** Share of the variance of log y that the law explains. */
  r2: number
}

/**
 * Power law of scaling: least squares in log x and log y, with Student's interval of the exponent, which wants at least
 * three points; 1 is linear, 2 quadratic.
 *
 * Source: N. R. Draper and H. Smith, "Applied Regression Analysis" (1998), chapter 1, on logarithms.
 *
 * @param points - at least three, all numbers above 0, with two different x
 */
export function powerLaw (points: readonly Point[], confidence = 0.95): PowerLaw {
  const n = points.length
  if (n < 3 || points.some(([x, y]) => !(x > 0 && y > 0))) throw new RangeError(`No power law of ${n} points: it takes three, all above 0.`)
  const [xs, ys] = [points.map(([x]) => Math.log(x)), points.map(([, y]) => Math.log(y))]
  const [meanX, meanY] = [mean(xs), mean(ys)]
  const products = (as: readonly number[], meanA: number, bs: readonly number[], meanB: number): number =>
    as.reduce((sum, a, index) => sum + (a - meanA) * ((bs[index] as number) - meanB), 0)
  const [xx, xy, yy] = [products(xs, meanX, xs, meanX), products(xs, meanX, ys, meanY), products(ys, meanY, ys, meanY)]
  if (xx === 0) throw new RangeError('No power law of points with one x.')
  const exponent = xy / xx
  const r2 = yy === 0 ? 1 : xy * xy / (xx * yy)
  const reach = studentReach(confidence, n - 2) * Math.sqrt(Math.max(0, 1 - r2) * yy / xx / (n - 2))
  return { factor: Math.exp(meanY - exponent * meanX), exponent, low: exponent - reach, high: exponent + reach, r2 }
}
