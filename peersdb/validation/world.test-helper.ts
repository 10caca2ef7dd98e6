import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createRunHistory } from './run-history.ts'
import { signVote } from './vote.ts'
import { createVerdictStore, memoryValues } from './verdict-store.ts'
import type { ValidationClock } from './clock.ts'
import type { TrustRow } from './eigen-trust.ts'
import type { ValidationHost } from './host.ts'
import type { Refusal } from './tally.ts'
import type { Validator } from './validator.ts'
import type { SignedVote, VoteRequest } from './vote.ts'
import type { Contribution } from '../contribution.ts'
import type { NamedContent } from '../files/listing.ts'
import type { PrivateKey } from '@libp2p/interface'

export const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

export function contributionOf (init: Partial<Contribution> = {}): Contribution {
  return {
    schema: 1, cid, name: 'report.json', size: 2, mediaType: 'application/json', contributor: '12D3KooWContributor',
    createdAt: '2024-01-01T00:00:00.000Z', attributes: {}, hash: 'zdpuHash', ...init
  }
}

export interface VirtualClock extends ValidationClock {
  /** Timers that have neither come nor been taken back. */
  pending (): number
}

/** A clock that jumps to its next timer whenever the program has nothing else to do. */
export function createVirtualClock (startMs = Date.parse('2026-01-01T00:00:00Z')): VirtualClock {
  const timers = new Set<{ dueMs: number, resolve: () => void }>()
  let nowMs = startMs
  let isScheduled = false

  const schedule = (): void => {
    if (!isScheduled && timers.size > 0) {
      isScheduled = true
      setImmediate(() => {
        isScheduled = false
        const [next] = [...timers].sort((a, b) => a.dueMs - b.dueMs)

        if (next != null) {
          timers.delete(next)
          nowMs = Math.max(nowMs, next.dueMs)
          next.resolve()
        }

        schedule()
      })
    }
  }

  return {
    nowMs: () => nowMs,
    pending: () => timers.size,
    after: (ms, signal) => new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const timer = { dueMs: nowMs + ms, resolve }
      timers.add(timer)
      signal.addEventListener('abort', () => { timers.delete(timer); reject(signal.reason as Error) }, { once: true })
      schedule()
    })
  }
}

export interface Voter {
  id: string
  privateKey: PrivateKey
}

const pool: Voter[] = []

/** So many identities; the same ones at each call. */
export async function voters (count: number): Promise<Voter[]> {
  while (pool.length < count) {
    const privateKey = await generateKeyPair('Ed25519')
    pool.push({ id: peerIdFromPrivateKey(privateKey).toString(), privateKey })
  }

  return pool.slice(0, count)
}

export async function voteOf (voter: Voter, valid: boolean, request: Pick<VoteRequest, 'cid' | 'requestId' | 'expiresAtMs'>): Promise<SignedVote> {
  const { requestId, expiresAtMs } = request
  return signVote({ cid: request.cid, valid, voter: voter.id, requestId, expiresAtMs }, async (bytes) => voter.privateKey.sign(bytes))
}

/** What a voter does when it is asked. */
export type Behaviour = (request: VoteRequest, voter: Voter, signal: AbortSignal) => Promise<SignedVote[]>

export const says = (valid: boolean): Behaviour => async (request, voter) => [await voteOf(voter, valid, request)]
export const knowsNothing: Behaviour = async () => []
export const isSilent: Behaviour = (_request, _voter, signal) => new Promise((_resolve, reject) => {
  signal.addEventListener('abort', () => { reject(signal.reason as Error) }, { once: true })
})

export interface World extends ValidationHost {
  readonly clock: VirtualClock
  readonly refused: Refusal[]
  readonly asked: string[]
  readonly unanswered: Error[]
}

export interface WorldInit {
  latencyMs?: number
  random?: () => number
  /** Whom a voter says that it trusts. */
  trust?: (peerId: string) => TrustRow
}

/** A peer that is connected to one simulated voter for each behaviour. */
export async function createWorld (behaviours: Behaviour[], init: WorldInit = {}): Promise<World> {
  const [self, ...others] = await voters(behaviours.length + 1) as [Voter, ...Voter[]]
  const clock = createVirtualClock()
  const values = memoryValues()
  const world: World = {
    id: self.id,
    clock,
    store: createVerdictStore(values),
    history: createRunHistory(values),
    refused: [],
    asked: [],
    unanswered: [],
    sign: async (bytes) => self.privateKey.sign(bytes),
    connectedPeers: () => others.map(({ id }) => id),
    askVotes: async (peerId, request, { signal, onSent, onTrust }) => {
      onSent?.()
      const index = others.findIndex(({ id }) => id === peerId)
      world.asked.push(peerId)
      await clock.after(init.latencyMs ?? 10, signal)
      const votes = await behaviours[index]!(request, others[index]!, signal)

      if (request.trust === true) {
        onTrust?.(init.trust?.(peerId) ?? new Map(), 1)
      }

      return votes
    },
    files: () => alone([Buffer.from('{}')]),
    contribution: (asked) => asked === cid ? contributionOf() : undefined,
    random: init.random ?? Math.random,
    onRefused: (_peerId, refusal) => { world.refused.push(refusal) },
    onUnanswered: (_peerId, err) => { world.unanswered.push(err) }
  }
  return world
}

/** A validator that knows the truth, and counts how often it was asked. */
export function oracle (verdict: 'valid' | 'invalid' | 'undecided'): Validator & { calls: number } {
  const validator: Validator & { calls: number } = Object.assign(async () => {
    validator.calls++
    return { verdict, reasons: [`the oracle says ${verdict}`], sha256: '', runs: [] }
  }, { calls: 0 })
  return validator
}

/** A file that is in no directory, as a peer gives it to be validated. */
export async function * alone (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<NamedContent> {
  yield { path: '', content: (async function * () { yield * chunks }()) }
}
