import * as dagCbor from '@ipld/dag-cbor'
import * as z from 'zod'
import { readContribution } from '../contribution.ts'
import { RefusedError } from '../errors.ts'
import { smallBytesMax } from '../store/index.ts'
import { hashOfDigest, sha256 } from './hash.ts'
import { peerIdOfKey } from './identity.ts'
import { verifySignature } from './signature.ts'
import type { StoredContribution } from '../contribution.ts'
import type { OwnIdentity } from './identity.ts'

/** The most bytes that an entry may have, whose block is always a small one. */
export const entryBytesMax = smallBytesMax
/** How far a contribution's clock may be ahead of ours, in milliseconds: a day, as time zones are set wrongly more often than years. */
const aheadMsMax = 24 * 60 * 60 * 1000

/** The first byte of a CBOR map of six fields. */
const mapOfSix = 0xa6
const hash = z.string().min(46).max(64)
const storedEntry = z.strictObject({
  id: z.string().max(128),
  payload: z.strictObject({ op: z.literal('ADD'), key: z.null(), value: z.unknown() }),
  next: z.array(hash).max(1024),
  refs: z.array(hash).max(1024),
  clock: z.strictObject({ id: z.string().max(256), time: z.number().int().nonnegative() }),
  v: z.literal(2),
  key: z.string().max(256),
  identity: hash,
  sig: z.string().max(512)
})

/** An entry of the OrbitDB log as it is stored (`oplog/entry.js` of @orbitdb/core 4). */
export type StoredEntry = z.infer<typeof storedEntry>

/** An entry as far as it is part of the log's graph, whatever it says. */
export interface LogNode {
  readonly hash: string
  /** The SHA-256 digest that the hash names. */
  readonly digest: Uint8Array
  readonly bytes: Uint8Array
  readonly stored: StoredEntry
}

export interface LogEntry extends LogNode {
  /** Absent where the entry is of a later schema, or no contribution at all. */
  readonly contribution?: StoredContribution
}

/**
 * Reads an entry that came from a peer, without its signature being verified yet.
 *
 * @throws {RefusedError} where it is malformed, of another log, signed by a key that is not the contributor's, or from the future
 */
export function readEntry (bytes: Uint8Array, logAddress: string, nowMs?: number): LogEntry {
  return readContent(readNode(bytes, logAddress), nowMs)
}

/**
 * Reads the form of an entry, and not its value.
 *
 * @throws {RefusedError} where it is malformed or of another log
 */
export function readNode (bytes: Uint8Array, logAddress: string): LogNode {
  const digest = sha256(bytes)
  const entry = hashOfDigest(digest)
  const stored = parse(bytes, entry)

  if (stored.id !== logAddress) {
    throw new RefusedError('malformed', `entry ${entry} is of the log ${stored.id.slice(0, 80)}`)
  }

  return { hash: entry, digest, bytes, stored }
}

/**
 * Reads the value of an entry.
 *
 * @throws {RefusedError} where it is no contribution, names another contributor than whose key signed it, or is from the future
 */
export function readContent (node: LogNode, nowMs: number = Date.now()): LogEntry {
  const { hash, stored } = node
  const contribution = readContribution(stored.payload.value)

  if (contribution != null) {
    if (contribution.contributor !== peerIdOfKey(stored.key)) {
      throw new RefusedError('forged', `entry ${hash} names the contributor ${contribution.contributor}, whose key did not sign it`)
    }

    if (Date.parse(contribution.createdAt) > nowMs + aheadMsMax) {
      throw new RefusedError('future', `entry ${hash} was created at ${contribution.createdAt}, which is yet to come`)
    }
  }

  return { ...node, contribution }
}

function parse (bytes: Uint8Array, entry: string): StoredEntry {
  if (bytes.byteLength > entryBytesMax) {
    throw new RefusedError('malformed', `entry ${entry} has ${bytes.byteLength} bytes; at most ${entryBytesMax} are read`)
  }

  let parsed

  try {
    parsed = storedEntry.safeParse(dagCbor.decode(bytes))
  } catch (err) {
    throw new RefusedError('malformed', `entry ${entry} is not dag-cbor: ${(err as Error).message}`)
  }

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new RefusedError('malformed', `entry ${entry}: ${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? 'is malformed'}`)
  }

  // Another encoding of the same entry would get another hash wherever it is encoded again.
  if (Buffer.compare(dagCbor.encode(parsed.data), bytes) !== 0) {
    throw new RefusedError('malformed', `entry ${entry} is not in canonical dag-cbor`)
  }

  return parsed.data
}

/** Whether the entry was signed by the key that it names. */
export function isSigned ({ stored: { key, sig }, bytes, stored }: LogNode, options?: { isSingle?: boolean }): Promise<boolean> {
  return verifySignature(sig, key, signedBytes(bytes, stored), options)
}

/**
 * What was signed: the entry without the fields `key`, `sig` and `identity`. In canonical DAG-CBOR, whose keys are sorted by
 * length first, these stand after `v` and `id`, and at the end, so that cutting them out saves encoding the rest again.
 */
function signedBytes (bytes: Uint8Array, { id, key, sig, identity }: StoredEntry): Uint8Array {
  const field = (name: string, text: string): number => textBytes(name) + textBytes(text)
  const beforeKey = 1 + textBytes('v') + 1 + field('id', id)
  const afterSignature = beforeKey + field('key', key) + field('sig', sig)
  const beforeIdentity = bytes.byteLength - field('identity', identity)
  return Buffer.concat([Uint8Array.of(mapOfSix), bytes.subarray(1, beforeKey), bytes.subarray(afterSignature, beforeIdentity)])
}

/** How many bytes a text takes in CBOR (RFC 8949, section 3). */
function textBytes (text: string): number {
  const length = Buffer.byteLength(text)
  return length + (length < 24 ? 1 : length < 256 ? 2 : 3)
}

/** Makes and signs an entry, byte for byte as OrbitDB would. */
export async function createEntry (
  identity: OwnIdentity, logAddress: string, contribution: StoredContribution, place: { next: string[], time: number }
): Promise<LogEntry> {
  const signed = {
    id: logAddress,
    payload: { op: 'ADD' as const, key: null, value: contribution },
    next: place.next,
    refs: [],
    clock: { id: identity.publicKey, time: place.time },
    v: 2 as const
  }
  const sig = await identity.sign(identity, dagCbor.encode(signed))
  const stored = { ...signed, key: identity.publicKey, identity: identity.hash, sig }
  const bytes = dagCbor.encode(stored)
  const digest = sha256(bytes)
  return { hash: hashOfDigest(digest), digest, bytes, stored, contribution }
}
