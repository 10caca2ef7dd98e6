import { ValidationOptionError } from '../errors.ts'
import { defineStrategy, sample, spoken } from '../strategy.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'
import type { Reputation, VerdictStore } from '../verdict-store.ts'
import type { SignedVote } from '../vote.ts'

export interface ReputationOptions {
  /** How many randomly chosen peers are asked. */
  sampleSize?: number
  /** The longest wait for votes, in milliseconds. */
  waitMs?: number
  /** The share of the weight that decides, from 0.5 to below 1. */
  theta?: number
  /** The least weight that decides anything: odds of exp(weightMin) to one that the voters are right. */
  weightMin?: number
  /** How often the content is looked at although the vote decided, from 0 to 1: what keeps reputations up to date. */
  auditShare?: number
  /** What a case counts after the next one, from 0 to 1, so that a voter that turns bad is noticed. */
  memory?: number
}

/**
 * The weight of a voter's word: the logarithm of the odds that it is right (Nitzan and Paroush 1982, the optimal weights of independent
 * voters), by the rule of succession. A newcomer weighs 0, so that many new identities weigh no more than none, and so does a liar.
 */
export function weightOf ({ agreed, disagreed }: Reputation): number {
  return Math.max(0, Math.log((agreed + 1) / (disagreed + 1)))
}

/**
 * A vote in which voters weigh as much as they deserve by this peer's own findings. It looks for itself where the weight does not
 * decide, and now and then where it does, and then compares what the voters said with what it found.
 *
 * @throws {ValidationOptionError} where theta is below one half, with which both sides could win
 */
export function createReputation (init: StrategyInit, options: ReputationOptions = {}): Strategy {
  const { sampleSize = 9, waitMs = 5_000, theta = 0.5, weightMin = 3, auditShare = 0.1, memory = 0.95 } = options

  if (!(theta >= 0.5 && theta < 1)) {
    throw new ValidationOptionError(`the reputation strategy's theta ${theta} is not between 0.5 and 1; choose the share of the weight that decides`)
  }

  return defineStrategy({ ...init, name: 'reputation', recall: 'any' }, async (trial) => {
    const { host } = trial
    const poll = await trial.poll({ peers: sample(host.connectedPeers(), sampleSize, () => host.random()), waitMs })
    const votes = poll.tally.counted
    const weight = weigh(votes, host.store)
    const yes = weigh(votes.filter(({ valid }) => valid), host.store)
    const isDecided = weight >= weightMin && Math.max(yes, weight - yes) > theta * weight
    const reasons = [`${spoken(poll)}, with a weight of ${yes.toFixed(2)} for valid of ${weight.toFixed(2)}`]

    if (isDecided && host.random() >= auditShare) {
      return { verdict: yes > weight - yes ? 'valid' : 'invalid', reasons, selfDetermined: false, poll }
    }

    const examined = await trial.examine()

    if (examined.selfDetermined) {
      learn(votes, examined.verdict === 'valid', memory, host.store)
    }

    return { ...examined, reasons: [...reasons, ...examined.reasons], poll }
  })
}

function weigh (votes: SignedVote[], store: VerdictStore): number {
  return votes.reduce((sum, { voter }) => sum + weightOf(store.reputation(voter)), 0)
}

function learn (votes: SignedVote[], truth: boolean, memory: number, store: VerdictStore): void {
  for (const { voter, valid } of votes) {
    const { agreed, disagreed } = store.reputation(voter)
    const right = valid === truth ? 1 : 0
    store.putReputation(voter, { agreed: memory * agreed + right, disagreed: memory * disagreed + 1 - right })
  }
}
