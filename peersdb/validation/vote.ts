import * as dagCbor from '@ipld/dag-cbor'
import { peerIdFromString } from '@libp2p/peer-id'
import * as z from 'zod'
import { VoteProtocolError } from './errors.ts'

/** Separates a vote from everything else that a peer signs with the same key. */
const domain = new TextEncoder().encode('peersdb-vote:1:')

/** The most votes in one answer. */
export const maxVotesPerAnswer = 32

/** The longest frames of the protocol, in bytes. An answer of 32 votes takes about 12 KiB. */
export const maxRequestBytes = 512
export const maxAnswerBytes = 16 * 1024

const cid = z.string().min(1).max(128)
const expiresAtMs = z.number().int().positive().max(Number.MAX_SAFE_INTEGER)

const voteRequest = z.strictObject({
  cid,
  requestId: z.string().max(64),
  expiresAtMs,
  collected: z.boolean(),
  trust: z.literal(true).optional()
}).refine(({ requestId, collected }) => collected ? requestId === '' : requestId.length >= 16)

const signedVote = z.strictObject({
  cid,
  valid: z.boolean(),
  voter: z.string().min(1).max(128),
  requestId: z.string().max(64),
  expiresAtMs,
  signature: z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.byteLength <= 128)
})

/**
 * The question what a peer found out about a contribution by itself. With `collected` the answer may hold
 * what others signed too; such votes name no request, so that they can be passed on until they expire. With `trust` a second frame tells
 * whom the peer trusts.
 */
export type VoteRequest = z.infer<typeof voteRequest>

/** What a peer found out by itself, signed. */
export type SignedVote = z.infer<typeof signedVote>

export type Vote = Omit<SignedVote, 'signature'>

/** The bytes that are signed: `peersdb-vote:1:` and the DAG-CBOR of [cid, valid, voter, requestId, expiresAtMs]. */
export function votePayload (vote: Vote): Uint8Array {
  return Buffer.concat([domain, dagCbor.encode([vote.cid, vote.valid, vote.voter, vote.requestId, vote.expiresAtMs])])
}

export async function signVote (vote: Vote, sign: (bytes: Uint8Array) => Promise<Uint8Array>): Promise<SignedVote> {
  return { ...vote, signature: await sign(votePayload(vote)) }
}

/** Whether the peer that the vote names signed it. The key is part of an Ed25519 peer id; votes under other ids are refused. */
export async function isSignedByVoter (vote: SignedVote): Promise<boolean> {
  try {
    const { publicKey } = peerIdFromString(vote.voter)
    return publicKey?.type === 'Ed25519' && await publicKey.verify(votePayload(vote), vote.signature)
  } catch {
    // The voter is no peer id, or the signature has a length that no signature has: nobody signed this.
    return false
  }
}

export function encodeRequest (request: VoteRequest): Uint8Array {
  return dagCbor.encode(request)
}

/** @throws {VoteProtocolError} where the bytes are no request */
export function decodeRequest (bytes: Uint8Array): VoteRequest {
  return parse(voteRequest, bytes, 'request for votes')
}

export function encodeVotes (votes: SignedVote[]): Uint8Array {
  return dagCbor.encode(votes)
}

/** @throws {VoteProtocolError} where the bytes are no list of votes */
export function decodeVotes (bytes: Uint8Array): SignedVote[] {
  return parse(z.array(signedVote).max(maxVotesPerAnswer), bytes, 'list of votes')
}

function parse<T> (schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  try {
    return schema.parse(dagCbor.decode(bytes))
  } catch (err) {
    throw new VoteProtocolError(`a peer sent ${bytes.byteLength} bytes that are no ${what}; it may run another version`, { cause: err })
  }
}
