import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestIn, digestOf, digestSets, digestsOf, hex, summaryOf } from './digests.test-helper.ts'
import { decode, encode, prefixDigitsMax, ProtocolError } from './messages.ts'
import { answer, createClient } from './reconcile.ts'
import { Summary } from './summary.ts'
import type { Differ, DigestList, Message, Range } from './messages.ts'
import type { ClientInit } from './reconcile.ts'

interface Outcome {
  missing: Uint8Array[]
  roundTrips: number
  bytes: number
}

interface Peers {
  client: Summary
  server: Summary
  init?: ClientInit
  /** What happens between any two messages. */
  meanwhile?: () => void
}

/** A whole comparison, over encoded messages. */
function compare ({ client: own, server, init, meanwhile = () => {} }: Peers): Outcome {
  const client = createClient(own, init)
  const questions = client.start()
  const missing: Uint8Array[] = []
  let isDone = questions.length === 0
  let bytes = 0

  while (questions.length > 0) {
    const question = encode(questions.shift()!)
    bytes += question.byteLength
    meanwhile()

    for (const part of answer(server, decode(question))) {
      const frame = encode(part)
      bytes += frame.byteLength
      meanwhile()
      const step = client.receive(decode(frame))
      missing.push(...step.missing)
      questions.push(...step.send)
      isDone = step.done
    }
  }

  expect(isDone).toBe(true)
  return { missing, roundTrips: client.roundTrips, bytes }
}

function difference (server: Summary, client: Summary): string[] {
  return server.digests('').filter((digest) => !client.has(digest)).map(hex)
}

function random (count: number, absent: number): Peers {
  const digests = digestsOf('log', count)
  const server = summaryOf(digests)
  return { server, client: summaryOf(digests.slice(absent)), init: { server: server.fingerprint('') } }
}

describe('a comparison', () => {
  it('finds the difference of any two sets', () => {
    fc.assert(fc.property(digestSets, digestSets, digestSets, fc.boolean(), (common, left, right, isHinted) => {
      const client = summaryOf([...common, ...left])
      const server = summaryOf([...common, ...right])
      const { missing } = compare({ client, server, init: isHinted ? { server: server.fingerprint('') } : {} })
      expect(missing.map(hex).sort()).toEqual(difference(server, client))
    }), { numRuns: 100 })
  })

  it('finds what the server had before, whatever both learn meanwhile', () => {
    fc.assert(fc.property(digestSets, digestSets, digestSets, fc.integer({ min: 1, max: 50 }), (common, right, later, pace) => {
      const client = summaryOf(common)
      const server = summaryOf([...common, ...right])
      const before = server.digests('')
      const coming = [...later, ...right.slice(0, right.length / 2)]
      const { missing } = compare({ client, server, meanwhile: () => {
        coming.splice(0, pace).forEach((digest, index) => { (index % 3 === 0 ? server : client).add(digest) })
      } })
      const found = new Set(missing.map(hex))
      expect(found.size).toBe(missing.length)
      expect(before.filter((digest) => !client.has(digest) && !found.has(hex(digest)))).toEqual([])
      expect(missing.filter((digest) => !server.has(digest))).toEqual([])
    }), { numRuns: 100 })
  })

  it('asks nothing if the hello says that nothing is missing', () => {
    const { client, server } = random(1_000, 0)
    expect(createClient(client, { server: server.fingerprint('') }).start()).toEqual([])
    expect(createClient(client, { server: new Summary().fingerprint('') }).start()).toEqual([])
    expect(compare({ client, server })).toMatchObject({ missing: [], roundTrips: 1 })
  })

  it.for([
    { absent: 1, roundTrips: 1, bytes: 8_000 },
    { absent: 10, roundTrips: 2, bytes: 25_000 },
    { absent: 100, roundTrips: 2, bytes: 60_000 },
    { absent: 1_000, roundTrips: 2, bytes: 240_000 },
    { absent: 11_000, roundTrips: 1, bytes: 353_000 }
  ])('of 11,000 digests, $absent absent, takes at most $roundTrips round trips and $bytes bytes', ({ absent, roundTrips, bytes }) => {
    const outcome = compare(random(11_000, absent))
    expect(outcome.missing).toHaveLength(absent)
    expect(outcome.roundTrips).toBeLessThanOrEqual(roundTrips)
    expect(outcome.bytes).toBeLessThanOrEqual(bytes)
  })

  it('of 100,000 digests, 10 absent, takes at most 2 round trips and 25,000 bytes', () => {
    const outcome = compare(random(100_000, 10))
    expect(outcome.missing).toHaveLength(10)
    expect(outcome.roundTrips).toBeLessThanOrEqual(2)
    expect(outcome.bytes).toBeLessThanOrEqual(25_000)
  })

  it('goes down a long common prefix at once', () => {
    const digests = digestsOf('cluster', 2_000).map((digest) => digestIn('0123456789abcdef0123', hex(digest)))
    const outcome = compare({ client: summaryOf(digests.slice(1)), server: summaryOf(digests) })
    expect(outcome.missing).toEqual([digests[0]])
    expect(outcome.roundTrips).toBeLessThanOrEqual(3)
  })

  it('ends within its round trips where every level of the trie is full', () => {
    const digests = Array.from({ length: 3_000 }, (_, index) => digestIn('0'.repeat(index % 60), String(index)))
    const server = summaryOf(digests)
    const client = summaryOf(digests.filter((_, index) => index % 60 !== 59))
    const outcome = compare({ client, server })
    expect(outcome.missing.map(hex).sort()).toEqual(difference(server, client))
    expect(outcome.roundTrips).toBeLessThanOrEqual(16)
  })
})

