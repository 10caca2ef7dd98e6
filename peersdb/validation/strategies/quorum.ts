import { ValidationOptionError } from '../errors.ts'
import { defineStrategy, sample, spoken } from '../strategy.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'

export interface QuorumOptions {
  /** How many randomly chosen peers are asked. */
  sampleSize?: number
  /** How many equal votes decide; more than half of the sample. */
  threshold?: number
  /** The longest wait for votes, in milliseconds. */
  waitMs?: number
}

/**
 * Asks a random sample of the connected peers and takes what a threshold of them says; looks for itself where neither side reaches it.
 * With a fraction of colluding peers, the sample is theirs with the hypergeometric probability of drawing enough of them.
 *
 * @throws {ValidationOptionError} where both sides could reach the threshold, or neither
 */
export function createQuorum (init: StrategyInit, options: QuorumOptions = {}): Strategy {
  const { sampleSize = 5, waitMs = 5_000 } = options
  const threshold = options.threshold ?? Math.floor(sampleSize / 2) + 1

  if (!(threshold > sampleSize / 2 && threshold <= sampleSize)) {
    throw new ValidationOptionError(`the quorum's threshold ${threshold} is not between half and all of its sample of ${sampleSize}; choose one that is`)
  }

  return defineStrategy({ ...init, name: 'quorum', recall: 'any' }, async (trial) => {
    const { host } = trial
    const peers = sample(host.connectedPeers(), sampleSize, () => host.random())

    if (peers.length < threshold) {
      return trial.examine()
    }

    const poll = await trial.poll({
      peers,
      waitMs,
      isDecided: ({ yes, no }, outstanding) => Math.max(yes, no) >= threshold || Math.max(yes, no) + outstanding < threshold
    })
    const { yes, no } = poll.tally
    const reasons = [spoken(poll)]

    if (Math.max(yes, no) >= threshold) {
      return { verdict: yes > no ? 'valid' : 'invalid', reasons, selfDetermined: false, poll }
    }

    const examined = await trial.examine()
    return { ...examined, reasons: [...reasons, ...examined.reasons], poll }
  })
}
