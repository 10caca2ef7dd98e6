import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createHash } from 'node:crypto'
import { answerRequest } from '../../peersdb/validation/responder.ts'
import { maxTrustEntries } from '../../peersdb/validation/trust-row.ts'
import { createValidator } from '../../peersdb/validation/validator.ts'
import { signVote } from '../../peersdb/validation/vote.ts'
import { createRandom } from '../random.ts'
import { costMs } from './cost.ts'
import type { InstanceContext } from '../context.ts'
import type { CostLaw } from './cost.ts'
import type { TrustRow } from '../../peersdb/validation/eigen-trust.ts'
import type { Answer } from '../../peersdb/validation/responder.ts'
import type { Examination, Validator } from '../../peersdb/validation/validator.ts'
import type { SignedVote } from '../../peersdb/validation/vote.ts'

/**
 * How a peer that is asked for its vote behaves. `honest` says what it found; `wrong` the opposite, as colluders do; `slander` calls
 * everything invalid; `targeted` lies about what one peer contributed; `on-off` lies from the middle of the corpus on; `lazy` answers
 * that it does not know; `silent` does not answer; `sybil` says the opposite, many times and in the names of peers that it made up;
 * `whitewasher` says the opposite, and comes back as another peer again and again. Those that lie say that they trust each other.
 */
export const behaviours = ['honest', 'wrong', 'slander', 'targeted', 'on-off', 'lazy', 'silent', 'sybil', 'whitewasher'] as const

const liars: readonly Behaviour[] = ['wrong', 'slander', 'targeted', 'on-off', 'sybil', 'whitewasher']

export type Behaviour = (typeof behaviours)[number]

/** How often a Sybil votes, and how many peers it makes up. */
const sybilCopies = 4
const sybilIdentities = 4

export interface VoterInit {
  readonly behaviour: Behaviour
  /** The probability that a look at the content is mistaken. */
  readonly errorRate: number
  readonly seed: number
  /** The SHA-256 of every sound file: with it a look finds the truth. Without it, what PeersDB finds in the content counts. */
  readonly truth?: ReadonlySet<string>
  /** The position of a contribution in the corpus, from 0 to below 1, and whether it is of the peer that is lied about. */
  readonly placeOf: (cid: string) => { position: number, isTarget: boolean }
  /** The peers that lie together with this one, itself among them. */
  readonly fellows: () => string[]
  readonly cost?: { readonly law: CostLaw, readonly index: number }
  /** Whether it pays nothing for a look, against what `cost` says. */
  readonly isHurried?: boolean
  /** Whether it gives each vote twice. */
  readonly votesTwice?: boolean
}

/** What a voter's looks have cost so far, in milliseconds. */
export interface Looks {
  count: number
  drawnMs: number
  takenMs: number
}

export interface Voter {
  readonly validator: Validator
  readonly answer: Answer
  /** Whom it says that it trusts, where that is not what it found. */
  readonly trust?: () => TrustRow
  readonly looks: Readonly<Looks>
}

export function createVoter (context: InstanceContext, init: VoterInit): Voter {
  const content = createValidator()
  const looks: Looks = { count: 0, drawnMs: 0, takenMs: 0 }
  const costs = context.random('costs of validation')

  const pay = async (): Promise<void> => {
    looks.count++

    if (init.cost != null) {
      const ms = costMs(init.cost.law, init.cost.index, costs.uniform())
      const startedMs = context.clock.nowMs()
      await (init.isHurried === true ? undefined : context.clock.sleep(ms))
      looks.drawnMs += ms
      looks.takenMs += context.clock.nowMs() - startedMs
    }
  }

  const validator: Validator = async (examined, options) => {
    await pay()
    const { cid } = examined.contribution
    const found = init.truth == null ? await content(examined, options) : await compare(examined, init.truth)
    const errs = createRandom(init.seed, 'error of a look', String(context.index), cid).chance(init.errorRate)
    return behave(init, cid, errs ? opposite(found) : found)
  }

  const trust = (): TrustRow => new Map(init.fellows().slice(0, maxTrustEntries).map((id) => [id, 1]))
  return { validator, answer: answerOf(init), looks, ...liars.includes(init.behaviour) ? { trust } : {} }
}

/** A look that finds whether every byte is as it should be. */
async function compare ({ files }: Parameters<Validator>[0], truth: ReadonlySet<string>): Promise<Examination> {
  const hash = createHash('sha256')

  for await (const { content } of files) {
    for await (const chunk of content) {
      hash.update(chunk)
    }
  }

  const sha256 = hash.digest('hex')
  return { verdict: truth.has(sha256) ? 'valid' : 'invalid', reasons: ['compared with what is known to be sound'], sha256, runs: [] }
}

function behave ({ behaviour, placeOf }: VoterInit, cid: string, found: Examination): Examination {
  switch (behaviour) {
    case 'wrong':
    case 'whitewasher':
    case 'sybil': return opposite(found)
    case 'slander': return { ...found, verdict: 'invalid' }
    case 'targeted': return placeOf(cid).isTarget ? opposite(found) : found
    case 'on-off': return placeOf(cid).position >= 0.5 ? opposite(found) : found
    case 'lazy': return { ...found, verdict: 'undecided' }
    default: return found
  }
}

function opposite (found: Examination): Examination {
  return { ...found, verdict: found.verdict === 'valid' ? 'invalid' : 'valid' }
}

function answerOf ({ behaviour, seed, votesTwice }: VoterInit): Answer {
  switch (behaviour) {
    case 'silent': return () => new Promise(() => {})
    case 'sybil': return async (request, host) => stuff(await answerRequest(request, host), seed)
    default: return async (request, host) => {
      const votes = await answerRequest(request, host)
      return votesTwice === true ? [...votes, ...votes] : votes
    }
  }
}

/** The vote many times, and as often in the names of peers that nobody knows, signed with keys of theirs. */
async function stuff (votes: SignedVote[], seed: number): Promise<SignedVote[]> {
  const [vote] = votes

  if (vote == null) {
    return votes
  }

  const others = await Promise.all(Array.from({ length: sybilIdentities }, async (_, i) => {
    const random = createRandom(seed, 'identity of a Sybil', vote.voter, String(i))
    const key = await generateKeyPairFromSeed('Ed25519', Uint8Array.from({ length: 32 }, () => random.integer(0, 255)))
    const { signature: _signature, ...said } = vote
    return signVote({ ...said, voter: peerIdFromPrivateKey(key).toString() }, async (bytes) => key.sign(bytes))
  }))
  return [...Array.from({ length: sybilCopies }, () => vote), ...others]
}
