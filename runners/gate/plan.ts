export type Side = 'base' | 'head'

/** Runs of each side after which it is looked whether the answer is clear: the first are as few as can tell anything. */
export const looksAt = { sim: [9, 18, 36, 72, 144, 288], local: [6, 12, 24, 48, 96, 192] } as const

/**
 * The chance to find a change where there is none that one look may take of the whole: alpha / (k (k + 1)) for the k-th, whose
 * sum over any number of looks is no more than alpha.
 *
 * @param look - from 1
 */
export function alphaOfLook (alpha: number, look: number): number {
  return alpha / (look * (look + 1))
}

/** Who runs in which order, ABBA: whatever the machine does slowly over time falls on both sides alike. */
export function turnsOf (pair: number): readonly Side[] {
  return pair % 2 === 0 ? ['base', 'head'] : ['head', 'base']
}
