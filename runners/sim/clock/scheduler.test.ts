import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Actor, currentActor } from './actor.ts'
import { Scheduler } from './scheduler.ts'

const harness = new Actor('harness', '1')
const create = (eventCostMs?: number): Scheduler => new Scheduler({ harness, setImmediate, eventCostMs })

/** Runs until nothing is left to happen. */
const runAll = async (scheduler: Scheduler): Promise<void> => { expect(await scheduler.run()).toBe('deadlock') }

describe('virtual time', () => {
  it('runs events in the order of their time, then of their asking, each at its very time', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 100 }), async (delays) => {
      const scheduler = create()
      const ran: Array<[at: number, order: number]> = []
      delays.forEach((delay, order) => { scheduler.at(delay / 3, () => { ran.push([scheduler.nowMs, order]) }) })
      await runAll(scheduler)
      expect(ran).toEqual(delays.map((delay, order): [number, number] => [delay / 3, order]).sort((a, b) => a[0] - b[0] || a[1] - b[1]))
    }), { numRuns: 30 })
  })

  it('lets promises of an event end before the next event begins', async () => {
    const scheduler = create()
    const log: string[] = []
    scheduler.at(1, () => {
      log.push('first')
      process.nextTick(() => { log.push('tick') })
      void Promise.resolve().then(() => Promise.resolve()).then(() => { log.push('promise') })
    })
    scheduler.at(1, () => { log.push('second') })
    await runAll(scheduler)
    expect(log).toEqual(['first', 'tick', 'promise', 'second'])
  })

  it('never goes back: what is asked for in the past comes now', async () => {
    const scheduler = create()
    const times: number[] = []
    scheduler.at(5, () => { scheduler.at(2, () => { times.push(scheduler.nowMs) }) })
    await runAll(scheduler)
    expect(times).toEqual([5])
  })

  it('takes events back, many of them too', async () => {
    const scheduler = create()
    let ran = 0
    const takeBacks = Array.from({ length: 5_000 }, (_, i) => scheduler.at(i, () => { ran++ }))
    takeBacks.slice(10).forEach((takeBack) => { takeBack() })
    takeBacks.slice(10).forEach((takeBack) => { takeBack() })
    expect(scheduler.pending).toBe(10)
    await runAll(scheduler)
    expect(ran).toBe(10)
  })

  it('ends before an event that would be late, and goes on from there', async () => {
    const scheduler = create()
    const times: number[] = []
    scheduler.at(5, () => { times.push(scheduler.nowMs) })
    scheduler.at(6, () => { times.push(scheduler.nowMs) })
    expect(await scheduler.run(5)).toBe('late')
    expect(times).toEqual([5])
    await runAll(scheduler)
    expect(times).toEqual([5, 6])
  })

  it('ends when it is told to, and leaves the rest undone', async () => {
    const scheduler = create()
    let ran = 0
    scheduler.at(1, () => { ran++; scheduler.stop('done') })
    scheduler.at(1, () => { ran++ })
    expect(await scheduler.run()).toBe('done')
    expect(ran).toBe(1)
  })
})

describe('native work', () => {
  it('holds the world at the time of its end until its result is here', async () => {
    const scheduler = create()
    const log: string[] = []
    scheduler.at(1, () => {
      const settle = scheduler.complete(2)
      // The real work takes its time, in turns of the real event loop.
      setTimeout(() => { settle(() => { log.push(`result at ${scheduler.nowMs}`) }) }, 20)
    })
    scheduler.at(2, () => { log.push('before') })
    scheduler.at(4, () => { log.push('after') })
    await runAll(scheduler)
    expect(log).toEqual(['before', 'result at 3', 'after'])
  })

  it('can be waited for before anything else happens', async () => {
    const scheduler = create()
    const settle = scheduler.complete(0)
    setTimeout(() => { settle(() => { read.resolve('content') }) }, 5)
    const read = Promise.withResolvers<string>()
    expect(await scheduler.settle(read.promise)).toBe('content')
    await expect(scheduler.settle(Promise.reject(new RangeError('no')))).rejects.toThrow('no')
    expect(scheduler.nowMs).toBe(0)
  })

  it('ends in the order in which it began, whichever was faster', async () => {
    const scheduler = create()
    const log: string[] = []
    scheduler.at(0, () => {
      const [slow, fast] = [scheduler.complete(0), scheduler.complete(0)]
      fast(() => { log.push('fast') })
      setTimeout(() => { slow(() => { log.push('slow') }) }, 10)
    })
    await runAll(scheduler)
    expect(log).toEqual(['slow', 'fast'])
  })
})