/** What a client with 1,000 digests does when the server answers so; it asks 256 ranges of two digits. */
function hostile (...parts: Array<Partial<Differ>>): () => void {
  return () => {
    const client = createClient(summaryOf(digestsOf('own', 1_000)), { digestsMax: 100 })
    client.start()
    parts.forEach((part) => client.receive(decode(encode({ type: 'differ', ranges: [], lists: [], done: false, ...part }))))
  }
}

function list (prefix: string, ...texts: string[]): DigestList {
  return { prefix, digests: texts.map((text) => digestIn(prefix, text)).sort(Buffer.compare) }
}

function range (prefix: string, count = 1_000): Range {
  return { prefix, count, sum: new Uint8Array(16) }
}

describe('a hostile server', () => {
  it.for<[string, () => void]>([
    ['an answer goes on without saying anything', hostile({})],
    ['a differ message answers no question', hostile({ done: true }, { done: true })],
    ['the range "" is listed and was not asked about', hostile({ lists: [list('', 'a')] })],
    ['the range "abc" is listed and was not asked about', hostile({ lists: [list('abc', 'a')] })],
    ['the list of range "ab" does not ascend', hostile({ lists: [list('ab', 'a')] }, { lists: [list('ab', 'a')] })],
    ['the list of range "00" does not ascend', hostile({ lists: [list('ab', 'a')] }, { lists: [list('00', 'a')] })],
    ['more than 100 digests are listed', hostile({ lists: [list('ab', ...Array.from({ length: 101 }, (_, index) => String(index)))] })],
    ['the range "ab" is no part of one that a server may divide', hostile({ ranges: [range('ab')] })],
    // Of 1,000 digests, each of the 256 ranges has about four.
    ['the range "ab1" is no part of one that a server may divide', hostile({ ranges: [range('ab1')] })]
  ])('%s', ([sentence, act]) => {
    expect(act).toThrow(ProtocolError)
    expect(act).toThrow(sentence)
  })

  it('cannot divide a range into more than 16, twice, in disorder, or list it too', () => {
    const parts = Array.from({ length: 17 }, (_, index) => range(`0${index.toString(16).padStart(2, '0')}`))
    const own = summaryOf([...digestsOf('own', 460), ...digestsOf('more', 40).map((digest) => digestIn('0', hex(digest)))])

    function act (...answers: Array<Partial<Differ>>): () => void {
      const client = createClient(own)
      expect(client.start()).toMatchObject([{ ranges: { length: 16 } }])
      expect(own.count('0')).toBeGreaterThan(32)
      return () => { answers.forEach((part) => client.receive(decode(encode({ type: 'differ', ranges: [], lists: [], done: false, ...part })))) }
    }

    expect(act({ ranges: parts })).toThrow('the range "010" is no part of one that a server may divide')
    expect(act({ ranges: [range('01')] }, { ranges: [range('01')] })).toThrow('the range "01" comes after "01"')
    expect(act({ ranges: [range('01')] }, { ranges: [range('00')] })).toThrow('the range "00" comes after "01"')
    expect(act({ ranges: [range('01')] }, { ranges: [range('012')] })).toThrow('the range "012" comes after "01"')
    expect(act({ ranges: [range('01')] }, { lists: [list('0', 'a')] })).toThrow('the range "0" is listed and was not asked about, or is divided too')
    expect(act({ lists: [list('0', 'a')] }, { ranges: [range('01')] })).toThrow('the range "01" is no part of one that a server may divide')
  })

  it('that always says it differs is left after 16 round trips, or comes to the end of the prefixes', () => {
    const own = summaryOf(digestsOf('own', 200).map((digest) => digestIn('0'.repeat(40), hex(digest))))

    /** The server divides whatever it may; the number of round trips. */
    function follow (count: number): number {
      const client = createClient(own)
      const questions = client.start()

      while (questions.length > 0) {
        const question = questions.shift() as { ranges: Range[] }
        const ranges = question.ranges
          .filter((asked) => asked.count > 32 && asked.prefix.length < prefixDigitsMax)
          .map(({ prefix }) => range(`${prefix}0`, count))
        questions.push(...client.receive({ type: 'differ', ranges, lists: [], done: true }).send)
      }

      return client.roundTrips
    }

    // Where it claims to have far more, the client waits for a list and does not divide by itself.
    expect(() => follow(1_000)).toThrow('after 16 round trips there are ranges in doubt')
    expect(follow(200)).toBe(13)
  })

  it('that names empty subranges is asked nothing about them', () => {
    const client = createClient(summaryOf(digestsOf('own', 200).map((digest) => digestIn('00', hex(digest)))))
    client.start()
    const step = client.receive({ type: 'differ', ranges: [range('00', 0)], lists: [], done: true })
    expect(step).toEqual({ send: [], missing: [], done: true })
  })

  it('gets no answer to anything but ranges', () => {
    const own = summaryOf([digestOf('a')])
    const message: Message = { type: 'error', sentence: 'no' }
    expect(() => answer(own, message)).toThrow(ProtocolError)
    expect(() => createClient(own).receive(message)).toThrow('a error message answers no question')
  })
})
