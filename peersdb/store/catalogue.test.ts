import * as fc from 'fast-check'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import { entryHashDigest, entryHashText, openStore } from './index.ts'
import { writeCursor } from './query.ts'
import { cidOf, digestOf, sampleContribution, sampleRow } from './samples.test-helper.ts'
import { scan } from './scan.test-helper.ts'
import type { Filter, Query } from '../api.ts'
import type { Contribution } from '../contribution.ts'
import type { Store } from './index.ts'
import type { SampleContribution } from './samples.test-helper.ts'

let store: Store

beforeEach(async () => { store = await openStore() })
afterEach(async () => { await store.close() })

const names = ({ contributions }: { contributions: Contribution[] }): string[] => contributions.map(({ name }) => name)

/** All pages of a query, one after the other. */
function readAll (query: Query): Contribution[] {
  const found: Contribution[] = []

  for (let after: string | undefined; ;) {
    const page = store.catalogue.page(after == null ? query : { ...query, after })
    expect(page.contributions.length).toBeLessThanOrEqual(query.limit ?? 100)
    found.push(...page.contributions)

    if (page.next == null) {
      return found
    }

    expect(page.contributions).toHaveLength(query.limit ?? 100)
    after = page.next
  }
}

describe('entries', () => {
  test('are stored once, as they were', () => {
    const row = sampleRow(1, { createdAt: '2026-01-01T12:30Z', name: 'null \0, é and \u{1f600}', attributes: { b: '1', a: ' 2.50 ', 10: '' } })
    expect([store.catalogue.insert(row), store.catalogue.insert({ ...row, clock: 9 })]).toEqual([true, false])
    const found = store.catalogue.get(row.hash)
    expect(found).toEqual({ ...row, contribution: { ...row.contribution, hash: entryHashText(row.hash) } })
    expect(store.catalogue.page().contributions).toEqual([found?.contribution])
    expect([store.catalogue.has(row.hash), store.catalogue.has(digestOf('other')), store.catalogue.get(digestOf('other'))])
      .toEqual([true, false, undefined])
  })

  test('that are foreign are kept and counted, but are no contributions', () => {
    store.catalogue.insert(sampleRow(1))
    store.catalogue.insert({ hash: digestOf('foreign'), clock: 2, joined: true })
    expect([store.catalogue.entries, store.catalogue.foreign, store.catalogue.count()]).toEqual([2, 1, 1])
    expect(store.catalogue.get(digestOf('foreign'))).toEqual({ hash: digestOf('foreign'), clock: 2, joined: true })
    expect(names(store.catalogue.page())).toEqual(['file-1.csv'])
    expect(names(store.catalogue.page({ sort: 'attributes.x' }))).toEqual(['file-1.csv'])
    const cursor = writeCursor({ sort: { column: 'createdAt' }, order: 'descending' }, digestOf('foreign'))
    expect(() => store.catalogue.page({ after: cursor })).toThrow('is no contribution of this peer')
  })

  test('tell whether the log has them', () => {
    store.catalogue.insert(sampleRow(1))
    store.catalogue.insert({ ...sampleRow(2), joined: true })
    store.catalogue.markJoined(digestOf('entry 1'))
    store.catalogue.markJoined(digestOf('no such entry'))
    expect([...store.catalogue.hashes()]).toEqual([1, 2].map((index) => ({ hash: digestOf(`entry ${index}`), clock: index, joined: true })))
  })

  test('are listed in the order of arrival, more than are read at a time', () => {
    store.transaction(() => { for (let i = 0; i < 2500; i++) { store.catalogue.insert({ hash: digestOf(`entry ${i}`), clock: i, joined: false }) } })
    expect([...store.catalogue.hashes()].map(({ clock }) => clock)).toEqual(Array.from({ length: 2500 }, (_, i) => i))
  })

  test('leave with their attributes when they are removed', () => {
    store.catalogue.insert(sampleRow(1, { attributes: { workload: 'sort' } }))
    expect([store.catalogue.remove(digestOf('entry 1')), store.catalogue.remove(digestOf('entry 1'))]).toEqual([true, false])
    // The next row takes the same id, and would be found by what was left behind.
    store.catalogue.insert(sampleRow(2))
    expect(store.catalogue.count({ attributes: { workload: 'sort' } })).toBe(0)
    expect(store.catalogue.count()).toBe(1)
  })

  test('with a malformed hash or clock are refused', () => {
    expect(() => store.catalogue.insert({ ...sampleRow(1), hash: new Uint8Array(31) })).toThrow(InvalidInputError)
    expect(() => store.catalogue.insert({ ...sampleRow(1), clock: 1.5 })).toThrow(InvalidInputError)
    expect(store.catalogue.entries).toBe(0)
  })

  test('have the hash that OrbitDB gives them', () => {
    const digest = digestOf('entry')
    const text = entryHashText(digest)
    expect(text).toMatch(/^zdpu/)
    expect(entryHashDigest(text)).toEqual(digest)

    for (const malformed of ['', 'zdpu', cidOf('raw').toString(), `${text}x`, CID.createV1(0x55, Digest.create(sha256.code, digest)).toString()]) {
      expect(() => entryHashDigest(malformed)).toThrow(InvalidInputError)
    }
  })

  test('are found by any CID of their file, newest first', () => {
    const v1 = CID.parse(sampleContribution(1).cid)
    const v0 = CID.createV0(Digest.create(sha256.code, v1.multihash.digest)).toString()
    store.catalogue.insert(sampleRow(1))
    store.catalogue.insert(sampleRow(2))
    store.catalogue.insert(sampleRow(3, { cid: v0 }))
    expect(store.catalogue.byCid(v1.toString()).map(({ name }) => name)).toEqual(['file-3.csv', 'file-1.csv'])
    expect(names(store.catalogue.page({ cid: v0 }))).toEqual(['file-3.csv', 'file-1.csv'])
    expect(() => store.catalogue.byCid('nonsense')).toThrow(InvalidInputError)
  })
})

