import { defineStrategy, spoken } from '../strategy.ts'
import { ValidationTimeoutError } from '../clock.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'

export interface PeersDbOptions {
  /** How long votes are collected, always, in milliseconds. */
  waitMs?: number
  /** As in the first PeersDB: the validation that follows a failed vote has the deadline of the vote, which is over by then. */
  validatesPastDeadline?: boolean
  /** As in the first PeersDB: votes are not bound to voters, so that each counts, whoever sent it and however often. */
  countsEveryVote?: boolean
  /**
   * As in the first PeersDB: that a peer found something out by itself is told by the absence of votes, so that a verdict without
   * votes is told to others as if it were one, even where looking at the content failed and "not valid" only means "not known".
   */
  zeroVotesMeanSelf?: boolean
}

/**
 * The rule of PeersDB (Scheinert et al., "PeersDB", IEEE Big Data 2023, by its prototype): ask all peers, wait, and take the
 * contribution for valid where more than half of the connected peers say so; those that do not answer count against it. Otherwise
 * look at it here. Since only peers that looked for themselves answer, the vote can never succeed while only the contributor
 * did and there are two connected peers or more.
 */
export function createPeersDb (init: StrategyInit, options: PeersDbOptions = {}): Strategy {
  const { waitMs = 5_000, validatesPastDeadline = false, countsEveryVote = false, zeroVotesMeanSelf = false } = options

  return defineStrategy({ ...init, name: 'peersdb', recall: 'any' }, async (trial) => {
    const peers = trial.host.connectedPeers()
    const poll = await trial.poll({ peers, waitMs, waitsOut: true, countsEverything: countsEveryVote })

    if (poll.tally.yes > peers.length / 2) {
      return { verdict: 'valid', reasons: [spoken(poll)], selfDetermined: false, poll }
    }

    const past = AbortSignal.abort(new ValidationTimeoutError(`the ${waitMs} ms of the vote are over`))
    const examined = await trial.examine(validatesPastDeadline ? { signal: past } : {})
    const reasons = [spoken(poll), ...examined.reasons]

    if (!zeroVotesMeanSelf) {
      return { ...examined, reasons, poll }
    }

    const selfDetermined = poll.tally.votes.length === 0
    return { verdict: examined.verdict === 'valid' ? 'valid' : 'invalid', reasons, selfDetermined, poll }
  })
}
