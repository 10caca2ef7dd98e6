import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileNotFoundError, RefusedError } from '../errors.ts'
import { keyOf } from '../store/multihash.ts'
import { holdings, thing, things, World } from './exchange.test-helper.ts'
import type { FakeHolder, Manner, Thing } from './exchange.test-helper.ts'

const entriesMax = 150
const blocksMax = 80
const all = [...things('entry', entriesMax), ...things('block', blocksMax)]

/** One peer that may be asked: what it has, how it answers, and what becomes of it. */
const holder = fc.record({
  has: holdings(all.length),
  thingsMax: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 30 })),
  manner: fc.oneof({ weight: 5, arbitrary: fc.constant<Manner>('honest') },
    fc.constantFrom<Manner>('wrong block', 'wrong entry', 'silent', 'beside the point')),
  joins: fc.constantFrom('at once', 'late'),
  fate: fc.oneof({ weight: 3, arbitrary: fc.constant('stays') }, fc.constantFrom('is cut', 'is cut and comes back'))
})

/** One who waits for a block. */
const waiter = fc.record({
  block: fc.nat(blocksMax - 1),
  isPatient: fc.boolean(),
  comesLate: fc.boolean(),
  givesUp: fc.boolean()
})

interface Waiting {
  block: Thing
  isPatient: boolean
  controller: AbortController
  outcome?: Uint8Array | Error
}

const storeError = fc.constantFrom(new Error('disk full'), new RefusedError('forged', 'forged'))

const course = fc.record({
  scheduler: fc.scheduler(),
  holders: fc.array(holder, { minLength: 1, maxLength: 10 }),
  waiters: fc.array(waiter, { maxLength: 60 }),
  storeErrors: fc.array(fc.option(storeError, { nil: undefined, freq: 4 }), { maxLength: 4 }),
  retries: fc.nat(2)
})
type Course = typeof course extends fc.Arbitrary<infer T> ? T : never

/** Lets everything of a course happen, in an order that the scheduler decides. */
async function play ({ scheduler, holders, waiters, storeErrors, retries }: Course) {
  const world = new World(scheduler)
  world.storeErrors.push(...storeErrors)
  const entries = all.filter(({ kind }) => kind === 'entry')
  const blocks = all.filter(({ kind }) => kind === 'block')
  const waiting: Waiting[] = []
  const staying: FakeHolder[] = []
  const cameLate: FakeHolder[] = []
  const happens = (label: string, what: () => void): void => { void world.turn(label).then(what) }

  holders.forEach(({ has, thingsMax, manner, joins, fate }, index) => {
    const held = has.map((place) => all[place]!)
    const join = (): FakeHolder => world.join(`peer ${index}`, held, { thingsMax, manner })
    const live = (isFirst: boolean): void => {
      const joined = join()

      if (fate === 'stays') {
        (isFirst ? staying : cameLate).push(joined)
      } else {
        happens(`peer ${index} is cut`, () => {
          joined.cut()

          if (fate === 'is cut and comes back') {
            happens(`peer ${index} is back`, () => { cameLate.push(join()) })
          }
        })
      }
    }

    if (joins === 'late') {
      happens(`peer ${index} joins`, () => { live(false) })
    } else {
      live(true)
    }
  })
  world.exchange.wantEntries(entries.map(({ key }) => key))
  let isSettled = false
  const settled = world.exchange.settled().then(() => {
    isSettled = true
    return { storing: world.storing, stored: new Set(world.stored), staying: staying.filter(({ open }) => open) }
  })

  for (const { block, isPatient, comesLate, givesUp } of waiters) {
    const one: Waiting = { block: blocks[block]!, isPatient, controller: new AbortController() }
    waiting.push(one)
    const start = (): void => {
      world.exchange.wantBlock(one.block.cid, { signal: one.controller.signal, patient: isPatient })
        .then((bytes) => { one.outcome = bytes }, (err: Error) => { one.outcome = err })
    }

    if (comesLate) {
      happens('a waiter comes', start)
    } else {
      start()
    }

    if (givesUp) {
      happens('a waiter gives up', () => { one.controller.abort(new Error('no time')) })
    }
  }

  for (let count = 0; count < retries; count++) {
    happens('retry', () => { world.retry() })
  }

  await world.run()
  return { world, waiting, staying, cameLate, entries, isSettled, settled }
}

describe('an exchange', () => {
  it('fetches all that a holder which stays has, each thing once, within its bounds, in any order of events', async () => {
    await fc.assert(fc.asyncProperty(course, async (given) => {
      const { world, waiting, staying, cameLate, entries, isSettled, settled } = await play(given)
      expect(world.wrongs).toEqual([])

      // A holder that the exchange has dropped did not stay.
      const stayed = staying.filter(({ open }) => open)
      const present = [...stayed, ...cameLate.filter(({ open }) => open)]
      const isHeld = (by: FakeHolder[], { key }: Thing): boolean => by.some(({ has }) => has.has(keyOf(key)))

      for (const entry of entries.filter((one) => isHeld(stayed, one))) {
        expect(world.stored.has(keyOf(entry.key))).toBe(true)
      }

      for (const { block, isPatient, controller, outcome } of waiting) {
        if (outcome instanceof Uint8Array) {
          expect(Buffer.compare(outcome, block.bytes)).toBe(0)
        } else if (controller.signal.aborted) {
          expect(outcome === controller.signal.reason || outcome instanceof FileNotFoundError).toBe(true)
        } else if (outcome == null) {
          const isPatientlyWanted = waiting.some((other) => other.block === block && other.isPatient)
          expect([isPatientlyWanted, isHeld(present, block)]).toEqual([true, false])
        } else {
          expect(outcome).toBeInstanceOf(FileNotFoundError)
          expect([isPatient, isHeld(stayed, block)]).toEqual([false, false])
        }
      }

      for (const { kind, key } of all) {
        // Each who waits for a block may want it after another has got it.
        const timesMax = kind === 'entry' ? 1 : waiting.filter(({ block }) => block.key === key).length
        expect(world.received.get(keyOf(key)) ?? 0).toBeLessThanOrEqual(timesMax)
      }

      expect(world.exchange.length).toBe(new Set(waiting.filter(({ outcome }) => outcome == null).map(({ block }) => block)).size)
      expect(isSettled).toBe(true)
      const then = await settled
      expect(then.storing).toBe(0)
      expect(entries.filter((one) => isHeld(then.staying, one) && !then.stored.has(keyOf(one.key)))).toEqual([])
    }), { numRuns: 150 })
  }, 60_000)

  it('accuses those alone who send what is wrong, nothing, or something else than they were asked for', async () => {
    await fc.assert(fc.asyncProperty(course, async (given) => {
      const { world } = await play({ ...given, storeErrors: [] })
      const liars = new Set([...world.holders].filter(({ manner }) => manner !== 'honest').map(({ peerId }) => peerId))
      expect(world.violations.filter(({ peerId }) => !liars.has(peerId))).toEqual([])
      expect(world.violations.every(({ reason }) => reason instanceof RefusedError)).toBe(true)
    }), { numRuns: 50 })
  }, 60_000)
})

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
