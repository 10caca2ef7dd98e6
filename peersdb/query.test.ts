import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { TypedEventEmitter } from 'main-event'
import { afterEach, describe, expect, it } from 'vitest'
import { watchChanges } from './changes.ts'
import { PeerClosedError } from './errors.ts'
import { matches } from './filter.ts'
import { closeAll, connect, list, open } from './peers.test-helper.ts'
import type { Change, Contribution, Filter, Peer, PeerEvents, Query } from './index.ts'

afterEach(closeAll)

const samples = [
  { size: 10, name: 'a.csv', attributes: { workload: 'sort', nodes: '4' } },
  { size: 20, name: 'b.json', attributes: { workload: 'sort', nodes: '12' } },
  { size: 30, name: 'c.csv', attributes: { workload: 'join', nodes: '1e1' } },
  { size: 40, name: 'd.csv', attributes: { workload: 'grep', nodes: 'many' } },
  { size: 50, name: 'e.csv', attributes: {} }
]

async function contributeSamples (peer: Peer): Promise<Contribution[]> {
  const contributions: Contribution[] = []

  for (const { size, name, attributes } of samples) {
    contributions.push(await peer.contribute(new Uint8Array(size).fill(size), { name, attributes: attributes as Record<string, string> }))
  }

  return contributions
}

async function names (peer: Peer, query: Query): Promise<string[]> {
  return (await Array.fromAsync(peer.query(query))).map(({ name }) => name[0]!)
}

describe('a query', () => {
  it.each<[string, Filter, string]>([
    ['a name', { name: 'b.json' }, 'b'],
    ['a media type', { mediaType: 'text/csv' }, 'acde'],
    ['an attribute', { attributes: { workload: 'sort' } }, 'ab'],
    ['one of several values', { attributes: { workload: ['join', 'grep'] } }, 'cd'],
    ['a range of numbers', { attributes: { nodes: { min: 5, max: 11 } } }, 'c'],
    ['several attributes', { attributes: { workload: 'sort', nodes: { max: 4 } } }, 'a'],
    ['an attribute that is called like a method', { attributes: { constructor: { min: 0 } } }, ''],
    ['a size', { size: { min: 20, max: 40 } }, 'bcd'],
    ['a contributor', { contributor: 'nobody' }, ''],
    ['a time to come', { createdAt: { from: '2999-01-01' } }, ''],
    ['all times', { createdAt: { from: '2000-01-01', to: '2999-01-01T00:00:00Z' } }, 'abcde'],
    ['what is held', { held: true }, 'abcde'],
    ['what is not held', { held: false }, ''],
    ['everything', {}, 'abcde']
  ])('finds %s, as its count says, and as whoever watches is told', async (_name, filter, expected) => {
    const peer = await open()
    const contributions = await contributeSamples(peer)

    expect((await names(peer, { ...filter, sort: 'name' })).join('')).toBe(expected)
    expect(peer.count(filter)).toBe(expected.length)
    expect(contributions.filter((contribution) => matches(contribution, filter, () => true)).map(({ name }) => name[0]).join('')).toBe(expected)
  })

  it('finds the same as watching, whatever the attributes are', async () => {
    const peer = await open()
    const value = fc.oneof(fc.constantFrom('0x10', ' 7 ', '1e3', '.5', '', ' ', 'Infinity', '-0', '١'), fc.integer({ min: -5, max: 20 }).map(String), fc.string({ maxLength: 5 }))
    const bound = fc.option(fc.integer({ min: -5, max: 1_000 }), { nil: undefined })
    const wanted = fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.record({ min: bound, max: bound }))

    for (const [i, attribute] of fc.sample(value, 60).entries()) {
      await peer.contribute(Buffer.from(`${i}`), { name: `${i}`, attributes: { attribute } })
    }

    const contributions = await list(peer)
    fc.assert(fc.property(wanted, (attribute) => {
      const filter = { attributes: { attribute } }
      expect(peer.count(filter)).toBe(contributions.filter((contribution) => matches(contribution, filter, () => false)).length)
    }), { numRuns: 300 })
  })

  it.each<[Query['sort'], Query['order'], string]>([
    [undefined, undefined, 'edcba'],
    ['createdAt', 'ascending', 'abcde'],
    ['name', undefined, 'abcde'],
    ['size', 'descending', 'edcba'],
    ['attributes.workload', 'ascending', 'dcabe']
  ])('sorts by %s, %s', async (sort, order, expected) => {
    const peer = await open()
    await contributeSamples(peer)
    expect((await names(peer, { sort, order })).join('')).toBe(expected)
  })

  it('that is malformed is refused by the name of what is wrong', async () => {
    const peer = await open()
    expect(() => peer.page({ limit: 0 })).toThrow(/limit/)
    expect(() => peer.page({ after: 'nonsense' })).toThrow(/after/)
    await expect(names(peer, { sort: 'color' as 'name' })).rejects.toThrow(/sort/)
    expect(() => peer.watch({ size: { least: 3 } } as never)).toThrow(/size/)
  })

  it('reads page after page while others write, without leaving out or repeating what was there', async () => {
    const [peer, other] = [await open(), await open()]
    await connect(peer, other)

    for (let i = 0; i < 1_200; i++) {
      await peer.contribute(Buffer.from(`${i}`), { name: `old ${i}` })
    }

    const seen: string[] = []
    let writing = Promise.resolve<unknown>(undefined)

    for await (const { name } of peer.query({ sort: 'name' })) {
      seen.push(name)

      if (seen.length % 100 === 0) {
        writing = Promise.all([
          writing, peer.contribute(Buffer.from(`own ${seen.length}`), { name: `new ${seen.length}` }),
          other.contribute(Buffer.from(`other ${seen.length}`), { name: `new ${seen.length}` })
        ])
        await writing
      }
    }

    const old = seen.filter((name) => name.startsWith('old'))
    expect(old).toHaveLength(1_200)
    expect(new Set(old).size).toBe(1_200)
    expect(peer.count()).toBeGreaterThanOrEqual(1_200 + 12)
  })

  it('pages as far as the limit says, each page after the other', async () => {
    const peer = await open()
    await contributeSamples(peer)
    const first = peer.page({ limit: 2, sort: 'name' })
    const second = peer.page({ limit: 2, sort: 'name', after: first.next })
    const third = peer.page({ limit: 2, sort: 'name', after: second.next })

    expect([first, second, third].map(({ contributions }) => contributions.map(({ name }) => name[0]).join(''))).toEqual(['ab', 'cd', 'e'])
    expect(third.next).toBeUndefined()
    expect((await names(peer, { sort: 'name', limit: 3, after: first.next })).join('')).toBe('cde')
  })

  it('ends with its signal', async () => {
    const peer = await open()
    await contributeSamples(peer)
    await expect(Array.fromAsync(peer.query({}, { signal: AbortSignal.abort(new Error('enough')) }))).rejects.toThrow('enough')
  })
})

