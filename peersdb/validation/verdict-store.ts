import { strategyNames } from '../strategy-names.ts'
import type { StrategyName, Verdict } from './verdict.ts'
import type { SignedVote } from './vote.ts'
import type { Values } from '../store/values.ts'

/** A verdict as this peer keeps it. */
export interface KeptVerdict extends Verdict {
  /** Whether this peer looked at the content itself; only such verdicts are told to others. */
  selfDetermined: boolean
}

/** How often a voter said what this peer found out by itself, and how often the opposite; older cases count less. */
export interface Reputation {
  agreed: number
  disagreed: number
}

/** What one peer remembers of validation, for itself alone; others learn of it only by asking for votes. */
export interface VerdictStore {
  get (cid: string, strategy: StrategyName): KeptVerdict | undefined
  /** What this peer found out by itself, under whichever strategy. */
  own (cid: string): KeptVerdict | undefined
  /** Replaces what was kept for the same CID and strategy. */
  put (verdict: KeptVerdict): void
  list (): KeptVerdict[]
  reputation (peerId: string): Reputation
  putReputation (peerId: string, reputation: Reputation): void
  /** Those that are kept, by peer id. */
  reputations (): Array<[string, Reputation]>
  /** Votes that can be passed on, checked before they were kept; one of each voter. */
  signedVotes (cid: string): SignedVote[]
  putSignedVotes (cid: string, votes: SignedVote[]): void
}

/** What validation needs of the peer's store of small JSON values. */
export type ValidationValues = Pick<Values, 'get' | 'put' | 'list'>

/** Values that are gone with the process. They are copied as JSON, as a real store does. */
export function memoryValues (): ValidationValues {
  const namespaces = new Map<string, Map<string, string>>()
  const namespace = (name: string): Map<string, string> => {
    const found = namespaces.get(name) ?? new Map<string, string>()
    namespaces.set(name, found)
    return found
  }

  return {
    get: (name, key) => {
      const json = namespace(name).get(key)
      return json == null ? undefined : JSON.parse(json) as unknown
    },
    put: (name, key, value) => { namespace(name).set(key, JSON.stringify(value)) },
    list: (name) => [...namespace(name)].map(([key, json]) => ({ key, value: JSON.parse(json) as unknown }))
  }
}

const verdictsNamespace = 'validation.verdicts'
const reputationsNamespace = 'validation.reputations'
const votesNamespace = 'validation.votes'

/** A verdict store over values; what is in there was written by this peer, so that it is not checked again. */
export function createVerdictStore (values: ValidationValues): VerdictStore {
  const get = (cid: string, strategy: StrategyName): KeptVerdict | undefined =>
    values.get(verdictsNamespace, `${cid}/${strategy}`) as KeptVerdict | undefined

  return {
    get,
    own: (cid) => {
      for (const name of strategyNames) {
        const kept = get(cid, name)

        if (kept?.selfDetermined === true) {
          return kept
        }
      }

      return undefined
    },
    put: (verdict) => { values.put(verdictsNamespace, `${verdict.cid}/${verdict.strategy}`, verdict) },
    list: () => values.list(verdictsNamespace).map(({ value }) => value as KeptVerdict),
    reputation: (peerId) => (values.get(reputationsNamespace, peerId) as Reputation | undefined) ?? { agreed: 0, disagreed: 0 },
    putReputation: (peerId, reputation) => { values.put(reputationsNamespace, peerId, reputation) },
    reputations: () => values.list(reputationsNamespace).map(({ key, value }) => [key, value as Reputation]),
    signedVotes: (cid) => {
      const kept = (values.get(votesNamespace, cid) ?? []) as Array<Omit<SignedVote, 'signature'> & { signature: string }>
      return kept.map((vote) => ({ ...vote, signature: Buffer.from(vote.signature, 'base64') }))
    },
    putSignedVotes: (cid, votes) => {
      values.put(votesNamespace, cid, votes.map((vote) => ({ ...vote, signature: Buffer.from(vote.signature).toString('base64') })))
    }
  }
}
