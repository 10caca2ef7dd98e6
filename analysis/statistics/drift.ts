import { normalTail } from './normal.ts'
import { midranks } from './ranks.ts'
import { theilSen } from './slope.ts'

export interface Drift {
  /** Kendall's tau between order and value: from -1, always falling, to 1, always rising. */
  tau: number
  /** Two-sided p of the Mann-Kendall test. */
  p: number
  /** Theil-Sen slope, in the unit of the values for each repeat. */
  perRepeat: number
}

/** Up to here, and without ties, p is exact. */
const exactUpTo = 50

/**
 * Drift over repeats: whether values rise or fall in the order in which they were measured (Mann-Kendall test), and by
 * how much from each to the next. p is exact up to 50 values without ties, else normal and corrected for ties.
 *
 * Source: H. B. Mann, "Nonparametric Tests Against Trend", Econometrica 13 (1945), 245-259; M. G. Kendall, "Rank
 * Correlation Methods" (1970), chapters 4 and 5.
 *
 * @param values - in the order of measuring, at least two
 */
export function drift (values: readonly number[]): Drift {
  const n = values.length
  if (n < 2) throw new RangeError(`No drift of ${n} values: it takes two.`)
  let score = 0
  for (let late = 1; late < n; late++) {
    for (let early = 0; early < late; early++) score += Math.sign((values[late] as number) - (values[early] as number))
  }
  const { ties } = midranks(values)
  const pairs = n * (n - 1) / 2
  const tied = ties.reduce((sum, t) => sum + t * (t - 1) / 2, 0)
  const tau = tied === pairs ? 0 : score / Math.sqrt(pairs * (pairs - tied))
  const p = tied === 0 && n <= exactUpTo ? exactP(n, score) : normalP(n, score, ties)
  return { tau, p, perRepeat: theilSen(values.map((value, index) => [index, value])).slope }
}

/** From the number of orders of n values by how many of their pairs are inverted. */
function exactP (n: number, score: number): number {
  const pairs = n * (n - 1) / 2
  let chances = [1]
  for (let size = 2; size <= n; size++) {
    const next = new Array<number>(chances.length + size - 1).fill(0)
    for (const [inverted, chance] of chances.entries()) {
      for (let more = 0; more < size; more++) next[inverted + more] = (next[inverted + more] as number) + chance / size
    }
    chances = next
  }
  const rarest = Math.min((pairs - score) / 2, (pairs + score) / 2)
  const tail = chances.slice(0, rarest + 1).reduce((sum, chance) => sum + chance, 0)
  return Math.min(1, 2 * tail)
}

function normalP (n: number, score: number, ties: readonly number[]): number {
  const weight = (size: number): number => size * (size - 1) * (2 * size + 5)
  const variance = (weight(n) - ties.reduce((sum, size) => sum + weight(size), 0)) / 18
  return variance === 0 ? 1 : Math.min(1, 2 * normalTail(Math.abs(score) / Math.sqrt(variance)))
}
