import { createHash } from 'node:crypto'
import { ValidationOptionError } from '../errors.ts'
import { defineStrategy, sample, spoken } from '../strategy.ts'
import { believeOrLook, heavierSide, oddsWeight, weigh } from '../weighted.ts'
import type { Outcome, Strategy, StrategyInit } from '../strategy.ts'
import type { KeptVerdict } from '../verdict-store.ts'
import type { WeightedOptions } from '../weighted.ts'

export interface SpotCheckOptions extends WeightedOptions {
  /** Which part of all contributions this peer looks at, from 0 to 1. */
  checkShare?: number
  /** How often a voter counts as having been right before it was ever found right or wrong. */
  credit?: number
  /** The least weight that decides anything. */
  weightMin?: number
}

/**
 * Each peer looks at a part of what arrives, drawn by a number that it tells nobody, and believes a vote for the rest. What it looked at
 * shows which voters are wrong, who weigh less from then on. Voters are believed until they are found out, so that little has to be looked
 * at from the first contribution on; but whoever comes back as somebody else is believed anew.
 *
 * @throws {ValidationOptionError} where the share is no share
 */
export function createSpotCheck (init: StrategyInit, options: SpotCheckOptions = {}): Strategy {
  const { checkShare = 0.1, sampleSize = 9, waitMs = 5_000, credit = 2, weightMin = 2, memory = 0.95 } = options

  if (!(checkShare >= 0 && checkShare <= 1)) {
    throw new ValidationOptionError(`the spot-check strategy's share ${checkShare} is not from 0 to 1; choose which part of the contributions is looked at`)
  }

  let secret: string | undefined
  const isDrawn = (cid: string, random: () => number): boolean => {
    secret ??= String(random())
    return createHash('sha256').update(`${secret} ${cid}`).digest().readUInt32BE() / 2 ** 32 < checkShare
  }

  return defineStrategy({
    ...init, name: 'spot-check', recall: 'same', isDuty: (cid, host) => isDrawn(cid, () => host.random())
  }, async (trial) => {
    const { cid, host } = trial
    const asking = trial.poll({ peers: sample(host.connectedPeers(), sampleSize, () => host.random()), waitMs })
    const own = host.store.own(cid)
    const isChecked = own != null || isDrawn(cid, () => host.random())
    const [poll, found] = await Promise.all([asking, isChecked ? known(own) ?? trial.examine() : undefined])
    const weights = weigh(poll.tally.counted, (voter) => oddsWeight(host.store.reputation(voter), credit))
    const verdict = weights.all >= weightMin ? heavierSide(weights, 0.5) : undefined
    const reasons = [`${spoken(poll)}, with a weight of ${weights.yes.toFixed(2)} for valid of ${weights.all.toFixed(2)}`]

    return believeOrLook(trial, { poll, verdict, reasons, isAudited: () => found?.selfDetermined === true, found, memory })
  })
}

function known (own: KeptVerdict | undefined): Outcome | undefined {
  return own == null ? undefined : { verdict: own.verdict, reasons: own.reasons, selfDetermined: true }
}
