import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startNode } from '../node.ts'
import { openStore } from '../store/index.ts'
import { openContributionsLog } from './open-log.ts'
import { LogNotFoundError } from './errors.ts'
import { addressOf, contribute, contributionOf, counter, hashes, holds, list, names, received, TestPeers } from './peers.test-helper.ts'
import type { Peer, SyncMode } from '../index.ts'

let peers: TestPeers

beforeAll(() => { peers = new TestPeers() })
afterEach(() => peers.close())
afterAll(() => peers.stop())

/** Peers of these modes, each connected to the first, that keep every file. */
async function star (modes: SyncMode[]): Promise<Peer[]> {
  const opened = await Promise.all(modes.map((sync) => peers.open({ sync, pin: 'everything', syncIntervalMs: 200 })))

  for (const peer of opened.slice(1)) {
    await peer.connect(addressOf(opened[0]!))
  }

  return opened
}

async function contents (peer: Peer): Promise<string[]> {
  const texts = (await list(peer)).map(async ({ cid }) =>
    Buffer.concat(await Array.fromAsync(peer.get(cid, { offline: true }))).toString())
  return (await Promise.all(texts)).sort()
}

describe.each([
  { modes: ['stock', 'stock', 'stock'] },
  { modes: ['fast', 'stock', 'stock'] },
  { modes: ['stock', 'fast', 'fast'] }
] as Array<{ modes: SyncMode[] }>)('peers of the modes $modes', ({ modes }) => {
  it('replicate all entries and files, of before they met and after, written one by one and at once', async () => {
    const apart = await Promise.all(modes.map((sync) => peers.open({ sync, pin: 'everything', syncIntervalMs: 200 })))
    const before = await Promise.all(apart.map((peer, i) => contribute(peer, `before ${i}`)))

    for (const peer of apart.slice(1)) {
      await peer.connect(addressOf(apart[0]!))
    }

    await Promise.all(apart.map((peer) => received(peer, before)))
    const after = await Promise.all(apart.flatMap((peer, i) => [1, 2, 3, 4].map((n) => contribute(peer, `after ${i} ${n}`))))
    const all = [...before, ...after].sort()
    await Promise.all(apart.map((peer) => received(peer, all)))
    await Promise.all(apart.map((peer) => holds(peer, all.length)))

    for (const peer of apart) {
      expect(await hashes(peer)).toEqual(all)
      expect(await contents(peer)).toEqual((await names(apart[0]!)).map((name) => `content of ${name}`).sort())
      expect(counter(peer, 'unjoined_entries')).toBe(0)
    }
  })
})

describe.each([{ first: 'fast', second: 'stock' }, { first: 'stock', second: 'fast' }] as Array<Record<'first' | 'second', SyncMode>>)(
  'a directory that was used in the mode $first', ({ first, second }) => {
    it(`has all its entries in the mode ${second}, goes on from their heads, and back again`, async () => {
      const directory = await peers.directory()
      const [other, before] = [await peers.open({ syncIntervalMs: 200 }), await peers.open({ directory, sync: first, syncIntervalMs: 200 })]
      await before.connect(addressOf(other))
      const written = [await contribute(before, 'first'), await contribute(other, 'of another')]
      await received(before, written)
      await received(other, written)
      await before.close()

      for (const [i, sync] of [second, first].entries()) {
        const peer = await peers.open({ directory, sync, syncIntervalMs: 200 })
        expect(await hashes(peer)).toEqual(written.toSorted())
        written.push(await contribute(peer, `in the mode ${sync}`))
        await peer.connect(addressOf(other))
        written.push(await contribute(other, `of another ${i}`))
        await received(peer, written)
        await received(other, written)
        await peer.close()
      }

      // An unmodified peer finds everything from the heads alone.
      const stock = await peers.openStock(other)
      await stock.received(written)
      expect(counter(other, 'unjoined_entries')).toBe(0)
    })
  })

describe('a peer of the mode stock', () => {
  it('exchanges entries with an unmodified OrbitDB peer, those of a later schema too', async () => {
    const [peer, other] = await star(['stock', 'stock']) as [Peer, Peer]
    const before = await contribute(peer, 'before')
    const stock = await peers.openStock(peer)
    await stock.received([before])
    const later = await stock.add({ ...contributionOf(stock.contributor, 'later'), schema: 2 })
    const known = await stock.add(contributionOf(stock.contributor, 'known'))
    await received(other, [known])

    expect(await names(other)).toEqual(['before', 'known'])
    expect(other.status()).toMatchObject({ entries: 3, foreignEntries: 1 })
    expect((await stock.all()).map(({ hash }) => hash)).toEqual([before, later, known])
  })

  it('refuses what is no contribution, and goes on', async () => {
    const [peer] = await star(['stock']) as [Peer]
    const stock = await peers.openStock(peer)
    await stock.add('nonsense')
    const good = await stock.add(contributionOf(stock.contributor, 'good'))
    await received(peer, [good])
    expect(peer.status()).toMatchObject({ entries: 1, foreignEntries: 0 })
    expect(counter(peer, 'refused')).toBe(1)

    await stock.received([await contribute(peer, 'after')])
    expect(await names(peer)).toEqual(['after', 'good'])
  })
})

describe('a log that is opened by its address', () => {
  it('is found by a peer that never knew its name, whichever the mode', async () => {
    const origin = await peers.open({ log: 'a name that others do not know' })
    const hash = await contribute(origin, 'first')

    for (const sync of ['fast', 'stock'] as const) {
      const peer = await peers.open({ log: origin.logAddress, bootstrap: [addressOf(origin)], sync, syncIntervalMs: 200 })
      expect(peer.logAddress).toBe(origin.logAddress)
      await received(peer, [hash])
      await received(origin, [await contribute(peer, `of ${sync}`)])
    }
  })

  it('is refused in a sentence, after a bounded wait, where nobody has it', async () => {
    const store = await openStore()
    const node = await startNode({ stores: store, listen: [] })
    const name = '/orbitdb/zdpuAuK3BHpS7NvMBivynypqciYCuy2UW77XYBPUYRnLjnw13'

    try {
      const opening = openContributionsLog({
        node, store, name, administrators: '*', mode: 'fast', onEntry: () => {}, onRefused: () => {}, openTimeoutMs: 300
      })
      await expect(opening).rejects.toThrow(LogNotFoundError)
      await expect(opening).rejects.toThrow(`the log ${name} was not found within 0.3 s; connect to a peer that has it`)
    } finally {
      await node.stop()
      await store.close()
    }
  })

  it('is refused where the directory has another', async () => {
    const directory = await peers.directory()
    await (await peers.open({ directory, log: 'one' })).close()
    await expect(peers.open({ directory, log: 'another' })).rejects.toThrow(/the store holds the log .*; open that one, or choose another directory/)
  })
})
