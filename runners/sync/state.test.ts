import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SyncLimitError } from './errors.ts'
import type { SyncState } from './state.ts'
import { createSyncState } from './state.ts'
import { createTap } from './tap.ts'

function readAll (state: SyncState, topic: string): string[] {
  const seen: string[] = []
  createTap(state, topic, (encoded, seq) => seen.push(`${seq}:${encoded}`))()
  return seen
}

describe('states', () => {
  it('release each barrier exactly once, at its target and not before, in any interleaving', () => {
    const step = fc.oneof(fc.constant('signal' as const), fc.integer({ min: -1, max: 12 }))
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const state = createSyncState(1e6)
      const barriers: Array<{ target: number, times: number }> = []
      for (const action of steps) {
        if (action === 'signal') state.signal('s')
        else {
          const barrier = { target: action, times: 0 }
          barriers.push(barrier)
          state.barrier('s', action, () => { barrier.times++ })
        }
        for (const { target, times } of barriers) expect(times).toBe(target <= state.count('s') ? 1 : 0)
      }
    }))
  })

  it('do not release a barrier that was given up', () => {
    const state = createSyncState(1e6)
    const released: string[] = []
    const giveUp = state.barrier('s', 1, () => released.push('given up'))
    state.barrier('s', 1, () => released.push('kept'))
    giveUp()
    state.signal('s')
    giveUp()
    expect(released).toEqual(['kept'])
  })
})

describe('topics', () => {
  it('show every reader all messages in one order, whenever it came', () => {
    const step = fc.oneof(fc.integer(), fc.constant('subscribe' as const))
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const state = createSyncState(1e6)
      const readers: string[][] = []
      for (const action of steps) {
        if (action !== 'subscribe') {
          state.publish('t', String(action))
          continue
        }
        const seen: string[] = []
        readers.push(seen)
        createTap(state, 't', (encoded, seq) => seen.push(`${seq}:${encoded}`))
      }
      const published = steps.filter((action) => action !== 'subscribe').map((n, i) => `${i + 1}:${n}`)
      for (const seen of readers) expect(seen).toEqual(published)
    }))
  })

  it('let a reader lag and another stop without losing anything', () => {
    const state = createSyncState(1e6)
    let woken = 0
    const lagging = state.read('t', () => { woken++ })
    const stopped = state.read('t', () => { throw new Error('woken after it stopped') })
    stopped.stop()
    state.publish('t', 'a')
    state.publish('t', 'b')
    expect([woken, lagging.next()?.encoded, lagging.next()?.encoded, lagging.next()]).toEqual([2, 'a', 'b', undefined])
  })
})

describe('the bound on what is kept', () => {
  it('refuses what does not fit, and leaves no trace of it', () => {
    const state = createSyncState(200)
    state.publish('t', 'x'.repeat(100))
    expect(() => state.publish('t', 'y'.repeat(100))).toThrow(SyncLimitError)
    expect(() => state.signal('z'.repeat(100))).toThrow(/the state "z+" does not fit any more/)
    expect(state.publish('t', 'small')).toBe(2)
    expect(readAll(state, 't')).toEqual([`1:${'x'.repeat(100)}`, '2:small'])
    expect(state.count('z'.repeat(100))).toBe(0)
  })
})

describe('what is to be forgotten', () => {
  const later = (): number => performance.now() + 1

  it('is the whole of a run that nobody uses, which frees what it held', () => {
    const state = createSyncState(400)
    state.signal('run:1:ready')
    state.publish('run:1:addresses', '"here"')
    expect(state.holdings()).toEqual({ states: 1, topics: 1, retainedBytes: 160 })
    state.forget(later())
    expect(state.holdings()).toEqual({ states: 0, topics: 0, retainedBytes: 0 })
    expect([state.count('run:1:ready'), readAll(state, 'run:1:addresses')]).toEqual([0, []])
  })

  it('is nothing of a run that was used since, or that anybody waits for or listens to', () => {
    const state = createSyncState(1e6)
    state.signal('run:1:early')
    const giveUp = state.barrier('run:1:late', 2, () => {})
    state.publish('run:2:topic', '1')
    const { stop } = state.read('run:2:topic', () => {})
    state.forget(later())
    expect([state.count('run:1:early'), readAll(state, 'run:2:topic')]).toEqual([1, ['1:1']])
    giveUp()
    stop()
    state.forget(performance.now() - 60_000)
    expect(state.holdings()).toMatchObject({ states: 2, topics: 1 })
    state.forget(later())
    expect(state.holdings()).toEqual({ states: 0, topics: 0, retainedBytes: 0 })
  })
})
