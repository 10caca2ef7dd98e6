import type { strategyNames } from '../strategy-names.ts'

export type StrategyName = typeof strategyNames[number]

/** What a peer found out about a contribution, and how. */
export interface Verdict {
  cid: string
  verdict: 'valid' | 'invalid' | 'undecided'
  strategy: StrategyName
  /** ISO 8601. */
  decidedAt: string
  elapsedMs: number
  reasons: string[]
  /** Every vote that arrived; each voter counts once. */
  votes: Array<{ voter: string, valid: boolean, counted: boolean }>
  /** Requests sent for it. */
  messages: number
  /** Bytes of votes, and of what was told with them, received for it. */
  bytes: number
}