const someOf = <T>(...values: T[]) => fc.constantFrom(...values)
const attributeValue = someOf('sort', 'grep', '1', '2.5', '-3e2', '0x10', '1e999', '', ' 7 ', 'é', '\u{1f600}', '\uffff')
const contribution = fc.record<Partial<SampleContribution>>({
  name: someOf('a', 'b', 'B', '\u{1f600}', '\uffff'),
  size: fc.integer({ min: 0, max: 5 }),
  mediaType: someOf('text/csv', 'application/json'),
  contributor: someOf('x', 'y'),
  createdAt: someOf('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.001Z', '2026-06-01T12:00Z', '1969-12-31T23:59:59.5Z'),
  attributes: fc.dictionary(someOf('workload', 'machine', 'runtime'), attributeValue)
})
const range = fc.record({ min: someOf(-300, 0, 1, 2.5), max: someOf(-300, 1, 7, 100) }, { requiredKeys: [] })
const filter = fc.record<Filter>({
  attributes: fc.dictionary(someOf('workload', 'machine', 'runtime', 'nothing'), fc.oneof(attributeValue, fc.array(attributeValue, { maxLength: 3 }), range)),
  name: someOf('a', 'b', 'none'),
  mediaType: someOf('text/csv'),
  contributor: someOf('x', 'z'),
  size: range,
  createdAt: fc.record({ from: someOf('2026-01-01', '2026-01-01T01:00:00+01:00'), to: someOf('2026-01-01T00:00:00.001Z', '2027-01-01') }, { requiredKeys: [] }),
  held: fc.boolean()
}, { requiredKeys: [] })
const order = fc.record<Query>({
  sort: someOf('createdAt', 'name', 'size', 'contributor', 'attributes.workload', 'attributes.nothing'),
  order: someOf('ascending', 'descending'),
  limit: someOf(1, 2, 7, 100)
}, { requiredKeys: [] })

