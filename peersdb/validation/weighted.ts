import type { Reputation, VerdictStore } from './verdict-store.ts'
import type { SignedVote } from './vote.ts'

/** What the votes weigh: those for valid, and all of them. */
export interface Weights {
  readonly yes: number
  readonly all: number
}

export function weigh (votes: readonly SignedVote[], weightOf: (voter: string) => number): Weights {
  const sum = (some: readonly SignedVote[]): number => some.reduce((total, { voter }) => total + weightOf(voter), 0)
  return { yes: sum(votes.filter(({ valid }) => valid)), all: sum(votes) }
}

/** The side that has more than a share of the weight, where one has; `theta` is at least one half. */
export function heavierSide ({ yes, all }: Weights, theta: number): 'valid' | 'invalid' | undefined {
  return yes > theta * all ? 'valid' : all - yes > theta * all ? 'invalid' : undefined
}

/**
 * The logarithm of the odds that a voter is right, by the rule of succession: the best weights of independent voters (Nitzan and Paroush
 * 1982). Who is more often wrong than right weighs nothing, rather than the opposite of what it says.
 *
 * @param credit - how often it counts as having been right before anything is known of it
 */
export function oddsWeight ({ agreed, disagreed }: Reputation, credit = 0): number {
  return Math.max(0, Math.log((agreed + credit + 1) / (disagreed + 1)))
}

/**
 * Compares what voters said with what this peer found, and keeps it.
 *
 * @param memory - what earlier cases still count, from 0 to 1
 */
export function learn (votes: readonly SignedVote[], truth: boolean, memory: number, store: VerdictStore): void {
  for (const { voter, valid } of votes) {
    const { agreed, disagreed } = store.reputation(voter)
    const right = valid === truth ? 1 : 0
    store.putReputation(voter, { agreed: memory * agreed + right, disagreed: memory * disagreed + 1 - right })
  }
}
