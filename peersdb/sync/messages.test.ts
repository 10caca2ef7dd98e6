import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestIn, digestOf, digestsOf } from './digests.test-helper.ts'
import { decode, encode, frameBytesMax, itemBytesMax, itemFrameBytesMax, namedMax, prefixDigitsMax, ProtocolError } from './messages.ts'
import type { Differ, Message } from './messages.ts'

const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const digests = fc.array(digest, { maxLength: 20 })
const sum = fc.uint8Array({ minLength: 16, maxLength: 16 })
const cid = fc.uint8Array({ minLength: 1, maxLength: 128 })
const content = fc.uint8Array({ maxLength: 2_000 })

/** Prefixes of one length, and thus disjoint, in ascending order. */
const prefixes = fc.integer({ min: 1, max: prefixDigitsMax }).chain((length) => {
  const prefix = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length }).map((digits) => digits.join(''))
  return fc.uniqueArray(prefix, { maxLength: 20 }).map((list) => list.sort())
})

const ranges = fc.tuple(prefixes, uint32, sum).map(([list, count, sum]) => list.map((prefix) => ({ prefix, count, sum })))

const lists = prefixes.map((list) => list.map((prefix, index) => ({
  prefix, digests: digestsOf(prefix, 1 + index % 4).map((digest) => digestIn(prefix, String(digest))).sort(Buffer.compare)
})))

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const), version: fc.constant(1 as const), logAddress: fc.string({ maxLength: 256 }),
    size: uint32, fingerprint: sum, holdsAll: fc.boolean()
  }),
  fc.record({ type: fc.constant('ranges' as const), ranges }),
  fc.record({ type: fc.constant('differ' as const), ranges, lists, done: fc.boolean() }),
  fc.record({
    type: fc.constant('want' as const), id: uint32, entries: digests, blocks: fc.array(cid, { maxLength: 20 }),
    withFiles: fc.boolean(), bytesMax: uint32
  }),
  fc.record({ type: fc.constant('item' as const), id: uint32, kind: fc.constantFrom('entry', 'block', 'identity'), key: cid, bytes: content }),
  fc.record({ type: fc.constant('end' as const), id: uint32, sent: uint32, missing: fc.array(cid, { maxLength: 20 }), deferred: uint32 }),
  fc.record({
    type: fc.constant('push' as const), entry: content, identity: content,
    blocks: fc.array(fc.record({ cid, bytes: content }), { maxLength: 5 })
  }),
  fc.record({ type: fc.constant('have' as const), digests, size: uint32, fingerprint: sum }),
  fc.record({ type: fc.constant('error' as const), sentence: fc.string({ maxLength: 1024 }) })
)

/** What is left after decoding: a message, or nothing because it was refused as it should be. */
function decoded (frame: Uint8Array): Message | undefined {
  try {
    return decode(frame)
  } catch (err) {
    expect(err).toBeInstanceOf(ProtocolError)
    return undefined
  }
}

function refused (...values: unknown[]): () => void {
  return () => decode(dagCbor.encode(values))
}

const someRange = ['ab', 1, new Uint8Array(16)]

