import { ValidationOptionError } from './errors.ts'
import type { PollResult } from './poll.ts'
import type { Outcome, Trial } from './strategy.ts'
import type { Reputation, VerdictStore } from './verdict-store.ts'
import type { SignedVote } from './vote.ts'

/** What all strategies can be told that weigh votes by what their voters said before. */
export interface WeightedOptions {
  /** How many randomly chosen peers are asked. */
  sampleSize?: number
  /** The longest wait for votes, in milliseconds. */
  waitMs?: number
  /** What a case counts after the next one, from 0 to 1, so that a voter that turns bad is noticed. */
  memory?: number
}

/** What the votes weigh: those for valid, and all of them. */
export interface Weights {
  readonly yes: number
  readonly all: number
}

export function weigh (votes: readonly SignedVote[], weightOf: (voter: string) => number): Weights {
  const sum = (some: readonly SignedVote[]): number => some.reduce((total, { voter }) => total + weightOf(voter), 0)
  return { yes: sum(votes.filter(({ valid }) => valid)), all: sum(votes) }
}

/** @throws {ValidationOptionError} where theta is below one half, with which both sides could win, or 1, with which none could */
export function checkTheta (strategy: string, theta: number): void {
  if (!(theta >= 0.5 && theta < 1)) {
    throw new ValidationOptionError(`the ${strategy} strategy's theta ${theta} is not between 0.5 and 1; choose the share of the weight that decides`)
  }
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

export interface Leaning {
  readonly poll: PollResult
  /** What the votes weigh enough for, where they do. */
  readonly verdict: 'valid' | 'invalid' | undefined
  readonly reasons: readonly string[]
  /** Whether the content is looked at although the votes decide; asked only where they do. */
  readonly isAudited: () => boolean
  /** What this peer has found already. */
  readonly found?: Outcome | undefined
  /** What a case counts after the next one, from 0 to 1. */
  readonly memory: number
}

/** Believes the votes, or looks at the content and learns which voters were right. */
export async function believeOrLook (trial: Trial, { poll, verdict, reasons, isAudited, found, memory }: Leaning): Promise<Outcome> {
  if (verdict != null && !isAudited()) {
    return { verdict, reasons: [...reasons], selfDetermined: false, poll }
  }

  const examined = found ?? await trial.examine()

  if (examined.selfDetermined) {
    learn(poll.tally.counted, examined.verdict === 'valid', memory, trial.host.store)
  }

  return { ...examined, reasons: [...reasons, ...examined.reasons], poll }
}

/** Compares what voters said with what this peer found, and keeps it. */
function learn (votes: readonly SignedVote[], truth: boolean, memory: number, store: VerdictStore): void {
  for (const { voter, valid } of votes) {
    const { agreed, disagreed } = store.reputation(voter)
    const right = valid === truth ? 1 : 0
    store.putReputation(voter, { agreed: memory * agreed + right, disagreed: memory * disagreed + 1 - right })
  }
}
