import { exactRank, intervalAt, normalRank } from './hodges-lehmann.ts'
import { normalTail } from './normal.ts'
import { midranks } from './ranks.ts'
import type { ShiftInterval } from './hodges-lehmann.ts'

export interface SignedRankTest {
  /** Sum of the ranks of the positive differences. */
  w: number
  /** Differences that are not zero, which are those that count. */
  n: number
  /** Two-sided. */
  p: number
  method: 'exact' | 'normal'
}

const exactUpTo = 50

/**
 * Wilcoxon's signed-rank test of paired differences, two-sided; zeros are left out. Up to 50 differences p is exact,
 * with ties that of the changes of sign of the midranks; above, normal with the variance corrected for ties and with
 * continuity.
 *
 * Source: F. Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1 (1945), 80-83; E. L. Lehmann,
 * "Nonparametrics" (1975), section 3.2.
 */
export function signedRank (differences: readonly number[]): SignedRankTest {
  const counted = differences.filter((difference) => difference !== 0)
  const n = counted.length
  if (n === 0) return { w: 0, n, p: 1, method: 'exact' }
  const { ranks, ties } = midranks(counted.map(Math.abs))
  const w = ranks.reduce((sum, rank, index) => (counted[index] as number) > 0 ? sum + rank : sum, 0)
  if (n <= exactUpTo) return { w, n, p: exactP(ranks, w), method: 'exact' }
  const tied = ties.reduce((sum, t) => sum + t ** 3 - t, 0)
  const sd = Math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - tied / 48)
  const off = Math.abs(w - n * (n + 1) / 4) - 0.5
  return { w, n, p: Math.min(1, 2 * normalTail(off / sd)), method: 'normal' }
}

/**
 * Hodges-Lehmann estimate of the centre of paired differences: the median of the means of all pairs of them, each with
 * itself too (Walsh averages), with the interval that belongs to the signed-rank test.
 *
 * Source: M. Hollander, D. A. Wolfe and E. Chicken, "Nonparametric Statistical Methods" (2014), sections 3.2 and 3.3.
 *
 * @param differences - at least one; zeros count
 */
export function pairedShift (differences: readonly number[], confidence = 0.95): ShiftInterval {
  const n = differences.length
  const means = differences.flatMap((a, i) => differences.slice(i).map((b) => (a + b) / 2)).sort((a, b) => a - b)
  const ranks = Array.from({ length: n }, (_, index) => index + 1)
  const { k, coverage } = n <= exactUpTo
    ? exactRank(chancesOfSums(ranks).filter((_, sum) => sum % 2 === 0), confidence)
    : normalRank(n * (n + 1) / 4, Math.sqrt(n * (n + 1) * (2 * n + 1) / 24), confidence)
  return intervalAt(means, k, coverage)
}

/** The least p that n differences can give: that of differences of one sign. */
export function leastPairedP (n: number): number {
  return Math.min(1, 2 / 2 ** n)
}

function exactP (ranks: readonly number[], w: number): number {
  const chances = chancesOfSums(ranks)
  const at = Math.round(2 * w)
  const chanceOf = (holds: (sum: number) => boolean): number =>
    chances.reduce((total, chance, sum) => holds(sum) ? total + chance : total, 0)
  return Math.min(1, 2 * Math.min(chanceOf((sum) => sum <= at), chanceOf((sum) => sum >= at)))
}

/** The chance of each sum of ranks when each sign is a fair coin; index is twice the sum, since midranks are halves. */
function chancesOfSums (ranks: readonly number[]): number[] {
  const doubled = ranks.map((rank) => Math.round(2 * rank))
  const chances = new Float64Array(doubled.reduce((sum, rank) => sum + rank, 0) + 1)
  chances[0] = 1
  let most = 0
  for (const rank of doubled) {
    most += rank
    for (let sum = most; sum >= 0; sum--) {
      chances[sum] = ((chances[sum] as number) + (sum >= rank ? chances[sum - rank] as number : 0)) / 2
    }
  }
  return [...chances]
}
