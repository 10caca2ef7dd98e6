import type { Verdict } from '../runners/index.ts'

export const exitCodes = { pass: 0, fail: 1, unknown: 2, usageError: 64, harnessBroke: 70 } as const

export function exitCodeOf (verdict: Verdict): number {
  return exitCodes[verdict]
}
