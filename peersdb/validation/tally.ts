import { encodeVotes, isSignedByVoter } from './vote.ts'
import type { Verdict } from './verdict.ts'
import type { SignedVote, VoteRequest } from './vote.ts'

/**
 * Why a vote is not counted: it is of a peer that was not asked, an answer to another request or about another CID, no longer
 * valid, valid for longer than was asked for, not signed by the voter it names, or the second of one voter.
 */
export type Refusal = 'unasked' | 'replayed' | 'expired' | 'overlong' | 'forged' | 'repeated'

export interface TallyInit {
  request: VoteRequest
  /** Whose votes count. In answer to a request that is not for collected votes, each peer can only give its own. */
  voters: ReadonlySet<string>
  nowMs: () => number
  /** Counts whatever arrives, as often as it arrives, as the first PeersDB did. */
  countsEverything?: boolean
  onRefused?: (peerId: string, refusal: Refusal) => void
}

/** The count of one vote. */
export interface Tally {
  readonly yes: number
  readonly no: number
  /** The votes that count. */
  readonly counted: SignedVote[]
  readonly votes: Verdict['votes']
  /** Of all votes that arrived, as they are on the wire. */
  readonly bytes: number
  readonly refused: Partial<Record<Refusal, number>>
  /** Takes in what one peer answered. */
  admit (peerId: string, votes: SignedVote[]): Promise<void>
}

export function createTally (init: TallyInit): Tally {
  const counted: SignedVote[] = []
  const votes: Verdict['votes'] = []
  const voted = new Set<string>()
  const refused: Partial<Record<Refusal, number>> = {}
  let bytes = 0
  let yes = 0

  return {
    get yes () { return yes },
    get no () { return counted.length - yes },
    get bytes () { return bytes },
    counted,
    votes,
    refused,
    admit: async (peerId, answer) => {
      bytes += encodeVotes(answer).byteLength

      for (const vote of answer) {
        // The signature is checked before the voter is looked up among those who voted, so that no forgery takes a voter's place.
        const refusal = init.countsEverything === true
          ? undefined
          : await refusalOf(vote, peerId, init) ?? (voted.has(vote.voter) ? 'repeated' : undefined)
        votes.push({ voter: vote.voter, valid: vote.valid, counted: refusal == null })

        if (refusal == null) {
          voted.add(vote.voter)
          counted.push(vote)
          yes += vote.valid ? 1 : 0
        } else {
          refused[refusal] = (refused[refusal] ?? 0) + 1
          init.onRefused?.(peerId, refusal)
        }
      }
    }
  }
}

async function refusalOf (vote: SignedVote, peerId: string, { request, voters, nowMs }: TallyInit): Promise<Refusal | undefined> {
  if (!voters.has(vote.voter) || (!request.collected && vote.voter !== peerId)) {
    return 'unasked'
  }

  if (vote.cid !== request.cid || vote.requestId !== request.requestId) {
    return 'replayed'
  }

  if (vote.expiresAtMs <= nowMs()) {
    return 'expired'
  }

  if (vote.expiresAtMs > request.expiresAtMs) {
    return 'overlong'
  }

  return await isSignedByVoter(vote) ? undefined : 'forged'
}
