import { cliffsDelta, hodgesLehmann, leastP, leastPairedP, mannWhitney, median, pairedShift, signedRank } from '../statistics/index.ts'
import type { ShiftInterval } from '../statistics/index.ts'

/** How far head is from base: relative to base, so that 0.1 is a tenth more. */
export interface Effect {
  relative: number
  low: number
  high: number
  /** The chance that the interval holds the true effect. */
  coverage: number
  /** The same as a difference, in the metric's unit. */
  shift: number
  /** Two-sided, not corrected. */
  p: number
  /** Cliff's delta, from -1 to 1. */
  delta: number
  baseMedian: number
  headMedian: number
  /** Runs of either side, or pairs of them. */
  n: { base: number, head: number }
  isPaired: boolean
}

/** Values of runs, by side; where they are paired, each belongs to the one at the same place. */
export interface Sides {
  base: readonly number[]
  head: readonly number[]
  isPaired: boolean
}

/**
 * The effect from one value for each run: Hodges-Lehmann shift with its interval, of logarithms where all values are
 * above 0, so that twice and half are as far from 1; and p of the rank test that the interval belongs to.
 *
 * @param sides - at least one value on each
 */
export function effectOf (sides: Sides): Effect {
  const { base, head, isPaired } = sides
  const [baseMedian, headMedian] = [median(base), median(head)]
  const isPositive = [...base, ...head].every((value) => value > 0)
  const shiftOf = (map: (value: number) => number): ShiftInterval => isPaired
    ? pairedShift(head.map((value, index) => map(value) - map(base[index] as number)))
    : hodgesLehmann(base.map(map), head.map(map))
  const plain = shiftOf((value) => value)
  const { shift, low, high, coverage } = isPositive ? shiftOf(Math.log) : plain
  const relative = isPositive ? Math.expm1 : (difference: number) => difference === 0 ? 0 : difference / Math.abs(baseMedian)
  const { p } = isPaired ? signedRank(head.map((value, index) => value - (base[index] as number))) : mannWhitney(base, head)
  return {
    relative: relative(shift), low: relative(low), high: relative(high), coverage, shift: plain.shift, p,
    delta: cliffsDelta(base, head), baseMedian, headMedian, n: { base: base.length, head: head.length }, isPaired
  }
}

/** More runs than this are not asked for one by one. */
const runsMost = 200

/** Runs of either side, or pairs, from which complete separation is significant at `alpha` and an interval has 95 %. */
export function runsNeeded (alpha: number, isPaired: boolean): number {
  let runs = isPaired ? 6 : 4
  while (runs < runsMost && (isPaired ? leastPairedP(runs) : leastP(runs, runs)) > alpha) runs++
  return runs
}