describe('a query', () => {
  test('finds what a look at every contribution finds, page by page and in order', async () => {
    const queriesOf = fc.array(fc.tuple(filter, order), { maxLength: 12 })
    await fc.assert(fc.asyncProperty(fc.array(contribution, { maxLength: 60 }), queriesOf, async (fields, queries) => {
      await store.close()
      store = await openStore()
      store.transaction(() => { fields.forEach((field, index) => store.catalogue.insert(sampleRow(index, field))) })
      const all = [...store.catalogue.hashes()].map(({ hash }) => store.catalogue.get(hash)?.contribution as Contribution)
      const held = new Set<string>()

      for (let index = 0; index < all.length; index += 2) {
        const cid = cidOf(`file ${index}`)
        store.blocks.putSmall(cid.multihash.bytes, new Uint8Array(1))
        store.files.hold(cid, [])
        held.add(cid.toString())
      }

      for (const [filter, order] of queries) {
        const expected = scan(all, { ...filter, ...order, limit: undefined }, (cid) => held.has(cid))
        expect(readAll({ ...filter, ...order })).toEqual(expected)
        expect(store.catalogue.count(filter)).toBe(expected.length)
      }
    }), { numRuns: 60 })
  })

  test('searches where the first contributions do not match', () => {
    store.transaction(() => {
      for (let index = 0; index < 3000; index++) {
        store.catalogue.insert(sampleRow(index, { attributes: { rare: String(index % 1000 === 5), number: String(index), ...(index === 7 ? { comment: 'hi' } : {}) } }))
      }
    })
    const rare = { attributes: { rare: 'true' } }
    expect(names(store.catalogue.page({ ...rare, limit: 2 }))).toEqual(['file-2005.csv', 'file-1005.csv'])
    expect(readAll({ ...rare, limit: 2 })).toHaveLength(3)
    expect(readAll({ ...rare, limit: 1, sort: 'attributes.number' }).map(({ name }) => name)).toEqual(['file-1005.csv', 'file-2005.csv', 'file-5.csv'])
    expect(readAll({ ...rare, limit: 1, sort: 'attributes.comment' }).map(({ name }) => name)).toEqual(['file-5.csv', 'file-1005.csv', 'file-2005.csv'])
    expect(names(store.catalogue.page({ sort: 'attributes.comment', limit: 2 }))).toEqual(['file-7.csv', 'file-0.csv'])
    expect(names(store.catalogue.page({ attributes: { number: { max: 1 } } }))).toEqual(['file-1.csv', 'file-0.csv'])
  })

  test('has pages of 100 by default, and of 1,000 at most', () => {
    store.transaction(() => { for (let index = 0; index < 1001; index++) { store.catalogue.insert(sampleRow(index)) } })
    expect(store.catalogue.page().contributions).toHaveLength(100)
    const page = store.catalogue.page({ limit: 1_000_000 })
    expect(page.contributions).toHaveLength(1000)
    expect(names(store.catalogue.page({ limit: 5, after: page.next as string }))).toEqual(['file-0.csv'])
  })

  test('goes on where it was although contributions arrive meanwhile', () => {
    for (const index of [1, 3, 5]) {
      store.catalogue.insert(sampleRow(index))
    }

    const page = store.catalogue.page({ limit: 2, sort: 'createdAt', order: 'ascending' })
    store.catalogue.insert(sampleRow(2))
    store.catalogue.insert(sampleRow(4))
    expect(names(page)).toEqual(['file-1.csv', 'file-3.csv'])
    expect(names(store.catalogue.page({ sort: 'createdAt', order: 'ascending', after: page.next as string }))).toEqual(['file-4.csv', 'file-5.csv'])
  })

  test.each([
    ['unknown field', { colour: 'red' }],
    ['unknown sort', { sort: 'colour' }],
    ['sort by a nameless attribute', { sort: 'attributes.' }],
    ['unknown order', { order: 'random' }],
    ['NaN', { attributes: { runtime: { min: NaN } } }],
    ['infinite size', { size: { max: Infinity } }],
    ['no limit at all', { limit: Infinity }],
    ['limit of nothing', { limit: 0 }],
    ['10,000 values', { attributes: { runtime: Array.from({ length: 10_000 }, String) } }],
    ['100 attributes', { attributes: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a${i}`, 'x'])) }],
    ['long value', { attributes: { a: 'x'.repeat(2000) } }],
    ['number for a text', { name: 5 }],
    ['attribute that objects inherit from', { attributes: JSON.parse('{ "__proto__": "x" }') }],
    ['date without its offset', { createdAt: { from: '2026-01-01T00:00:00' } }],
    ['date that is none', { createdAt: { to: 'yesterday' } }],
    ['malformed CID', { cid: 'bafyNonsense' }],
    ['null', null]
  ])('with %s is refused', (_, query) => {
    expect(() => store.catalogue.page(query as unknown as Query)).toThrow(InvalidInputError)
    expect(() => store.catalogue.count(query as unknown as Filter)).toThrow(InvalidInputError)
  })

  test('with a cursor of another query, or of nobody, is refused', () => {
    for (const index of [1, 2, 3]) {
      store.catalogue.insert(sampleRow(index))
    }

    const next = store.catalogue.page({ limit: 1 }).next as string
    expect(names(store.catalogue.page({ after: next }))).toEqual(['file-2.csv', 'file-1.csv'])
    const refused = (query: Query) => expect(() => store.catalogue.page(query)).toThrow(InvalidInputError)
    refused({ after: next, sort: 'name' })
    refused({ after: next, order: 'ascending' })
    refused({ after: `${next}A` })
    refused({ after: '' })
    refused({ after: Buffer.from('null').toString('base64url') })
    refused({ after: 'x'.repeat(100_000) })
    store.catalogue.remove(digestOf('entry 3'))
    refused({ after: next })
    fc.assert(fc.property(fc.string(), (after) => { refused({ after }) }))
  })
})
