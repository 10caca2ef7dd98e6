import assert from 'node:assert/strict'
import * as dagCbor from '@ipld/dag-cbor'
import { parseCbor } from './cbor.ts'
import { digestBytes, sumBytes } from './fingerprint.ts'
import { bool, bytes, checked, digests, hexPrefix, list, literal, malformed, oneOf, record, text, uint32 } from './wire.ts'
import type { Fingerprint, Prefix } from './fingerprint.ts'
import type { Field } from './wire.ts'

export { ProtocolError, syncProtocol } from './wire.ts'

/** The most ranges, lists and digests together, or the most entries and blocks, that one message names. */
export const namedMax = 4096

/** The most digests in an announcement. */
export const announcedMax = 1024

/** The most bytes of a message that is not an item. */
export const frameBytesMax = 256 * 1024

/** The most bytes of content in an item. */
export const itemBytesMax = 2 * 1024 * 1024

/** The most bytes of any message: an item's content, and room for the rest of it. */
export const itemFrameBytesMax = itemBytesMax + 256

/** The most bytes of the binary form of a CID, or of the key of an item. */
export const keyBytesMax = 128

/** The longest prefix of a range. Nobody can find 33 SHA-256 hashes that share the 96 bits of one, so longer ones need no name. */
export const prefixDigitsMax = 24

const addressLengthMax = 256
const sentenceLengthMax = 1024

/** A range and what its sender has in it. */
export interface Range extends Fingerprint {
  prefix: Prefix
}

/** Digests that the server has in a range, in ascending order; several messages of one answer may continue a list. */
export interface DigestList {
  prefix: Prefix
  digests: Uint8Array[]
}

/** The first message of each side. */
export interface Hello {
  type: 'hello'
  version: 1
  logAddress: string
  /** How many entries the sender has, and the sum of their fingerprint. */
  size: number
  fingerprint: Uint8Array
  /** Whether the sender is a full replica: has the file of every entry it has. */
  holdsAll: boolean
}

/** Client to server: what the client has in the ranges that are still in doubt, disjoint and ascending. */
export interface Ranges {
  type: 'ranges'
  ranges: Range[]
}

/** Server to client, in answer to `Ranges`: the ranges that differ, either divided or listed. The last of an answer is `done`. */
export interface Differ {
  type: 'differ'
  /** What the server has in subranges of the ranges it was asked about; there is nothing outside of them. */
  ranges: Range[]
  /** All that the server has in ranges it was asked about. */
  lists: DigestList[]
  done: boolean
}

/** Client to server: asks for entries by their digests and for blocks by their CIDs. */
export interface Want {
  type: 'want'
  id: number
  entries: Uint8Array[]
  blocks: Uint8Array[]
  /** Whether the blocks of the entries' files are wanted too. */
  withFiles: boolean
  /** The most bytes of content to send for this. */
  bytesMax: number
}

/** Server to client: one thing that was wanted. */
export interface Item {
  type: 'item'
  /** That of the `Want`. */
  id: number
  kind: 'entry' | 'block' | 'identity'
  key: Uint8Array
  bytes: Uint8Array
}

/** Server to client: all that can be sent for a `Want` was sent. */
export interface End {
  type: 'end'
  id: number
  /** Items sent for this want. */
  sent: number
  /** Asked for but not held: digests and CIDs. */
  missing: Uint8Array[]
  /** How many were left out because of `bytesMax`; the client may ask for them again. */
  deferred: number
}

/** A new entry with all that belongs to it, if it fits into one message. */
export interface Push {
  type: 'push'
  entry: Uint8Array
  /** Empty where the receiver is assumed to have it. */
  identity: Uint8Array
  blocks: Array<{ cid: Uint8Array, bytes: Uint8Array }>
}

/** Announces new entries, and what the sender has now. */
export interface Have {
  type: 'have'
  digests: Uint8Array[]
  size: number
  fingerprint: Uint8Array
}

/** The last message of a session that fails. */
export interface Failure {
  type: 'error'
  sentence: string
}

export type Message = Hello | Ranges | Differ | Want | Item | End | Push | Have | Failure

type Shape<Type extends Message['type']> = Field<Omit<Extract<Message, { type: Type }>, 'type'>>

/** The first element of each message, by its place. */
const types = ['hello', 'ranges', 'differ', 'want', 'item', 'end', 'push', 'have', 'error'] as const satisfies Array<Message['type']>

