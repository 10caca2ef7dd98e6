import { defineStrategy, sample, spoken } from '../strategy.ts'
import { believeOrLook, checkTheta, heavierSide, oddsWeight, weigh } from '../weighted.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'
import type { WeightedOptions } from '../weighted.ts'

export interface ReputationOptions extends WeightedOptions {
  /** The share of the weight that decides, from 0.5 to below 1. */
  theta?: number
  /** The least weight that decides anything: odds of exp(weightMin) to one that the voters are right. */
  weightMin?: number
  /** How often the content is looked at although the vote decided, from 0 to 1: what keeps reputations up to date. */
  auditShare?: number
}

/**
 * A vote in which voters weigh as much as they deserve by this peer's own findings. A newcomer weighs 0, so that many new identities weigh
 * no more than none. It looks for itself where the weight does not decide, and now and then where it does, and then compares what the
 * voters said with what it found.
 *
 * @throws {ValidationOptionError} where theta is out of its bounds
 */
export function createReputation (init: StrategyInit, options: ReputationOptions = {}): Strategy {
  const { sampleSize = 9, waitMs = 5_000, theta = 0.5, weightMin = 3, auditShare = 0.1, memory = 0.95 } = options

  checkTheta('reputation', theta)

  return defineStrategy({ ...init, name: 'reputation', recall: 'any' }, async (trial) => {
    const { host } = trial
    const poll = await trial.poll({ peers: sample(host.connectedPeers(), sampleSize, () => host.random()), waitMs })
    const weights = weigh(poll.tally.counted, (voter) => oddsWeight(host.store.reputation(voter)))
    const verdict = weights.all >= weightMin ? heavierSide(weights, theta) : undefined
    const reasons = [`${spoken(poll)}, with a weight of ${weights.yes.toFixed(2)} for valid of ${weights.all.toFixed(2)}`]

    return believeOrLook(trial, { poll, verdict, reasons, isAudited: () => host.random() < auditShare, memory })
  })
}
