import { normalQuantile } from './normal.ts'
import { quantile } from './quantile.ts'
import { midranks } from './ranks.ts'

export interface Slope {
  slope: number
  intercept: number
  /** Interval of the slope. */
  low: number
  high: number
}

/** A point (x, y). */
export type Point = readonly [number, number]

/**
 * Theil-Sen slope: the median of the slopes of all pairs of points with different x, with Sen's interval; the line goes
 * through the medians of x and y. As many as 29 % of the points may be anything.
 *
 * Source: P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", Journal of the American
 * Statistical Association 63 (1968), 1379-1389.
 *
 * @param points - at least two with different x
 */
export function theilSen (points: readonly Point[], confidence = 0.95): Slope {
  const slopes = slopesOf(points)
  const slope = quantile(slopes, 0.5)
  const n = points.length
  const weight = (size: number): number => size * (size - 1) * (2 * size + 5)
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const tied = [xs, ys].flatMap((values) => midranks(values).ties).reduce((sum, size) => sum + weight(size), 0)
  const reach = normalQuantile((1 + confidence) / 2) * Math.sqrt(Math.max(0, weight(n) - tied) / 18)
  const high = Math.min(Math.round((slopes.length + reach) / 2), slopes.length - 1)
  const low = Math.max(Math.round((slopes.length - reach) / 2) - 1, 0)
  return {
    slope,
    intercept: middle(ys) - slope * middle(xs),
    low: slopes[low] as number,
    high: slopes[high] as number
  }
}

/**
 * Trimmed slope: the mean of the slopes of all pairs of points, without the share `trim` of them at either end. 0 is the
 * mean of all; towards 0.5 it becomes the Theil-Sen slope, which is more robust and less precise.
 *
 * @param trim - from 0 to below 0.5
 */
export function trimmedSlope (points: readonly Point[], trim = 0.25): number {
  const slopes = slopesOf(points)
  const cut = Math.floor(trim * slopes.length)
  const kept = slopes.slice(cut, slopes.length - cut)
  return kept.reduce((sum, slope) => sum + slope, 0) / kept.length
}

function slopesOf (points: readonly Point[]): number[] {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).flatMap(([otherX, otherY]) => otherX === x ? [] : (otherY - y) / (otherX - x)))
  if (slopes.length === 0) throw new RangeError('No slope of points without two different x.')
  return slopes.sort((a, b) => a - b)
}

function middle (values: readonly number[]): number {
  return quantile([...values].sort((a, b) => a - b), 0.5)
}
