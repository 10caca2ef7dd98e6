import { defineStrategy, spoken } from '../strategy.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'

export interface MajorityOptions {
  /** The longest wait for votes, in milliseconds. */
  waitMs?: number
  /** The fewest votes that decide anything. */
  votersMin?: number
  /** What to do where the vote decides nothing. */
  otherwise?: 'undecided' | 'self'
}

/**
 * The simple majority of those connected peers that vote. It ends as soon as the votes that are still out cannot change it. If voters
 * err independently with a probability below one half, it is right more often than any one of them (Condorcet 1785).
 */
export function createMajority (init: StrategyInit, options: MajorityOptions = {}): Strategy {
  const { waitMs = 5_000, votersMin = 3, otherwise = 'undecided' } = options

  return defineStrategy({ ...init, name: 'majority', recall: 'any' }, async (trial) => {
    const poll = await trial.poll({
      peers: trial.host.connectedPeers(),
      waitMs,
      isDecided: ({ yes, no }, outstanding) => yes + no >= votersMin && Math.abs(yes - no) > outstanding
    })
    const { yes, no } = poll.tally
    const reasons = [spoken(poll)]

    if (yes + no >= votersMin && yes !== no) {
      return { verdict: yes > no ? 'valid' : 'invalid', reasons, selfDetermined: false, poll }
    }

    if (otherwise === 'undecided') {
      return { verdict: 'undecided', reasons: [...reasons, `${votersMin} votes and a majority are needed`], selfDetermined: false, poll }
    }

    const examined = await trial.examine()
    return { ...examined, reasons: [...reasons, ...examined.reasons], poll }
  })
}
