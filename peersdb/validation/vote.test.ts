import * as dagCbor from '@ipld/dag-cbor'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTally } from './tally.ts'
import { decodeRequest, decodeVotes, encodeRequest, encodeVotes, isSignedByVoter, maxAnswerBytes, maxVotesPerAnswer, votePayload } from './vote.ts'
import { cid, voteOf, voters } from './world.test-helper.ts'
import type { Tally, TallyInit } from './tally.ts'
import type { SignedVote, VoteRequest } from './vote.ts'

const request: VoteRequest = { cid, requestId: 'a-request-of-this-test', expiresAtMs: 1_000_000, collected: false }
const [alice, bob] = await voters(2) as [Awaited<ReturnType<typeof voters>>[0], Awaited<ReturnType<typeof voters>>[0]]

describe('a signed vote', () => {
  it('is signed over the domain and all of its fields', async () => {
    const vote = await voteOf(alice, true, request)
    const payload = Buffer.from(votePayload(vote))

    expect(payload.subarray(0, 15).toString()).toBe('peersdb-vote:1:')
    expect(dagCbor.decode(payload.subarray(15))).toEqual([cid, true, alice.id, request.requestId, 1_000_000])
    expect(await isSignedByVoter(vote)).toBe(true)
  })

  it.each<[string, Partial<SignedVote>]>([
    ['another CID', { cid: 'bafkother' }],
    ['the opposite', { valid: false }],
    ['another voter', { voter: bob.id }],
    ['a voter that is no peer id', { voter: 'nobody' }],
    ['another request', { requestId: 'a-request-of-another-test' }],
    ['a later expiry', { expiresAtMs: 1_000_001 }],
    ['an empty signature', { signature: new Uint8Array(0) }],
    ['zeros', { signature: new Uint8Array(64) }]
  ])('is not signed for %s', async (_what, change) => {
    expect(await isSignedByVoter({ ...await voteOf(alice, true, request), ...change })).toBe(false)
  })

  it('of a key that is not Ed25519 is refused', async () => {
    const privateKey = await generateKeyPair('secp256k1')
    expect(await isSignedByVoter(await voteOf({ id: peerIdFromPrivateKey(privateKey).toString(), privateKey }, true, request))).toBe(false)
  })
})

describe('frames', () => {
  it('come back as they were', async () => {
    expect(decodeRequest(encodeRequest(request))).toEqual(request)
    const votes = [await voteOf(alice, true, request), await voteOf(bob, false, request)]
    const [first] = decodeVotes(encodeVotes(votes))
    expect(await isSignedByVoter(first!)).toBe(true)
    expect(first!.voter).toBe(alice.id)
  })

  it('of the most votes fit', async () => {
    const vote = await voteOf(alice, true, { ...request, requestId: 'x'.repeat(36) })
    expect(encodeVotes(Array<SignedVote>(maxVotesPerAnswer).fill(vote)).byteLength).toBeLessThan(maxAnswerBytes)
    expect(() => decodeVotes(encodeVotes(Array<SignedVote>(maxVotesPerAnswer + 1).fill(vote)))).toThrow(/are no list of votes/)
  })

  it('of any other bytes are refused in one sentence', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeRequest(bytes)).toThrow(/^a peer sent \d+ bytes that are no request for votes; it may run another version$/)
    }))
    fc.assert(fc.property(fc.array(fc.anything(), { minLength: 1, maxLength: 3 }), (value) => {
      fc.pre(isEncodable(value))
      expect(() => decodeVotes(dagCbor.encode(value))).toThrow(/that are no list of votes/)
    }))
  })

  it('that ask for votes that can be passed on must not name a request, and others must', () => {
    expect(() => decodeRequest(encodeRequest({ ...request, collected: true }))).toThrow('no request')
    expect(() => decodeRequest(encodeRequest({ ...request, requestId: '' }))).toThrow('no request')
  })
})

function isEncodable (value: unknown): boolean {
  try {
    dagCbor.encode(value)
    return true
  } catch {
    return false
  }
}

describe('a tally', () => {
  const tallyOf = (init: Partial<TallyInit> = {}): Tally => createTally({
    request, voters: new Set([alice.id, bob.id]), nowMs: () => 999_999, ...init
  })

  it('counts each voter once, and its first vote', async () => {
    const tally = tallyOf()
    const [yes, no] = [await voteOf(alice, true, request), await voteOf(alice, false, request)]
    await tally.admit(alice.id, [yes, no, yes])
    await tally.admit(bob.id, [await voteOf(bob, false, request)])

    expect(tally).toMatchObject({ yes: 1, no: 1, refused: { repeated: 2 } })
    expect(tally.votes).toEqual([
      { voter: alice.id, valid: true, counted: true },
      { voter: alice.id, valid: false, counted: false },
      { voter: alice.id, valid: true, counted: false },
      { voter: bob.id, valid: false, counted: true }
    ])
    expect(tally.bytes).toBe(encodeVotes([yes, no, yes]).byteLength + encodeVotes([await voteOf(bob, false, request)]).byteLength)
  })

  it('lets no forgery take the place of a voter', async () => {
    const tally = tallyOf({ request: { ...request, requestId: '', collected: true } })
    const vote = await voteOf(alice, true, { ...request, requestId: '' })
    await tally.admit(bob.id, [{ ...vote, valid: false }])
    await tally.admit(alice.id, [vote])
    expect(tally).toMatchObject({ yes: 1, no: 0, refused: { forged: 1 } })
  })

  it.each<[string, TallyInit['request'], Partial<SignedVote>]>([
    ['unasked', request, { voter: bob.id }],
    ['replayed', request, { requestId: 'a-request-of-another-test' }],
    ['replayed', request, { cid: 'bafkother' }],
    ['expired', request, { expiresAtMs: 999_999 }],
    ['overlong', request, { expiresAtMs: 1_000_001 }]
  ])('refuses a vote as %s, though it is signed', async (refusal, asked, change) => {
    const refused: string[] = []
    const tally = tallyOf({ request: asked, onRefused: (_peerId, reason) => { refused.push(reason) } })
    const changed = { ...await voteOf(alice, true, request), ...change }
    const signed = changed.voter === bob.id ? await voteOf(bob, true, request) : await voteOf(alice, true, changed)
    await tally.admit(alice.id, [signed])

    expect(tally).toMatchObject({ yes: 0, no: 0 })
    expect(refused).toEqual([refusal])
  })

  it('counts everything where it is to do as the first PeersDB did', async () => {
    const tally = tallyOf({ countsEverything: true })
    const vote = { ...await voteOf(alice, true, request), signature: new Uint8Array(64) }
    await tally.admit(bob.id, [vote, vote, vote])
    expect(tally).toMatchObject({ yes: 3, no: 0, refused: {} })
  })
})