describe('watching', () => {
  it('tells each change once, from the call on, of this peer and of others', async () => {
    const [peer, other] = [await open({ pin: 'everything' }), await open()]
    await peer.contribute(Buffer.from('before'), { name: 'before' })
    const changes = peer.watch({ attributes: { workload: 'sort' } })
    await connect(peer, other)
    const options = { attributes: { workload: 'sort' } }
    const large = new Uint8Array(200_000).fill(7)
    await peer.contribute(Buffer.from('own'), { name: 'own', ...options })
    await other.contribute(Buffer.from('other'), { name: 'other', attributes: { workload: 'join' } })
    await other.contribute(large, { name: 'large', ...options })
    await other.contribute(large, { name: 'again', ...options })
    const seen: string[] = []

    for await (const { type, contribution } of changes) {
      if (seen.push(`${type} ${contribution.name}`) === 6) {
        break
      }
    }

    expect(seen.sort()).toEqual(['contribution again', 'contribution large', 'contribution own', 'file again', 'file large', 'file own'])
    await peer.contribute(Buffer.from('later'), { name: 'later', ...options })
    expect((await changes.next()).done).toBe(true)
  })

  it('ends with its signal, and with the peer', async () => {
    const peer = await open()
    const controller = new AbortController()
    const [bySignal, byPeer] = [peer.watch({}, { signal: controller.signal }), peer.watch()]
    const ends = [bySignal.next(), byPeer.next()]
    controller.abort()
    expect((await ends[0])?.done).toBe(true)
    await peer.close()

    expect((await ends[1])?.done).toBe(true)
    expect((await peer.watch().next()).done).toBe(true)
    expect(await Array.fromAsync(peer.watch({}, { signal: AbortSignal.abort() }))).toEqual([])
    await expect(peer.contribute(Buffer.from('x'), { name: 'x' })).rejects.toThrow(PeerClosedError)
  })

  it('stops listening when its reader ends, even before it began', async () => {
    const events = new TypedEventEmitter<PeerEvents>()
    const init = { events, isHeld: () => false, closing: new AbortController().signal }
    const [unread, read] = [watchChanges(init, {}, {}), watchChanges(init, {}, {})]
    const pending = read.next()
    expect(events.listenerCount('contribution')).toBe(2)
    await unread.return(undefined)
    await read.return(undefined)

    expect((await pending).done).toBe(true)
    expect(events.listenerCount('contribution')).toBe(0)
    expect(events.listenerCount('file')).toBe(0)
  })

  it('gives a slow reader everything up to a bound, and then says that there was more', async () => {
    const events = new TypedEventEmitter<PeerEvents>()
    const changes = watchChanges({ events, isHeld: () => false, closing: new AbortController().signal, waitingMax: 3 }, {}, {})
    const [contribution] = await contributeSamples(await open())
    const tell = (name: string): void => { events.safeDispatchEvent('contribution', { detail: { ...contribution!, name } }) }
    const seen: Change[] = []
    tell('1')
    seen.push((await changes.next()).value as Change)
    ;['2', '3', '4', '5'].forEach(tell)
    await setImmediate()

    const reading = async (): Promise<void> => {
      for await (const change of changes) {
        seen.push(change)
      }
    }
    await expect(reading()).rejects.toThrow(/more than 3 changes waited to be read/)
    expect(seen.map(({ contribution }) => contribution.name)).toEqual(['1', '2', '3', '4'])
    expect(events.listenerCount('contribution')).toBe(0)
  })
})
