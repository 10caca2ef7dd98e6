import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { realClock } from './clock.ts'
import { createDelayLine, waitUntil } from './delay-line.ts'
import { createVirtualClock } from './virtual-clock.test-helper.ts'

describe('delay line', () => {
  it('calls back at the due time, in order of due time and then of asking', () => {
    fc.assert(fc.property(fc.array(fc.nat(20), { maxLength: 80 }), (delays) => {
      const clock = createVirtualClock()
      const line = createDelayLine(clock)
      const ran: Array<[number, number]> = []
      delays.forEach((dueMs, index) => {
        line.at(dueMs, () => {
          expect(clock.nowMs()).toBe(dueMs)
          ran.push([dueMs, index])
        })
      })
      clock.runUntil(100)
      expect(ran).toEqual(delays.map((dueMs, index) => [dueMs, index]).sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!))
      expect(clock.timersWaiting()).toBe(0)
    }))
  })

  it('has one timer however many wait', () => {
    const clock = createVirtualClock()
    const line = createDelayLine(clock)
    for (let i = 0; i < 1000; i++) {
      line.at(10 + i, () => undefined)
    }
    expect(clock.timersWaiting()).toBe(1)
    expect(clock.timersSet()).toBe(1)
    line.at(5, () => undefined)
    expect(clock.timersWaiting()).toBe(1)
  })

  it('does not call back what was taken back, and goes on after a callback that throws', () => {
    const clock = createVirtualClock()
    const line = createDelayLine(clock)
    const ran: string[] = []
    line.at(1, () => { ran.push('taken back') })()
    line.at(2, () => { throw new Error('broken') })
    line.at(3, () => { ran.push('after') })
    expect(() => { clock.runUntil(10) }).toThrow('broken')
    clock.runUntil(10)
    expect(ran).toEqual(['after'])
  })

  it('lets a wait end early with the reason of its signal', async () => {
    const clock = createVirtualClock()
    const line = createDelayLine(clock)
    const controller = new AbortController()
    const waiting = waitUntil(line, 10, controller.signal)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    const second = waitUntil(line, 10, new AbortController().signal)
    clock.runUntil(10)
    await second
  })

  it('in real time is never earlier than the lead, and late only as timers are', async () => {
    const line = createDelayLine(realClock)
    const errors = await Promise.all(Array.from({ length: 40 }, (_, i) => new Promise<number>((resolve) => {
      const dueMs = realClock.nowMs() + 5 + i * 1.7
      line.at(dueMs, () => { resolve(realClock.nowMs() - dueMs) })
    })))
    expect(Math.min(...errors)).toBeGreaterThanOrEqual(-realClock.leadMs)
    expect(errors.sort((a, b) => a - b)[20]).toBeLessThan(2)
  })
})
