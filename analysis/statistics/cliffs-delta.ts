import { mannWhitney } from './mann-whitney.ts'

/**
 * Cliff's delta: the chance that a value of head is above one of base, less the chance that it is below; from -1 to 1,
 * and 0 where neither tends to be larger.
 *
 * Source: N. Cliff, "Dominance Statistics: Ordinal Analyses to Answer Ordinal Questions", Psychological Bulletin 114
 * (1993), 494-509.
 */
export function cliffsDelta (base: readonly number[], head: readonly number[]): number {
  return 2 * mannWhitney(base, head).u / (base.length * head.length) - 1
}
