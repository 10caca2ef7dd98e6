import { ValidationOptionError } from '../errors.ts'
import { defineStrategy, sample } from '../strategy.ts'
import { maxVotesPerAnswer } from '../vote.ts'
import type { ValidationHost } from '../host.ts'
import type { Outcome, Strategy, StrategyInit } from '../strategy.ts'
import type { SignedVote } from '../vote.ts'

export interface CachedOptions {
  /** How many peers must have signed the same. */
  signaturesMin?: number
  /** Whose signatures count; by default those of the peers that are connected. Anyone can make identities, so name them where you can. */
  voters?: string[]
  /** How many randomly chosen peers are asked for the votes that they know of, their own among them. */
  sampleSize?: number
  /** The longest wait for answers, in milliseconds. */
  waitMs?: number
  /** How long a vote is good for, in milliseconds. */
  ttlMs?: number
}

/**
 * Verdicts that travel: votes that name no request are kept and passed on until they expire. Where k peers signed the same, and
 * not as many the opposite, that is the verdict, without a message once the votes are here. Otherwise it asks a few peers for the votes
 * they know of, and in the end looks for itself.
 *
 * @throws {ValidationOptionError} where fewer voters are named than must sign
 */
export function createCached (init: StrategyInit, options: CachedOptions = {}): Strategy {
  const { signaturesMin = 3, voters, sampleSize = 5, waitMs = 5_000, ttlMs = 24 * 3600 * 1000 } = options

  if (signaturesMin < 1 || (voters != null && voters.length < signaturesMin)) {
    throw new ValidationOptionError(`the cached strategy needs ${signaturesMin} signatures of ${voters?.length ?? 'its'} voters; name more voters or ask for fewer signatures`)
  }

  return defineStrategy({ ...init, name: 'cached', recall: 'own' }, async (trial) => {
    const { cid, host } = trial
    const peers = host.connectedPeers()
    const eligible = new Set(voters ?? peers)
    const kept = freshVotes(cid, host).filter(({ voter }) => eligible.has(voter))
    const before = judge(kept, signaturesMin)

    if (before != null) {
      return before
    }

    // Everyone is heard before it is judged, so that votes to the contrary do not come too late.
    const poll = await trial.poll({
      peers: sample(peers, sampleSize, () => host.random()),
      waitMs,
      collect: { voters: eligible, ttlMs }
    })
    const known = merge(kept, poll.tally.counted)
    host.store.putSignedVotes(cid, merge(freshVotes(cid, host), known).slice(-maxVotesPerAnswer))
    const after = judge(known, signaturesMin)

    if (after != null) {
      return { ...after, poll }
    }

    return { ...await trial.examine(), poll }
  })
}

/** The votes on a CID that this peer can pass on now. */
export function freshVotes (cid: string, { store, clock }: Pick<ValidationHost, 'store' | 'clock'>): SignedVote[] {
  const nowMs = clock.nowMs()
  return store.signedVotes(cid).filter(({ expiresAtMs }) => expiresAtMs > nowMs)
}

/** One vote of each voter, the later one. */
function merge (earlier: SignedVote[], later: SignedVote[]): SignedVote[] {
  return [...new Map([...earlier, ...later].map((vote) => [vote.voter, vote])).values()]
}

function judge (votes: SignedVote[], signaturesMin: number): Outcome | undefined {
  const yes = votes.filter(({ valid }) => valid).length
  const no = votes.length - yes

  if (Math.max(yes, no) < signaturesMin || Math.min(yes, no) >= signaturesMin) {
    return undefined
  }

  return {
    verdict: yes > no ? 'valid' : 'invalid',
    reasons: [`${yes} signed valid and ${no} invalid, where ${signaturesMin} signatures are needed`],
    selfDetermined: false
  }
}
