import { describe, expect, it } from 'vitest'
import { FileNotFoundError } from '../errors.ts'
import { keyOf } from '../store/multihash.ts'
import { thing, things, World } from './exchange.test-helper.ts'

describe('an exchange asks', () => {
  const entries = things('entry', 5_000)

  it('one holder for 6 times 64 things until it answers, and ten together for 24 times', async () => {
    for (const [holdersCount, wants] of [[1, 6], [3, 18], [10, 24]] as const) {
      const world = new World()
      world.exchange.wantEntries(entries.map(({ key }) => key))
      const holders = Array.from({ length: holdersCount }, (_, index) => world.join(`peer ${index}`, entries, { manner: 'asleep' }))
      await world.run()

      expect(holders.reduce((sum, { unanswered }) => sum + unanswered, 0)).toBe(wants)
      expect(world.asking.size).toBe(wants * 64)
      expect(world.wrongs).toEqual([])
    }
  })

  it('for no more than 48 times 64 things that are not stored yet', async () => {
    for (const holdersCount of [1, 10]) {
      const releases: Array<() => void> = []
      const world = new World(undefined, { onEntries: () => new Promise((resolve) => { releases.push(resolve) }) })
      world.exchange.wantEntries(entries.map(({ key }) => key))
      Array.from({ length: holdersCount }, (_, index) => world.join(`peer ${index}`, entries))
      await world.run()
      expect(releases).toHaveLength(48)
      expect(world.received.size).toBe(48 * 64)

      releases[0]!()
      await world.run()
      expect(releases).toHaveLength(49)
    }
  })

  it('shares the work among holders', async () => {
    const world = new World()
    const asked = new Map<string, number>()
    const holders = Array.from({ length: 5 }, (_, index) => world.join(`peer ${index}`, entries))
    holders.forEach((one) => {
      const want = one.want.bind(one)
      one.want = (digests, blocks, options) => {
        asked.set(one.peerId, (asked.get(one.peerId) ?? 0) + digests.length)
        return want(digests, blocks, options)
      }
    })
    world.exchange.wantEntries(entries.slice(0, 640).map(({ key }) => key))
    await world.exchange.settled()

    expect([...asked.values()]).toEqual([128, 128, 128, 128, 128])
  })

  it('for what comes beside an entry no more', async () => {
    const world = new World(undefined, { withFiles: true })
    const [entry, file] = [thing('entry', 'with a file'), thing('block', 'the file')]
    const answer = Promise.withResolvers<void>()
    const one = world.join('peer', [entry, file])
    one.want = async (digests, blocks) => {
      expect([digests.length, blocks.length]).toEqual([1, 0])
      await answer.promise
      const items = [entry, file].map(({ kind, key, bytes }) => ({ type: 'item' as const, id: 1, kind, key, bytes }))
      return { items, missing: [] }
    }
    world.exchange.wantEntries([entry.key])
    await world.run()
    one.open = false
    const bytes = world.exchange.wantBlock(file.cid, { signal: AbortSignal.timeout(5_000) })
    answer.resolve()

    expect(await bytes).toEqual(file.bytes)
    expect(world.batches.map(({ blocks }) => blocks.map(({ cid }) => cid.toString()))).toEqual([[file.cid.toString()]])
    await world.exchange.settled()
    expect(world.exchange.length).toBe(0)
  })
})

