import { exp, ln } from './elementary.ts'
import type { Random } from './random.ts'

/**
 * How long the authors' Testground plan takes to validate a file, in whole ms: a law of the index of the file's size in the list of
 * sizes, not of its bytes (mcd01/test-plans, bitswap-tuning/utils/validation.go).
 */
export const costLawNames = ['constant', 'linear', 'polynomial', 'exponential', 'logarithmic'] as const
export type CostLaw = typeof costLawNames[number]

const laws: Readonly<Record<CostLaw, (base: number, share: number) => number>> = {
  constant: (_, share) => 10 * share,
  linear: (base) => base,
  polynomial: (base) => base * base,
  exponential: exp,
  logarithmic: ln
}

/** One draw of a law, truncated as there. @param sizeIndex - from 0 */
export function validationMs (law: CostLaw, sizeIndex: number, random: Random): number {
  const base = sizeIndex + 1 + random.uniform()
  return Math.trunc(laws[law](base, random.uniform()))
}
