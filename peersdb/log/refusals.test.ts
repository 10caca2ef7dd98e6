import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../store/index.ts'
import { digestOfHash, multihashOf } from './hash.ts'
import { addressOf, contribute, contributionOf, counter, names, received, refusals, refused, TestPeers } from './peers.test-helper.ts'
import type { RefusalKind } from '../errors.ts'
import type { Peer } from '../index.ts'
import type { StockPeer } from './stock-peers.test-helper.ts'

let peers: TestPeers

beforeAll(() => { peers = new TestPeers() })
afterEach(() => peers.close())
afterAll(() => peers.stop())

interface Attack {
  what: string
  kind: RefusalKind
  /** Has an unmodified OrbitDB write and publish it; `victim` is another peer of that kind. */
  write (attacker: StockPeer, victim: StockPeer): Promise<unknown>
}

const attacks: Attack[] = [
  { what: 'a value that is no contribution', kind: 'malformed', write: (attacker) => attacker.add('nonsense') },
  {
    what: 'a contribution with a malformed CID',
    kind: 'malformed',
    write: (attacker) => attacker.add({ ...contributionOf(attacker.contributor, 'bad'), cid: '../../etc/passwd' })
  },
  { what: 'a contribution in the name of another', kind: 'forged', write: (attacker, victim) => attacker.add(contributionOf(victim.contributor, 'bad')) },
  {
    what: 'a contribution of 2099',
    kind: 'future',
    write: (attacker) => attacker.add({ ...contributionOf(attacker.contributor, 'bad'), createdAt: '2099-01-01T00:00:00.000Z' })
  },
  {
    what: 'a false signature',
    kind: 'unsigned',
    write: async (attacker) => {
      await attacker.lie({ falseSignature: true })
      await attacker.add(contributionOf(attacker.contributor, 'bad'))
    }
  },
  {
    what: 'another\'s identity beside the attacker\'s key',
    kind: 'forged',
    write: async (attacker, victim) => {
      await attacker.connect(victim.addresses[0]!)
      await attacker.lie({ identityHash: victim.identityHash })
      await attacker.add(contributionOf(attacker.contributor, 'bad'))
    }
  }
]

describe('of an unmodified peer', () => {
  it.each(attacks)('$what is refused as $kind, and what refers to it is not held up', async ({ kind, write }) => {
    const [near, far] = [await peers.open({ syncIntervalMs: 200 }), await peers.open({ syncIntervalMs: 200 })] as [Peer, Peer]
    await far.connect(addressOf(near))
    const [attacker, victim] = [await peers.openStock(near), await peers.openStock(near)]
    await attacker.received([await contribute(near, 'before')])

    await write(attacker, victim)
    await refused(near, kind)
    expect(await names(near)).toEqual(['before'])
    expect(near.status()).toMatchObject({ entries: 1, foreignEntries: 0 })

    await attacker.lie({})
    const good = await attacker.add(contributionOf(attacker.contributor, 'good'))
    await received(near, [good])
    await received(far, [good])

    expect(await names(near)).toEqual(['before', 'good'])
    expect(counter(near, 'unjoined_entries')).toBe(0)
    expect(refusals(near, kind)).toBe(1)
    expect(far.status()).toMatchObject({ entries: 2, foreignEntries: 0 })
    expect(near.libp2p.getPeers().map(String)).toContain(far.id)
  })
  it.each(attacks.slice(0, 4))('$what is kept for unmodified peers that come later, when its writer and whoever met it are gone', async ({ kind, write }) => {
    const [near, far] = [await peers.open({ syncIntervalMs: 200 }), await peers.open({ syncIntervalMs: 200 })] as [Peer, Peer]
    await far.connect(addressOf(near))
    const [attacker, victim] = [await peers.openStock(near), await peers.openStock(near)]
    const before = await contribute(near, 'before')
    await attacker.received([before])
    const bad = await write(attacker, victim) as string
    await refused(near, kind)
    const good = await attacker.add(contributionOf(attacker.contributor, 'good'))
    await received(far, [good])
    await refused(far, kind)
    await Promise.all([attacker, victim].map((stock) => stock.disconnect()))
    await near.close()
    await far.collectGarbage()

    const late = await peers.openStock(far)
    await late.received([before, bad, good])
    expect(await names(far)).toEqual(['before', 'good'])
    expect(far.status()).toMatchObject({ entries: 2, foreignEntries: 0 })
    expect(counter(far, 'unjoined_entries')).toBe(0)
    expect(refusals(far, kind)).toBe(1)
  })
  it('a false signature is not kept, wherever the entry came from', async () => {
    const directory = await peers.directory()
    const near = await peers.open({ directory, syncIntervalMs: 200 })
    const attacker = await peers.openStock(near)
    await attacker.received([await contribute(near, 'before')])
    await attacker.disconnect()
    await attacker.lie({ falseSignature: true })
    const bad = await attacker.add(contributionOf(attacker.contributor, 'bad'))
    await attacker.lie({})
    const good = await attacker.add(contributionOf(attacker.contributor, 'good'))
    await attacker.connect(addressOf(near))
    await received(near, [good])
    await refused(near, 'unsigned')
    await near.close()

    const store = await openStore({ directory })
    expect([good, bad].map((hash) => store.blocks.has(multihashOf(digestOfHash(hash)!)))).toEqual([true, false])
    await store.close()
  })
})
