import { createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestIn, digestOf, digestSets, digestsOf, hex, summaryOf } from './digests.test-helper.ts'
import { sameFingerprint } from './fingerprint.ts'
import { Summary } from './summary.ts'

/** The definition of a fingerprint, in big integers. */
function expected (digests: Uint8Array[]): { count: number, sum: string } {
  const sum = digests.reduce((total, digest) => (total + BigInt(`0x${hex(digest)}`)) % 2n ** 256n, 0n)
  const text = sum.toString(16).padStart(64, '0') + digests.length.toString(16).padStart(8, '0')
  return { count: digests.length, sum: createHash('sha256').update(text, 'hex').digest('hex').slice(0, 32) }
}

function actual (summary: Summary, prefix: string): { count: number, sum: string } {
  const { count, sum } = summary.fingerprint(prefix)
  return { count, sum: hex(sum) }
}

describe('a summary', () => {
  it('has what was added, once', () => {
    const summary = new Summary()
    expect(summary.has(digestOf('a'))).toBe(false)
    expect(summary.add(digestOf('a'))).toBe(true)
    expect(summary.add(digestOf('a'))).toBe(false)
    expect(summary.has(digestOf('a'))).toBe(true)
    expect(summary.has(digestOf('b'))).toBe(false)
    expect(summary.size).toBe(1)
    expect(summary.digests('')).toEqual([digestOf('a')])
  })

  it('carries over all words of the sum, and over its end', () => {
    const ones = new Uint8Array(32).fill(0xff)
    const one = new Uint8Array(32)
    one[31] = 1
    const two = new Uint8Array(32)
    two[31] = 2
    expect(actual(summaryOf([ones, one, two]), '')).toEqual(expected([two, new Uint8Array(32), new Uint8Array(32)]))
  })

  it('agrees with the definition for every prefix of its digests', () => {
    fc.assert(fc.property(digestSets, fc.nat(), fc.integer({ min: 0, max: 64 }), (digests, pick, length) => {
      const summary = summaryOf(digests)
      const sorted = [...new Set(digests.map(hex))].sort()
      const prefix = (sorted[pick % sorted.length] ?? 'abc').slice(0, length)
      const inside = sorted.filter((digest) => digest.startsWith(prefix))
      expect(summary.size).toBe(sorted.length)
      expect(summary.digests(prefix).map(hex)).toEqual(inside)
      expect(summary.count(prefix)).toBe(inside.length)
      expect(actual(summary, prefix)).toEqual(expected(inside.map((digest) => Buffer.from(digest, 'hex'))))
    }), { numRuns: 60 })
  })

  it('does not depend on the order in which digests come', () => {
    const digests = digestsOf('order', 2_000)
    const summary = summaryOf(digests)
    const reversed = summaryOf(digests.toReversed())
    expect(summary.digests('')).toEqual(reversed.digests(''))

    for (const prefix of ['', '0', '7f', 'abc']) {
      expect(sameFingerprint(summary.fingerprint(prefix), reversed.fingerprint(prefix))).toBe(true)
    }
  })

  it('tells digests apart that differ in the last digit only', () => {
    const digests = [...'0123456789abcdef'].map((digit) => digestIn(`${'5'.repeat(63)}${digit}`, ''))
    const more = digestsOf('more', 40).map((digest) => digestIn('5'.repeat(62), hex(digest)))
    const summary = summaryOf([...digests, ...more])
    expect(summary.count('5'.repeat(63))).toBe(16)
    expect(summary.count('5'.repeat(64))).toBe(1)
    expect(digests.every((digest) => summary.has(digest))).toBe(true)
  })

  it('gives copies, which adding does not change', () => {
    const summary = summaryOf(digestsOf('copy', 10))
    const before = summary.digests('')
    const kept = before.map(hex)
    digestsOf('later', 200).forEach((digest) => { summary.add(digest) })
    expect(before.map(hex)).toEqual(kept)
  })

  it('takes at most 150 bytes for each of 40,000 digests', () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const digests = digestsOf('memory', 40_000)
    collectGarbage()
    const before = process.memoryUsage()
    const summary = summaryOf(digests)
    collectGarbage()
    const after = process.memoryUsage()
    expect(summary.size).toBe(digests.length)
    expect((after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / digests.length).toBeLessThan(150)
  })

  it('refuses what is no digest or no prefix', () => {
    const summary = new Summary()
    expect(() => summary.add(new Uint8Array(31))).toThrow('a digest has 32 bytes, and not 31')
    expect(() => summary.fingerprint('0g')).toThrow('"0g" is not a prefix')
    expect(() => summary.digests('AB')).toThrow('"AB" is not a prefix')
  })
})
