import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { singleBlockCid } from './content.ts'
import { FileBlocks } from './file-blocks.ts'
import { createSlots } from './slots.ts'
import { walkAtOnce } from './walk.ts'
import { openStore } from '../store/index.ts'
import type { Sync } from '../sync.ts'

const { signal } = new AbortController()

describe('slots', () => {
  it('are never overdrawn, and go to those who wait in their order, unless they give up', async () => {
    const taker = fc.record({ wanted: fc.integer({ min: 1, max: 12 }), givesUp: fc.boolean() })

    await fc.assert(fc.asyncProperty(fc.scheduler(), fc.array(taker, { maxLength: 20 }), async (scheduler, takers) => {
      const slots = createSlots(8)
      const served: number[] = []
      let [taken, most] = [0, 0]
      const done = takers.map(async ({ wanted, givesUp }, index) => {
        const controller = new AbortController()

        if (givesUp) {
          void scheduler.schedule(Promise.resolve(), 'gives up').then(() => { controller.abort(new Error('no time')) })
        }

        await using _slots = await slots.take(controller.signal, wanted)
        served.push(index)
        taken += Math.min(wanted, 8)
        most = Math.max(most, taken)
        await scheduler.schedule(Promise.resolve(), 'is done')
        taken -= Math.min(wanted, 8)
      })
      await scheduler.waitFor(Promise.allSettled(done))

      expect(most).toBeLessThanOrEqual(8)
      expect(served).toEqual(served.toSorted((a, b) => a - b))
      expect(takers.flatMap(({ givesUp }, index) => givesUp ? [] : [index]).filter((index) => !served.includes(index))).toEqual([])
      await expect(slots.take(signal, 8)).resolves.toBeDefined()
    }))
  })
})

describe('a walk', () => {
  it('visits all that it finds, so many at a time and as many as there are', async () => {
    const [counts, widths] = [fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5 })]

    await fc.assert(fc.asyncProperty(fc.scheduler(), counts, widths, async (scheduler, count, atOnce) => {
      const visited: number[] = []
      let [running, most] = [0, 0]
      await scheduler.waitFor(walkAtOnce(0, atOnce, signal, async (node) => {
        most = Math.max(most, ++running)
        visited.push(node)
        await scheduler.schedule(Promise.resolve(), `${node}`)
        running--
        return [3 * node + 1, 3 * node + 2, 3 * node + 3].filter((child) => child < count)
      }))

      expect(visited.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, node) => node))
      expect(most).toBeLessThanOrEqual(atOnce)
      expect(most).toBeGreaterThanOrEqual(Math.min(atOnce, count > 3 ? 3 : Math.max(1, count - 1)))
    }))
  })

  it('goes on as soon as one visit of several is over', async () => {
    const last = Promise.withResolvers<void>()
    const visits: Record<string, () => Promise<string[]>> = {
      root: async () => ['slow', 'quick', 'last'],
      slow: async () => { await last.promise; return [] },
      quick: async () => [],
      last: async () => { last.resolve(); return [] }
    }

    await expect(walkAtOnce('root', 2, signal, (node) => visits[node]!())).resolves.toBeUndefined()
  })

  it('fails with what failed first, once nothing of it goes on any more', async () => {
    let ended = 0
    const walk = walkAtOnce('root', 8, signal, async (node, given) => {
      if (node === 'root') {
        return ['slow', 'slow', 'bad', 'slow']
      }

      if (node === 'bad') {
        throw new Error('bad')
      }

      await new Promise((resolve) => { given.addEventListener('abort', resolve) })
      ended++
      return ['more']
    })

    await expect(walk).rejects.toThrow('bad')
    expect(ended).toBe(3)
  })
})

describe('blocks of files that are fetched at the same time', () => {
  it('take no more than 32 MiB until they are stored', async () => {
    const store = await openStore()
    const waiting: Array<() => void> = []
    const sync = { block: () => new Promise<Uint8Array>((resolve) => { waiting.push(() => { resolve(Buffer.from('a block')) }) }) }
    const blocks = new FileBlocks({ store, sync: () => sync as never as Sync })
    const cids = Array.from({ length: 100 }, (_, index) => singleBlockCid(Buffer.from(`${index}`)))
    const kept = cids.map((cid) => blocks.keep(cid, cid, { signal, size: 1024 * 1024 }))
    const sizes: number[] = []

    for (let left = 100; left > 0; left -= sizes.at(-1)!) {
      await new Promise((resolve) => { setImmediate(resolve) })
      sizes.push(waiting.length)
      waiting.splice(0).forEach((arrive) => { arrive() })
    }

    await Promise.all(kept)
    expect(sizes).toEqual([32, 32, 32, 4])
    await store.close()
  })
})
