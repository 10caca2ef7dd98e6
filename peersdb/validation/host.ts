import type { ValidationClock } from './clock.ts'
import type { TrustRow } from './eigen-trust.ts'
import type { NamedContent } from '../files/listing.ts'
import type { RunHistory } from './run-history.ts'
import type { Refusal } from './tally.ts'
import type { VerdictStore } from './verdict-store.ts'
import type { SignedVote, VoteRequest } from './vote.ts'
import type { Contribution } from '../contribution.ts'

export interface AskOptions {
  signal: AbortSignal
  /** The request is on its way. */
  onSent?: () => void
  /** What the peer tells of its trust in others, where the request asks for that; hostile until it is scaled. */
  onTrust?: (row: TrustRow, bytes: number) => void
}

/** The peer that a strategy works for: a real one, one of a simulator, or one of a test. */
export interface ValidationHost {
  /** The peer id, under which it votes. */
  readonly id: string
  readonly store: VerdictStore
  /** The runs of those contributions that this peer found valid. */
  readonly history: RunHistory
  readonly clock: ValidationClock
  /** Signs with the key of the peer id. */
  sign (bytes: Uint8Array): Promise<Uint8Array>
  /** The peers that can be asked now. */
  connectedPeers (): string[]
  /** Asks one peer; an empty list means that it does not know. The votes are hostile until a tally admitted them. */
  askVotes (peerId: string, request: VoteRequest, options: AskOptions): Promise<SignedVote[]>
  /** Looks at a contribution where this peer's strategy has it look without being asked to decide, and it has not done so yet. */
  lookOnDuty? (cid: string): Promise<void>
  /** The files of a contribution, from here or from any peer: several where it is a directory. */
  files (cid: string, options: { signal: AbortSignal }): AsyncIterable<NamedContent>
  /** A contribution of the shared log. A private one must not be given: asking about it would tell others of it. */
  contribution (cid: string): Contribution | undefined
  /** A uniform number in [0, 1). */
  random (): number
  /** A vote was not counted. */
  onRefused? (peerId: string, refusal: Refusal): void
  /** A peer could not be asked, or its answer was malformed. */
  onUnanswered? (peerId: string, err: Error): void
}