describe('messages', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(message, (message) => {
      expect(decode(encode(message))).toEqual(message)
    }), { numRuns: 500 })
  })

  it('take 23 bytes for a range, and 32 for a digest', () => {
    const range = { prefix: 'ab', count: 43, sum: new Uint8Array(16) }
    expect(encode({ type: 'ranges', ranges: [] })).toHaveLength(3)
    expect(encode({ type: 'ranges', ranges: [range] })).toHaveLength(3 + 23)
    expect(encode({ type: 'have', digests: digestsOf('size', 1000), size: 0, fingerprint: range.sum })).toHaveLength(32_000 + 23)
  })

  it('are refused with a ProtocolError if they are random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (frame) => { decoded(frame) }), { numRuns: 2_000 })
  })

  it('are refused with a ProtocolError if they are other values', () => {
    const { value } = fc.letrec((again) => ({
      value: fc.oneof(
        { maxDepth: 3 }, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.uint8Array(),
        fc.boolean(), fc.constant(null), fc.array(again('value'), { maxLength: 5 }), fc.dictionary(fc.string(), again('value'), { maxKeys: 3 })
      )
    }))
    const tagged = fc.tuple(fc.integer({ min: -1, max: 9 }), fc.array(value, { maxLength: 5 })).map(([tag, fields]) => [tag, ...fields])
    fc.assert(fc.property(fc.oneof(tagged, value), (value) => { decoded(dagCbor.encode(value)) }), { numRuns: 2_000 })
  })

  it('that suffer a flipped bit or are cut off are refused, or are another valid message', () => {
    fc.assert(fc.property(message, fc.nat(), fc.boolean(), (message, at, cut) => {
      const frame = encode(message)
      const bit = at % (8 * frame.length)
      frame[bit >>> 3]! ^= 1 << (bit & 7)
      const other = decoded(cut ? frame.subarray(0, bit >>> 3) : frame)

      if (other !== undefined) {
        expect(decode(encode(other))).toEqual(other)
      }
    }), { numRuns: 2_000 })
  })

  it('are refused if their tag is not one of the numbers', () => {
    for (const tag of ['length', 'map', -1, 9, 1.5, null, [1]]) {
      expect(refused(tag, [])).toThrow(ProtocolError)
    }
  })

  it.for<[string, unknown[]]>([
    ['hello.version is not 1; the peer has to follow /peersdb/sync/1.0.0', [0, 2, '', 0, new Uint8Array(16), true]],
    ['hello.logAddress is not a text of at most 256 characters', [0, 1, 'x'.repeat(257), 0, new Uint8Array(16), true]],
    ['ranges.ranges[0].prefix is not a prefix of at most 24 lower-case', [1, [['AB', 1, new Uint8Array(16)]]]],
    ['ranges.ranges[0].prefix is not a prefix of at most 24 lower-case', [1, [['a'.repeat(25), 1, new Uint8Array(16)]]]],
    ['ranges.ranges[1].count is not an integer from 0 to 4294967295', [1, [someRange, ['b', 2 ** 32, new Uint8Array(16)]]]],
    ['ranges.ranges[0].sum is not 16 bytes', [1, [['', 1, new Uint8Array(15)]]]],
    ['ranges.ranges has prefixes that are not disjoint and ascending, at 1', [1, [someRange, someRange]]],
    ['ranges.ranges has prefixes that are not disjoint and ascending, at 1', [1, [someRange, ['abc', 1, new Uint8Array(16)]]]],
    ['differ.lists[0] is a list without digests', [2, [], [['', new Uint8Array(0)]], true]],
    ['differ.lists[0].digests is not a whole number of digests of 32 bytes', [2, [], [['', new Uint8Array(33)]], true]],
    ['differ.lists[0] has digests that do not ascend, at 1', [2, [], [['', new Uint8Array(64)]], true]],
    ['differ.lists[0] has digests without its prefix', [2, [], [['1', new Uint8Array(32)]], true]],
    ['want is not an array of id, entries, blocks, withFiles, bytesMax', [3, 1, new Uint8Array(0), []]],
    ['item.kind is not one of 0 (entry), 1 (block), 2 (identity)', [4, 1, 3, new Uint8Array(1), new Uint8Array(0)]],
    ['item.key is not 1 to 128 bytes', [4, 1, 0, new Uint8Array(0), new Uint8Array(0)]],
    ['have.digests is not 0 to 32768 bytes', [7, new Uint8Array(32 * 1025), 0, new Uint8Array(16)]]
  ])('%s', ([sentence, values]) => {
    expect(refused(...values)).toThrow(sentence)
  })

  it('name at most 4096 ranges, lists and digests', () => {
    const differ = (count: number): Differ => ({
      type: 'differ', ranges: [], lists: [{ prefix: '', digests: digestsOf('many', count).sort(Buffer.compare) }], done: true
    })
    expect(decode(encode(differ(namedMax - 1)))).toEqual(differ(namedMax - 1))
    expect(() => decode(encode(differ(namedMax)))).toThrow('differ names 4097 ranges, lists and digests, where 4096 are allowed')
  })

  it('fit into a frame at their largest, and an item into its own', () => {
    const range = { count: 0xffffffff, sum: new Uint8Array(16) }
    const largest = Array.from({ length: namedMax }, (_, index) => ({ prefix: index.toString(16).padStart(prefixDigitsMax, '0'), ...range }))
    const item = { type: 'item' as const, id: 0xffffffff, kind: 'block' as const, key: new Uint8Array(128), bytes: new Uint8Array(itemBytesMax) }
    expect(decode(encode({ type: 'ranges', ranges: largest }))).toEqual({ type: 'ranges', ranges: largest })
    expect(encode(item).byteLength).toBeLessThanOrEqual(itemFrameBytesMax)
    expect(Buffer.compare((decode(encode(item)) as typeof item).bytes, item.bytes)).toBe(0)
  })

  it('that are too long are neither read nor written', () => {
    const push = { type: 'push' as const, entry: new Uint8Array(frameBytesMax), identity: new Uint8Array(0), blocks: [] }
    expect(() => encode(push)).toThrow('the push message takes 262153 bytes of at most 262144; divide it')
    expect(refused(6, push.entry, push.identity, [])).toThrow('a message of 262153 bytes is too long')
    expect(refused(4, 1, 0, digestOf('key'), new Uint8Array(itemBytesMax + 1))).toThrow('item.bytes is not 0 to 2097152 bytes')
    expect(refused(4, 1, 0, digestOf('key'), new Uint8Array(itemFrameBytesMax))).toThrow('is too long')
  })

  it('with more values than any message has are not decoded', () => {
    const arrays = new Uint8Array(itemBytesMax).fill(0x80)
    arrays.set([0x85, 4])
    expect(() => decode(arrays)).toThrow('a message has more than 20480 values')
    expect(() => decode(new Uint8Array(frameBytesMax).fill(0x81))).toThrow('a message has more than 20480 values')
  })
})
