import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createEntry } from './entry.ts'
import { peerIdOfKey } from './identity.ts'
import { addressOf, contribute, contributionOf, counter, hashes, list, names, plant, received, TestPeers } from './peers.test-helper.ts'
import { counted } from '../peers.test-helper.ts'
import type { Peer } from '../index.ts'

let peers: TestPeers

beforeAll(() => { peers = new TestPeers() })
afterEach(() => peers.close())
afterAll(() => peers.stop())

/** Peers of which each is connected to the next alone. */
async function chain (length: number): Promise<Peer[]> {
  const chained = [await peers.open({ syncIntervalMs: 500 })]

  while (chained.length < length) {
    const peer = await peers.open({ syncIntervalMs: 500 })
    await peer.connect(addressOf(chained.at(-1)!))
    chained.push(peer)
  }

  return chained
}

describe('an unmodified OrbitDB peer', () => {
  it('reads and verifies what was contributed before and after it connected', async () => {
    const peer = await peers.open()
    const before = [await contribute(peer, 'one'), await contribute(peer, 'two'), await contribute(peer, 'three')]
    const stock = await peers.openStock(peer)
    await stock.received(before)

    const after = [await contribute(peer, 'four'), await contribute(peer, 'five')]
    await stock.received(after)

    const all = await stock.all()
    expect(all.map(({ hash }) => hash)).toEqual([...before, ...after])
    const [first] = (await list(peer)).filter(({ name }) => name === 'one')
    const { hash, ...value } = first!
    expect(all[0]).toEqual({ hash, value })
  })

  it('contributes, and a peer that it is not connected to gets that from one that it is connected to', async () => {
    const [near, far] = await chain(2) as [Peer, Peer]
    const stock = await peers.openStock(near)
    await stock.received([await contribute(near, 'of near')])

    const hash = await stock.add(contributionOf(stock.contributor, 'of stock'))
    await received(far, [hash])

    for (const peer of [near, far]) {
      expect((await list(peer)).find((one) => one.hash === hash))
        .toMatchObject({ name: 'of stock', contributor: stock.contributor, attributes: { by: 'stock' } })
      expect(counter(peer, 'unjoined_entries')).toBe(0)
      expect(peer.status().foreignEntries).toBe(0)
    }

    expect(far.libp2p.getPeers().map(String)).toEqual([near.id])
  })

  it('gets what a peer contributes that it is not connected to', async () => {
    const [near, far] = await chain(2) as [Peer, Peer]
    const stock = await peers.openStock(near)
    await stock.received([await contribute(near, 'first')])

    await stock.received([await contribute(far, 'of far')])
    expect((await stock.all()).map(({ value }) => (value as { name: string }).name)).toEqual(['first', 'of far'])
  })

  it('ends with the same set as all others, when they write apart, then meet, and all write at once', async () => {
    const [near, far] = await chain(2) as [Peer, Peer]
    const stocks = [await peers.openStock(near), await peers.openStock(near)]
    const first = await contribute(near, 'first')
    await Promise.all(stocks.map((stock) => stock.received([first])))
    await received(far, [first])

    await Promise.all(stocks.map((stock) => stock.disconnect()))
    const fast = [near, far].flatMap((peer, i) => [1, 2, 3].map((n) => contribute(peer, `fast ${i} ${n}`)))
    const apart = [...await Promise.all(fast)]

    for (const [i, stock] of stocks.entries()) {
      apart.push(await stock.add(contributionOf(stock.contributor, `stock ${i} 1`)), await stock.add(contributionOf(stock.contributor, `stock ${i} 2`)))
    }

    await Promise.all(stocks.map((stock) => stock.connect(addressOf(near))))
    const together = await Promise.all([
      ...[near, far].flatMap((peer, i) => [4, 5, 6, 7].map((n) => contribute(peer, `fast ${i} ${n}`))),
      ...stocks.flatMap((stock, i) => [3, 4, 5].map((n) => stock.add(contributionOf(stock.contributor, `stock ${i} ${n}`))))
    ])
    const all = [first, ...apart, ...together].sort()
    await Promise.all([...[near, far].map((peer) => received(peer, all)), ...stocks.map((stock) => stock.received(all))])

    for (const peer of [near, far]) {
      expect(await hashes(peer)).toEqual(all)
      expect(counter(peer, 'unjoined_entries')).toBe(0)
    }

    for (const stock of stocks) {
      expect((await stock.all()).map(({ hash }) => hash).sort()).toEqual(all)
    }
  })

  it('gets every entry of a peer whose log has many heads', async () => {
    const directory = await peers.directory()
    const { logAddress } = await peers.open()
    const heads = await plant(directory, logAddress, (identity) => Promise.all(Array.from({ length: 40 }, (_, i) =>
      createEntry(identity, logAddress, contributionOf(peerIdOfKey(identity.publicKey)!, `head ${i}`), { next: [], time: 1 }))))
    const stock = await peers.openStock(await peers.open({ directory }))

    await stock.received(heads)
    expect(await stock.heads()).toEqual(heads.toSorted())
  })
})

describe('a file that nobody has', () => {
  it('is given up in time although an unmodified peer is connected, which never says that it lacks it', async () => {
    const peer = await peers.open({ syncIntervalMs: 500, bitswapTimeoutMs: 300 })
    const stock = await peers.openStock(peer)
    // Entries reach it by way of the bridge alone, so that it counts as an unmodified peer from now on.
    await stock.received([await contribute(peer, 'first')])
    const { cid } = contributionOf(stock.contributor, 'absent')
    const bitswapBytes = (): number => counted(peer, 'protocol_bytes_sent', { protocol: '/ipfs/bitswap/1.2.0' })
    const before = bitswapBytes()

    await expect(peer.pin(cid)).rejects.toThrow(cid)
    expect(bitswapBytes()).toBeGreaterThan(before)
    await expect(peer.unpin(cid)).rejects.toThrow(`file ${cid} is not pinned here`)
  })
})

describe('an entry of a later schema', () => {
  it('is kept, counted as foreign, passed on, and read by an unmodified peer at the other end', async () => {
    const [near, far] = await chain(2) as [Peer, Peer]
    const writer = await peers.openStock(near)
    const later = { ...contributionOf(writer.contributor, 'later'), schema: 2, signatures: ['unknown'], nested: { of: { the: 'future' } } }
    const foreign = await writer.add(later)
    const known = await writer.add(contributionOf(writer.contributor, 'known'))
    await received(far, [known])

    const reader = await peers.openStock(far)
    await reader.received([foreign, known])

    expect((await reader.all())[0]).toEqual({ hash: foreign, value: later })
    expect(far.status()).toMatchObject({ entries: 2, foreignEntries: 1 })
    expect(near.status()).toMatchObject({ entries: 2, foreignEntries: 1 })
    expect(await names(far)).toEqual(['known'])
  })
})