describe('a block', () => {
  const block = thing('block', 'wanted')
  const wait = (world: World, options: { signal?: AbortSignal, patient?: boolean } = {}): Promise<Uint8Array> =>
    world.exchange.wantBlock(block.cid, { signal: AbortSignal.timeout(10_000), ...options })

  it('that nobody could have is not found, at once', async () => {
    await expect(wait(new World())).rejects.toThrow(FileNotFoundError)
    await expect(wait(new World())).rejects.toThrow(`block ${block.cid.toString()} is held by none of the 0 connected peers`)
  })

  it('that all connected peers lack is not found, and is found once one of them has it', async () => {
    const world = new World()
    const [first] = [world.join('a', []), world.join('b', [])]
    await expect(wait(world)).rejects.toThrow('held by none of the 2 connected peers')
    first.has.set(keyOf(block.key), block)

    expect(await wait(world)).toBe(block.bytes)
  })

  it('comes from a peer that joins late, for those who are patient', async () => {
    const world = new World()
    world.join('a', [])
    const patient = wait(world, { patient: true })
    await world.run()
    expect(world.exchange.length).toBe(1)
    world.join('b', [block])

    expect(await patient).toBe(block.bytes)
    expect(world.exchange.length).toBe(0)
  })

  it('comes from a peer that lacked it before it was cut, or that is asked again', async () => {
    for (const change of ['session', 'retry']) {
      const world = new World()
      const before = world.join('a', [])
      const patient = wait(world, { patient: true })
      await world.run()
      before.has.set(keyOf(block.key), block)

      if (change === 'session') {
        before.cut()
        world.join('a', [block])
      } else {
        world.retry()
      }

      expect(await patient).toBe(block.bytes)
    }
  })

  it('is asked for once for many who wait, each of whom can give up alone', async () => {
    const world = new World()
    world.join('a', [block])
    const [one, two] = [new AbortController(), new AbortController()]
    const waiting = [wait(world, { signal: one.signal }), wait(world), wait(world, { signal: two.signal }), wait(world)]
    const outcomes = Promise.allSettled(waiting)
    one.abort(new Error('no time'))
    two.abort(new Error('no interest'))
    await world.run()

    expect((await outcomes).map((outcome) => outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error).message))
      .toEqual(['no time', block.bytes, 'no interest', block.bytes])
    expect(world.received.get(keyOf(block.key))).toBe(1)
  })

  it('is wanted no more when all have given up, even if the peer that was asked leaves after that', async () => {
    const world = new World()
    const controller = new AbortController()
    const asleep = world.join('a', [block], { manner: 'asleep' })
    const outcome = wait(world, { signal: controller.signal, patient: true })
    await world.run()
    controller.abort(new Error('no time'))
    await expect(outcome).rejects.toThrow('no time')
    asleep.cut()
    await world.run()

    expect(world.exchange.length).toBe(0)
  })

  it('can be wanted again in the very moment in which it came', async () => {
    const world = new World()
    world.join('a', [block])
    const signal = AbortSignal.timeout(10_000)
    let again: Promise<Uint8Array> | undefined
    // A want that is placed between the arrival and the first waiter's hearing of it.
    world.exchange.wantBlock(block.cid, { signal }).then(() => {}, () => {})
    const { want } = [...world.holders][0]!
    world.holders.forEach((one) => {
      one.want = async (...args) => {
        const delivery = await want.apply(one, args)
        void Promise.resolve().then(() => Promise.resolve()).then(() => { again ??= wait(world) })
        return delivery
      }
    })
    await world.run()

    expect(await again).toBe(block.bytes)
  })

  it('is not asked for where the signal has aborted before', async () => {
    const world = new World()
    world.join('a', [block])
    await expect(wait(world, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')
    expect(world.exchange.length).toBe(0)
  })

  it('is not found where the last who may have it leaves, although others were asked before', async () => {
    const world = new World()
    world.join('a', [])
    const asleep = world.join('b', [block], { manner: 'asleep' })
    const outcome = wait(world)
    await world.run()
    asleep.cut()

    await expect(outcome).rejects.toThrow('held by none of the 1 connected peers')
  })
})

describe('settled', () => {
  it('resolves at once where no entry is wanted, or nobody could have it', async () => {
    const world = new World()
    await world.exchange.settled()
    world.exchange.wantEntries(things('entry', 3).map(({ key }) => key))
    await world.exchange.settled()
    world.join('a', [])
    await world.exchange.settled()
    await world.run()
    expect(world.exchange.length).toBe(0)
  })

  it('does not wait for blocks', async () => {
    const world = new World()
    const controller = new AbortController()
    world.join('a', [])
    const block = world.exchange.wantBlock(thing('block', 'nowhere').cid, { signal: controller.signal, patient: true })
    await world.exchange.settled()
    controller.abort(new Error('enough'))
    await expect(block).rejects.toThrow('enough')
  })

  it('waits until what has come is stored', async () => {
    const store = Promise.withResolvers<void>()
    const world = new World(undefined, { onEntries: () => store.promise })
    const entries = things('entry', 3)
    world.join('a', entries)
    world.exchange.wantEntries(entries.map(({ key }) => key))
    let isSettled = false
    const settled = world.exchange.settled().then(() => { isSettled = true })
    await world.run()
    expect(isSettled).toBe(false)
    store.resolve()
    await settled
  })
})

describe('what is wanted at once', () => {
  /** How many things each want of a single peer has that answers none of them. */
  function asked (count: number, size?: number): number[] {
    const world = new World()
    const wants: number[] = []
    world.onAsked = (_holder, keys) => { wants.push(keys.length) }
    world.join('peer', things('block', count), { manner: 'asleep' })
    things('block', count).forEach(({ cid }) => {
      world.exchange.wantBlock(cid, { signal: AbortSignal.timeout(60_000), size }).catch(() => {})
    })
    return wants
  }

  it.each([
    ['one large block each, so that six are on their way', 1024 * 1024, [1, 1, 1, 1, 1, 1]],
    ['as many as fit into one answer', 128 * 1024, [4, 4, 4, 4, 4, 4]],
    ['many of which nobody knows the size', undefined, [64, 36]],
    ['no more than a want may name', 1, [64, 36]]
  ])('is %s', async (_what, size, expected) => {
    const wants = asked(100, size)
    await new Promise((resolve) => { setImmediate(resolve) })

    expect(wants).toEqual(expected)
  })

  it('may take as long as a slow link takes that all peers share', async () => {
    for (const [peers, size, limitMs] of [[1, 1_000, 38_000], [1, 1024 * 1024, 46_000], [10, 1_000, 110_000]] as const) {
      const world = new World()
      const holders = Array.from({ length: peers }, (_, index) => world.join(`peer ${index}`, [], { manner: 'asleep' }))
      world.exchange.wantBlock(thing('block', 'wanted').cid, { signal: AbortSignal.timeout(60_000), size }).catch(() => {})
      await world.run()

      expect(holders.flatMap(({ limitsMs }) => limitsMs)).toEqual([limitMs])
    }
  })
})
