import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileNotFoundError, RefusedError } from '../errors.ts'
import { keyOf } from '../store/multihash.ts'
import { holdings, things, World } from './exchange.test-helper.ts'
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
