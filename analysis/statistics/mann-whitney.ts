import { normalTail } from './normal.ts'
import { midranks } from './ranks.ts'

export interface RankTest {
  /** Pairs in which the second sample's value is the larger, ties half. */
  u: number
  /** Two-sided. */
  p: number
  method: 'exact' | 'normal'
}

/** Up to here the exact distribution takes milliseconds, and its counts stay whole numbers. */
const exactUpTo = 50

/**
 * Mann-Whitney U test of two independent samples, two-sided. Up to 50 values together p is exact, and with ties it is
 * that of the permutations of the midranks; above, normal with the variance corrected for ties and with continuity.
 *
 * Source: H. B. Mann and D. R. Whitney, "On a Test of Whether One of Two Random Variables is Stochastically Larger than
 * the Other", Annals of Mathematical Statistics 18 (1947), 50-60; E. L. Lehmann, "Nonparametrics" (1975), sections 1.2-1.4.
 *
 * @param base - at least one value
 * @param head - at least one value
 */
export function mannWhitney (base: readonly number[], head: readonly number[]): RankTest {
  const [m, n] = [base.length, head.length]
  if (m === 0 || n === 0) throw new RangeError(`No rank test of ${m} against ${n} values.`)
  const { ranks, ties } = midranks([...base, ...head])
  const u = ranks.slice(m).reduce((sum, rank) => sum + rank, 0) - n * (n + 1) / 2
  if (m + n <= exactUpTo) return { u, p: exactP(ranks, n, u), method: 'exact' }
  const total = m + n
  const tied = ties.reduce((sum, t) => sum + t ** 3 - t, 0)
  const sd = Math.sqrt(m * n / 12 * (total + 1 - tied / (total * (total - 1))))
  const off = Math.max(u, m * n - u) - m * n / 2 - 0.5
  return { u, p: sd === 0 ? 1 : Math.min(1, 2 * normalTail(off / sd)), method: 'normal' }
}

/** The least p that samples of these sizes can give: that of samples which do not overlap. */
export function leastP (m: number, n: number): number {
  let choices = 1
  for (let k = 1; k <= n; k++) choices *= (m + k) / k
  return Math.min(1, 2 / choices)
}

/** Chances of U = 0, 1, ... m n where there are no ties. */
export function uDistribution (m: number, n: number): number[] {
  const ranks = Array.from({ length: m + n }, (_, index) => index + 1)
  const { counts, least } = sumsOfRanks(ranks, n)
  const all = counts.reduce((sum, count) => sum + count, 0)
  return counts.filter((_, index) => (index - least) % 2 === 0 && index >= least).slice(0, m * n + 1).map((count) => count / all)
}

function exactP (ranks: readonly number[], n: number, u: number): number {
  const { counts } = sumsOfRanks(ranks, n)
  const at = Math.round(2 * (u + n * (n + 1) / 2))
  let [below, above, all] = [0, 0, 0]
  for (const [sum, count] of counts.entries()) {
    all += count
    if (sum <= at) below += count
    if (sum >= at) above += count
  }
  return Math.min(1, 2 * Math.min(below, above) / all)
}

/** How many choices of n ranks have which sum; index is twice the sum, since midranks are halves. */
function sumsOfRanks (ranks: readonly number[], n: number): { counts: number[], least: number } {
  const doubled = ranks.map((rank) => Math.round(2 * rank)).sort((a, b) => a - b)
  const most = doubled.slice(-n).reduce((sum, rank) => sum + rank, 0)
  const bySize = Array.from({ length: n + 1 }, () => new Float64Array(most + 1))
  ;(bySize[0] as Float64Array)[0] = 1
  for (const [index, rank] of doubled.entries()) {
    for (let size = Math.min(n, index + 1); size >= 1; size--) {
      const [into, from] = [bySize[size] as Float64Array, bySize[size - 1] as Float64Array]
      for (let sum = most; sum >= rank; sum--) into[sum] = (into[sum] as number) + (from[sum - rank] as number)
    }
  }
  return { counts: [...bySize[n] as Float64Array], least: doubled.slice(0, n).reduce((sum, rank) => sum + rank, 0) }
}
