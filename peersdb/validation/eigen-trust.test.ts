import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eigenTrust } from './eigen-trust.ts'
import { decodeTrust, encodeTrust, maxTrustEntries, trustRowOf } from './trust-row.ts'
import { createVerdictStore, memoryValues } from './verdict-store.ts'
import { maxAnswerBytes } from './vote.ts'
import type { TrustRow } from './eigen-trust.ts'

const a = 0.15

function rowsOf (rows: Record<string, Record<string, number>>): Map<string, TrustRow> {
  return new Map(Object.entries(rows).map(([id, row]) => [id, new Map(Object.entries(row))]))
}

function trustOf (rows: Record<string, Record<string, number>>, preTrusted: string[]): Record<string, number> {
  return Object.fromEntries(eigenTrust({ rows: rowsOf(rows), preTrusted, restart: a, tolerance: 1e-12 }))
}

const near = (value: number): unknown => expect.closeTo(value, 9)

describe('the iteration of EigenTrust', () => {
  it('of two peers that trust each other comes to 1 / (2 - a) for the one that is trusted beforehand', () => {
    expect(trustOf({ ann: { bob: 1 }, bob: { ann: 1 } }, ['ann'])).toEqual({ ann: near(1 / (2 - a)), bob: near((1 - a) / (2 - a)) })
  })

  it('passes trust on along a chain, a part of it at each step, and gives that of who trusts nobody back', () => {
    const [ann, bob, cat] = [1, 1 - a, (1 - a) ** 2]
    const sum = ann + bob + cat
    expect(trustOf({ ann: { bob: 3 }, bob: { cat: 7 } }, ['ann'])).toEqual({ ann: near(ann / sum), bob: near(bob / sum), cat: near(cat / sum) })
  })

  it('gives a clique that nobody else trusts nothing, however it praises itself', () => {
    const rows = { ann: { bob: 1 }, bob: { ann: 1 }, eve: { mal: 1, eve: 100 }, mal: { eve: 1 } }
    expect(trustOf(rows, ['ann'])).toEqual({ ann: near(1 / (2 - a)), bob: near((1 - a) / (2 - a)) })
  })

  it('is as good as those who are trusted beforehand: with one of the clique among them, half of all trust is the clique\'s', () => {
    const rows = { ann: { bob: 1 }, bob: { ann: 1 }, eve: { mal: 1 }, mal: { eve: 1 } }
    const half = (value: number): unknown => near(value / 2)
    expect(trustOf(rows, ['ann', 'eve'])).toEqual({
      ann: half(1 / (2 - a)), eve: half(1 / (2 - a)), bob: half((1 - a) / (2 - a)), mal: half((1 - a) / (2 - a))
    })
  })

  it('lets one misplaced part of trust in, of which a clique keeps what comes and gives nothing back', () => {
    const { ann = 0, bob = 0, eve = 0, mal = 0 } = trustOf({ ann: { bob: 9, eve: 1 }, bob: { ann: 1 }, eve: { mal: 1 }, mal: { eve: 1 } }, ['ann'])
    // ann = a + (1 - a) bob, bob = 0.9 (1 - a) ann; the clique has the rest, which is more than the tenth that it was given.
    expect(ann).toBeCloseTo(a / (1 - 0.9 * (1 - a) ** 2), 9)
    expect(bob).toBeCloseTo(0.9 * (1 - a) * ann, 9)
    expect(eve + mal).toBeCloseTo(1 - ann - bob, 9)
    expect(eve + mal).toBeGreaterThan(0.1)
  })

  it('hands out exactly the trust that there is, and ends, whatever is said', () => {
    const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const rows = fc.dictionary(ids, fc.dictionary(ids, fc.double({ min: -1, max: 1e9, noNaN: true })))
    fc.assert(fc.property(rows, fc.array(ids, { minLength: 1 }), (said, preTrusted) => {
      const trust = [...eigenTrust({ rows: rowsOf(said), preTrusted, restart: a }).values()]
      expect(trust.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9)
      expect(Math.min(...trust)).toBeGreaterThanOrEqual(0)
    }))
  })
})

describe('what a peer tells of its trust', () => {
  it('is the share of each whose word was right more often than wrong', () => {
    const store = createVerdictStore(memoryValues())
    store.putReputation('good', { agreed: 7, disagreed: 1 })
    store.putReputation('fair', { agreed: 3, disagreed: 1 })
    store.putReputation('bad', { agreed: 2, disagreed: 5 })
    expect([...trustRowOf(store)]).toEqual([['good', 0.75], ['fair', 0.25]])
    expect(decodeTrust(encodeTrust(trustRowOf(store)))).toEqual(new Map([['good', 0.75], ['fair', 0.25]]))
  })

  it('is of the most trusted only, so that it fits a frame', () => {
    const store = createVerdictStore(memoryValues())
    Array.from({ length: 200 }, (_, i) => { store.putReputation(`${'x'.repeat(120)} ${i}`, { agreed: i, disagreed: 0 }) })
    const row = trustRowOf(store)
    expect(row.size).toBe(maxTrustEntries)
    expect([...row.keys()].every((id) => Number(id.split(' ')[1]) >= 200 - maxTrustEntries)).toBe(true)
    expect(encodeTrust(row).byteLength).toBeLessThan(maxAnswerBytes)
  })

  it.each<[string, unknown]>([
    ['a negative share', [['eve', -1]]],
    ['a share above one', [['eve', 2]]],
    ['nobody', [['', 1]]],
    ['too many', Array.from({ length: maxTrustEntries + 1 }, (_, i) => [String(i), 0.01])],
    ['no list', { eve: 1 }]
  ])('is refused where it names %s', (_, said) => {
    expect(() => decodeTrust(dagCbor.encode(said))).toThrow(/do not tell whom it trusts/)
  })

  it('counts once for each peer', () => {
    expect(decodeTrust(dagCbor.encode([['eve', 0.1], ['eve', 1]]))).toEqual(new Map([['eve', 0.1]]))
  })
})