describe('actors', () => {
  it('own what follows from their events, promises and timers included', async () => {
    const scheduler = create()
    const [a, b] = [new Actor('a', '1'), new Actor('b', '1')]
    const seen: unknown[] = []
    const note = (): void => { seen.push(currentActor()?.name) }
    scheduler.at(1, () => {
      void Promise.resolve().then(() => { scheduler.at(3, note) })
    }, a)
    scheduler.at(1, () => { void Promise.resolve().then(note) }, b)
    scheduler.at(2, note)
    await runAll(scheduler)
    expect(seen).toEqual(['b', 'harness', 'a'])
  })

  it('draw from streams of their own, each purpose apart, decided by the seed', () => {
    const draw = (name: string, seed: string, purpose: string): number[] => {
      const actor = new Actor(name, seed)
      actor.uint32('other')
      return [actor.uint32(purpose), actor.uint32(purpose)]
    }
    expect(draw('a', '1', 'math')).toEqual(draw('a', '1', 'math'))
    const all = [draw('a', '1', 'math'), draw('b', '1', 'math'), draw('a', '2', 'math'), draw('a', '1', 'bytes')]
    expect(new Set(all.flat())).toHaveProperty('size', 8)
  })
})

describe('the cost of computing', () => {
  it('delays what a busy actor does next, in the order in which it became due', async () => {
    const scheduler = create(2)
    const [a, b] = [new Actor('a', '1'), new Actor('b', '1')]
    const log: string[] = []
    const note = (text: string) => (): void => { log.push(`${text} at ${scheduler.nowMs}`) }
    scheduler.at(0, note('a1'), a)
    scheduler.at(0.5, note('a2'), a)
    scheduler.at(1, note('b1'), b)
    scheduler.at(1.5, note('a3'), a)
    // It becomes due at the very moment at which a2 ends, and a3 has waited longer.
    scheduler.at(4, note('a4'), a)
    await runAll(scheduler)
    expect(log).toEqual(['a1 at 0', 'b1 at 1', 'a2 at 2', 'a3 at 4', 'a4 at 6'])
  })

  it('moves what an event does after it was charged', async () => {
    const scheduler = create(1)
    const a = new Actor('a', '1')
    const log: number[] = []
    scheduler.at(1, () => {
      scheduler.charge(5)
      log.push(scheduler.nowMs)
      scheduler.at(scheduler.nowMs + 1, () => { log.push(scheduler.nowMs) }, a)
    }, a)
    scheduler.at(2, () => { log.push(scheduler.nowMs) }, a)
    await runAll(scheduler)
    expect(log).toEqual([6, 7, 8])
    expect(scheduler.chargedMs).toBe(5)
  })

  it('charges nobody for the work of the harness, also where that fails', async () => {
    const scheduler = create(1)
    const log: number[] = []
    scheduler.at(1, () => {
      expect(scheduler.free(() => { scheduler.charge(5); return 'done' })).toBe('done')
      expect(() => scheduler.free(() => { throw new RangeError('no') })).toThrow('no')
      log.push(scheduler.nowMs)
      scheduler.charge(2)
      log.push(scheduler.nowMs)
    }, new Actor('a', '1'))
    await runAll(scheduler)
    expect(log).toEqual([1, 3])
  })

  it('keeps the order of each actor whatever the load', async () => {
    const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
    const event = fc.record({ at: upTo(40), actor: upTo(2), charge: upTo(9) })
    await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      const scheduler = create(0.5)
      const actors = [0, 1, 2].map((name) => new Actor(String(name), '1'))
      const ran: Array<{ actor: number, order: number, startMs: number }> = []
      events.forEach(({ at, actor, charge }, order) => {
        scheduler.at(at, () => {
          ran.push({ actor, order, startMs: scheduler.nowMs })
          scheduler.charge(charge)
        }, actors[actor])
      })
      await runAll(scheduler)

      for (const actor of [0, 1, 2]) {
        const asked = events.map((event, order) => ({ ...event, order }))
          .filter((event) => event.actor === actor)
          .sort((a, b) => a.at - b.at || a.order - b.order)
        const done = ran.filter((event) => event.actor === actor)
        expect(done.map(({ order }) => order)).toEqual(asked.map(({ order }) => order))
        // One at a time: none begins before the one ahead of it has ended.
        let freeMs = 0
        asked.forEach(({ at, charge }, i) => {
          expect(done[i]?.startMs).toBe(Math.max(at, freeMs))
          freeMs = Math.max(at, freeMs) + charge + 0.5
        })
      }
    }), { numRuns: 40 })
  })
})
