import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, connect, entries, failuresOf, filesHeld, list, open, read, sha256, temporaryDirectory, until } from '../peers.test-helper.ts'
import type { Contribution, Peer, PinPolicy } from '../index.ts'

afterEach(closeAll)

const absent = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

async function contributeSome (peer: Peer): Promise<Contribution[]> {
  const sizes = [100, 170_000, 1_300_000]
  return Promise.all(sizes.flatMap((size) => ['sort', 'join'].map((workload) =>
    peer.contribute(randomBytes(size), { name: `${workload} ${size}`, attributes: { workload } }))))
}

async function held (peer: Peer): Promise<string[]> {
  return (await Array.fromAsync(peer.query({ held: true }))).map(({ name }) => name).sort()
}

describe('the policy of what to keep', () => {
  it.each<[string, PinPolicy, string[]]>([
    ['everything', 'everything', ['join 100', 'join 1300000', 'join 170000', 'sort 100', 'sort 1300000', 'sort 170000']],
    ['what a query finds', { attributes: { workload: 'sort' }, size: { min: 1_000 } }, ['sort 1300000', 'sort 170000']],
    ['nothing', 'nothing', []]
  ])('%s', async (_name, pin, expected) => {
    const [origin, replica] = [await open(), await open({ pin })]
    await connect(replica, origin)
    // Half of it is there before the two meet, and half comes later.
    await contributeSome(origin)
    await entries(replica, 6)
    await filesHeld(replica, expected.length)

    expect(await held(replica)).toEqual(expected)

    for (const { cid, name } of await list(origin)) {
      const offline = read(replica, cid, { offline: true })
      await (expected.includes(name) ? expect(offline).resolves.toBeInstanceOf(Buffer) : expect(offline).rejects.toThrow(`file ${cid} is not held here`))
    }
  })

  it('holds of what is already in the log, too, when a peer is opened with another one', async () => {
    const directory = await temporaryDirectory()
    const origin = await open()
    const contributions = await contributeSome(origin)
    const before = await open({ directory })
    await connect(before, origin)
    await entries(before, 6)
    expect(before.status().filesHeld).toBe(0)
    await before.close()

    const after = await open({ directory, pin: 'everything' })
    await connect(after, origin)
    await filesHeld(after, 6)
    await Promise.all(contributions.map(({ cid }) => read(after, cid, { offline: true })))
  })

  it('that is malformed is refused when the peer is opened', async () => {
    await expect(open({ pin: { createdAt: { from: 'yesterday' } } })).rejects.toThrow(/createdAt.*ISO 8601/)
  })
})

