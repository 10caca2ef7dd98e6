import { freshVotes } from './strategies/cached.ts'
import { maxVotesPerAnswer, signVote } from './vote.ts'
import type { ValidationHost } from './host.ts'
import type { SignedVote, VoteRequest } from './vote.ts'

/** The longest time for which a vote is signed, in milliseconds: a week. */
const maxVoteMs = 7 * 24 * 3600 * 1000

/** How a peer answers a request for votes; what it gives should be signed by whom it names. */
export type Answer = (request: VoteRequest, host: ValidationHost) => Promise<SignedVote[]>

/**
 * What a peer answers: its own finding, signed, and with `collected` the votes of others that it keeps. It tells only what it found
 * out by itself, now where that is its duty, since votes that repeat votes would make a rumour look like knowledge, and nothing about
 * what is not in the shared log.
 */
export async function answerRequest (request: VoteRequest, host: ValidationHost): Promise<SignedVote[]> {
  const nowMs = Math.floor(host.clock.nowMs())

  if (host.contribution(request.cid) == null || request.expiresAtMs <= nowMs) {
    return []
  }

  const { cid, requestId } = request
  const expiresAtMs = Math.min(request.expiresAtMs, nowMs + maxVoteMs)
  await host.lookOnDuty?.(cid)
  const own = host.store.own(cid)
  const votes = own == null || own.verdict === 'undecided'
    ? []
    : [await signVote({ cid, valid: own.verdict === 'valid', voter: host.id, requestId, expiresAtMs }, (bytes) => host.sign(bytes))]
  const others = request.collected ? freshVotes(cid, host).filter(({ voter }) => voter !== host.id) : []
  return [...votes, ...others].slice(0, maxVotesPerAnswer)
}