const tag = oneOf(types)
const cid = bytes(1, keyBytesMax)
const sum = bytes(sumBytes, sumBytes)
const content = bytes(0, itemBytesMax)
const prefix = hexPrefix(prefixDigitsMax)
const range = record<Range>({ prefix, count: uint32, sum })
const ranges = checked(list(range, namedMax), disjoint)
const digestList = checked(record<DigestList>({ prefix, digests: digests(namedMax) }), ascending)

const shapes: { [Type in Message['type']]: Shape<Type> } = {
  hello: record({ version: literal(1), logAddress: text(addressLengthMax), size: uint32, fingerprint: sum, holdsAll: bool }),
  ranges: record({ ranges }),
  differ: checked(record({ ranges, lists: checked(list(digestList, namedMax), disjoint), done: bool }), notTooMany),
  want: record({ id: uint32, entries: digests(namedMax), blocks: list(cid, namedMax), withFiles: bool, bytesMax: uint32 }),
  item: record({ id: uint32, kind: oneOf(['entry', 'block', 'identity']), key: cid, bytes: content }),
  end: record({ id: uint32, sent: uint32, missing: list(cid, namedMax), deferred: uint32 }),
  push: record({ entry: content, identity: content, blocks: list(record({ cid, bytes: content }), namedMax) }),
  have: record({ digests: digests(announcedMax), size: uint32, fingerprint: sum }),
  error: record({ sentence: text(sentenceLengthMax) })
}

/** No valid message has more CBOR values than this: each of its 4096 ranges is an array and three values. */
const valuesMax = 5 * namedMax

/** The bytes of a message, as DAG-CBOR: an array of its tag and its fields. */
export function encode (message: Message): Uint8Array {
  const shape = shapes[message.type] as Field<Message>
  const frame = dagCbor.encode([tag.encode(message.type), ...shape.encode(message) as unknown[]])
  const bytesMax = message.type === 'item' ? itemFrameBytesMax : frameBytesMax
  assert(frame.byteLength <= bytesMax, `the ${message.type} message takes ${frame.byteLength} bytes of at most ${bytesMax}; divide it`)
  return frame
}

/**
 * Reads a message from a peer.
 *
 * @throws {ProtocolError} where it is malformed, too long, or has more in it than a message may have
 */
export function decode (frame: Uint8Array): Message {
  if (frame.byteLength > (frame[1] === tag.encode('item') ? itemFrameBytesMax : frameBytesMax)) {
    throw malformed('a message', `of ${frame.byteLength} bytes is too long`)
  }

  const value = parseCbor(frame, valuesMax)

  if (!Array.isArray(value)) {
    throw malformed('a message', 'is not an array')
  }

  const type = tag.decode(value[0], 'the tag of a message')
  const fields = (shapes[type] as Field<object>).decode(value.slice(1), type)
  return { type, ...fields } as Message
}

function disjoint (values: Array<{ prefix: Prefix }>): string | undefined {
  const wrong = values.findIndex((value, index) => index > 0 && !isBehind(value.prefix, values[index - 1]!.prefix))
  return wrong === -1 ? undefined : `has prefixes that are not disjoint and ascending, at ${wrong}`
}

/** Whether all that begins with one prefix is greater than all that begins with another. */
export function isBehind (prefix: Prefix, other: Prefix): boolean {
  return prefix > other && !prefix.startsWith(other)
}

function ascending ({ prefix, digests }: DigestList): string | undefined {
  if (digests.length === 0) {
    return 'is a list without digests'
  }

  const wrong = digests.findIndex((digest, index) => index > 0 && Buffer.compare(digest, digests[index - 1]!) <= 0)

  if (wrong !== -1) {
    return `has digests that do not ascend, at ${wrong}`
  }

  // Between two digests with that prefix there is none without it.
  return [digests[0]!, digests.at(-1)!].every((digest) => hex(digest).startsWith(prefix)) ? undefined : 'has digests without its prefix'
}

function hex (digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digestBytes).toString('hex')
}

function notTooMany ({ ranges, lists }: Omit<Differ, 'type'>): string | undefined {
  const named = lists.reduce((total, { digests }) => total + 1 + digests.length, ranges.length)
  return named > namedMax ? `names ${named} ranges, lists and digests, where ${namedMax} are allowed` : undefined
}
