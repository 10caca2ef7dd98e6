import { exp, ln } from '../elementary.ts'

/**
 * What a validation costs, in milliseconds, as the authors of PeersDB had it in their plan for Testground (mcd01/test-plans,
 * utils/validation.go): a function of the index of a file's size in a list of sizes, not of the size, and of one uniform number.
 */
export const costLaws = ['constant', 'linear', 'polynomial', 'exponential', 'logarithmic'] as const

export type CostLaw = (typeof costLaws)[number]

/** How each law turns its base into milliseconds, before they are cut to whole ones, and back. */
const laws: Record<CostLaw, { of: (base: number) => number, inverse: (ms: number) => number }> = {
  constant: { of: (uniform) => 10 * uniform, inverse: (ms) => ms / 10 },
  linear: { of: (base) => base, inverse: (ms) => ms },
  polynomial: { of: (base) => base * base, inverse: Math.sqrt },
  exponential: { of: exp, inverse: ln },
  logarithmic: { of: ln, inverse: exp }
}

/** What is between 0 and 1 for the first law, and one more than the index for the others. */
function lowest (law: CostLaw, index: number): number {
  return law === 'constant' ? 0 : index + 1
}

/** @param uniform - from 0, and below 1 */
export function costMs (law: CostLaw, index: number, uniform: number): number {
  return Math.trunc(laws[law].of(lowest(law, index) + uniform))
}

/** The least and the greatest cost that can be drawn, in milliseconds; the greatest itself may have probability 0. */
export function costRangeMs (law: CostLaw, index: number): { min: number, max: number } {
  const { of } = laws[law]
  return { min: Math.trunc(of(lowest(law, index))), max: Math.trunc(of(lowest(law, index) + 1)) }
}

/** The mean of all costs that can be drawn, exactly: the sum, over whole milliseconds, of the probability to cost at least so many. */
export function expectedCostMs (law: CostLaw, index: number): number {
  const { min, max } = costRangeMs(law, index)
  let expected = min

  for (let ms = min + 1; ms <= max; ms++) {
    expected += Math.max(0, Math.min(1, lowest(law, index) + 1 - laws[law].inverse(ms)))
  }

  return expected
}

/**
 * By how much the mean of so many independent costs may miss the expected one: it does by more once in a million times, at most
 * (Hoeffding 1963).
 */
export function costToleranceMs (law: CostLaw, index: number, count: number): number {
  const { min, max } = costRangeMs(law, index)
  return (max - min) * Math.sqrt(Math.log(2e6) / (2 * count))
}