describe('a file', () => {
  it('that was unpinned is removed by the next garbage collection, with those of its blocks that no other file has', async () => {
    const common = randomBytes(2 * 1024 * 1024)
    const [one, two] = [Buffer.concat([common, randomBytes(1_000_000)]), Buffer.concat([common, randomBytes(1_000_000)])]
    const peer = await open()
    const first = await peer.contribute(one, { name: 'one' })
    const second = await peer.contribute(two, { name: 'two' })

    expect(await peer.collectGarbage()).toBe(0)
    await peer.unpin(first.cid)
    expect(sha256(await read(peer, first.cid, { offline: true }))).toBe(sha256(one))
    const freed = await peer.collectGarbage()

    expect(freed).toBeGreaterThanOrEqual(1_000_000)
    expect(freed).toBeLessThan(1_001_000)
    await expect(read(peer, first.cid, { offline: true })).rejects.toThrow(`is not held here`)
    expect(sha256(await read(peer, second.cid, { offline: true }))).toBe(sha256(two))
    expect(await held(peer)).toEqual(['two'])
    await expect(peer.unpin(first.cid)).rejects.toThrow(`file ${first.cid} is not pinned here`)
  })

  it('that is pinned again before anything was collected is kept', async () => {
    const peer = await open()
    const { cid } = await peer.contribute(randomBytes(200_000), { name: 'one' })
    await peer.unpin(cid)
    await peer.pin(cid)

    expect(await peer.collectGarbage()).toBe(0)
    expect(await read(peer, cid, { offline: true })).toHaveLength(200_000)
  })

  it('that was only read can be removed; one that was pinned stays', async () => {
    const [origin, reader] = [await open(), await open()]
    const [seen, pinned] = [await origin.contribute(randomBytes(300_000), { name: 'seen' }), await origin.contribute(randomBytes(3_000_000), { name: 'pinned' })]
    await connect(reader, origin)
    await read(reader, seen.cid)
    await reader.pin(pinned.cid)
    await entries(reader, 2)

    expect(await held(reader)).toEqual(['pinned'])
    expect(await reader.collectGarbage()).toBe(300_000)
    await expect(read(reader, seen.cid, { offline: true })).rejects.toThrow('is not held here')
    expect(await read(reader, pinned.cid, { offline: true })).toHaveLength(3_000_000)
  })

  it.each([0, 1, 3])('that nobody has is told so by a peer that is connected to %i others, and is not wanted any more', async (count) => {
    const peer = await open({ pin: 'everything' })

    const others = await Promise.all(Array.from({ length: count }, () => open()))
    await Promise.all(others.map((other) => connect(peer, other)))
    await until(peer, 'neighbour', () => peer.status().neighbours === count)
    await expect(peer.pin(absent)).rejects.toThrow(absent)
    await expect(read(peer, absent)).rejects.toThrow(`file ${absent} is not held here and no connected peer delivered it`)
    await expect(peer.unpin(absent)).rejects.toThrow(`file ${absent} is not pinned here`)
  })

  it('that nobody has, pinned with a signal, ends with the signal while the peer itself waits for it on', async () => {
    const [origin, replica] = [await open(), await open({ pin: 'everything' })]
    const content = randomBytes(200_000)
    const { cid } = await origin.contribute(content, { name: 'wanted' })
    await origin.unpin(cid)
    await origin.collectGarbage()
    await connect(replica, origin)
    await entries(replica, 1)

    await expect(replica.pin(cid, { signal: AbortSignal.abort(new Error('no time')) })).rejects.toThrow('no time')
    await expect(replica.pin(cid)).rejects.toThrow(cid)
    const other = await open()
    await other.contribute(content, { name: 'here it is' })
    await connect(replica, other)
    await filesHeld(replica, 1)
    expect(sha256(await read(replica, cid, { offline: true }))).toBe(sha256(content))
  })

  it('is fetched although hundreds of others are wanted that nobody has', async () => {
    const [origin, replica] = [await open(), await open({ pin: 'everything' })]

    for (let i = 0; i < 300; i++) {
      const { cid } = await origin.contribute(randomBytes(170_000), { name: 'gone' })
      await origin.unpin(cid)
    }

    await origin.collectGarbage()
    await connect(replica, origin)
    await entries(replica, 300)
    const { cid } = await origin.contribute(randomBytes(170_000), { name: 'here' })

    await filesHeld(replica, 1)
    expect(await read(replica, cid, { offline: true })).toHaveLength(170_000)
  })

  it('that was unpinned while it is wanted is not fetched when somebody brings it', async () => {
    const [origin, replica] = [await open(), await open({ pin: 'everything' })]
    const failures = failuresOf(replica)
    const content = randomBytes(200_000)
    const { cid } = await origin.contribute(content, { name: 'wanted' })
    await origin.unpin(cid)
    await origin.collectGarbage()
    await connect(replica, origin)
    await entries(replica, 1)
    await replica.unpin(cid)

    const other = await open()
    await other.contribute(content, { name: 'here it is', private: true })
    const marker = await other.contribute(randomBytes(200_000), { name: 'marker' })
    await connect(replica, other)
    await filesHeld(replica, 1)
    expect(await held(replica)).toEqual(['marker'])
    await expect(read(replica, marker.cid, { offline: true })).resolves.toHaveLength(200_000)
    expect(failures.filter(({ message }) => !/unpinned|ended|disconnected/.test(message))).toEqual([])
  })
})
