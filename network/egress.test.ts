import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { createDelayLine } from './delay-line.ts'
import { Egress } from './egress.ts'
import { createLink, createSerialiser } from './link.ts'
import { createVirtualClock } from './virtual-clock.test-helper.ts'

interface Arrival { atMs: number, bytes: number[] }

function setUp ({ bitsPerSecond = Infinity, latencyMs = 50, sendBufferBytes = 1000, segmentBytes = 100 } = {}) {
  const clock = createVirtualClock()
  const delayLine = createDelayLine(clock)
  const arrivals: Arrival[] = []
  const state = { ready: true, drains: 0 }
  const egress = new Egress({
    link: createLink({ uplink: createSerialiser(bitsPerSecond), flow: createSerialiser(bitsPerSecond), latencyMs: () => latencyMs }),
    departures: delayLine,
    arrivals: delayLine,
    sendBufferBytes,
    segmentBytes,
    deliver (data) {
      arrivals.push({ atMs: clock.nowMs(), bytes: [...data.subarray()] })
      return state.ready
    },
    onDrain: () => { state.drains++ }
  })
  const accept = (...bytes: number[]) => egress.accept(new Uint8ArrayList(Uint8Array.from(bytes)))
  const fill = (count: number) => egress.accept(new Uint8ArrayList(new Uint8Array(count)))
  return { clock, arrivals, state, egress, accept, fill }
}

describe('egress', () => {
  it('delivers one latency later, in order, a copy of what was given', () => {
    const { clock, arrivals, egress } = setUp()
    const mine = Uint8Array.from([1, 2, 3])
    egress.accept(new Uint8ArrayList(mine))
    mine.fill(9)
    clock.runUntil(20)
    egress.accept(new Uint8ArrayList(mine))
    clock.runUntil(1000)
    expect(arrivals).toEqual([{ atMs: 50, bytes: [1, 2, 3] }, { atMs: 70, bytes: [9, 9, 9] }])
    expect(egress.heldBytes).toBe(0)
  })

  it('passes through at once, without a timer, when there is nothing to wait for', () => {
    const { clock, arrivals, accept } = setUp({ latencyMs: 0 })
    expect(accept(1, 2)).toEqual({ acceptedBytes: 2, hasRoom: true })
    expect(arrivals).toEqual([{ atMs: 0, bytes: [1, 2] }])
    expect(clock.timersSet()).toBe(0)
  })

  it('holds no more than its buffer, and drains when half of it is free', () => {
    const { clock, state, egress, fill } = setUp({ bitsPerSecond: 8000, latencyMs: 0 })
    expect(fill(2500)).toEqual({ acceptedBytes: 1000, hasRoom: false })
    expect(fill(1)).toEqual({ acceptedBytes: 0, hasRoom: false })
    clock.runUntil(499)
    expect([state.drains, egress.heldBytes]).toEqual([0, 600])
    clock.runUntil(500)
    expect([state.drains, egress.heldBytes]).toEqual([1, 500])
    clock.runUntil(10_000)
    expect([state.drains, egress.heldBytes]).toEqual([1, 0])
  })

  it('takes the rest as well where what it took first has arrived by then', () => {
    const { arrivals, egress, fill } = setUp({ latencyMs: 0 })
    expect(fill(2500)).toEqual({ acceptedBytes: 2500, hasRoom: true })
    expect([arrivals.flatMap(({ bytes }) => bytes).length, egress.heldBytes]).toEqual([2500, 0])
  })

  it('tells of room whenever it had none, however late and whatever it is given', () => {
    const writes = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 3000 }), lateMs: fc.nat(120) }), { minLength: 1, maxLength: 20 })
    fc.assert(fc.property(writes, fc.constantFrom(0, 1, 50), (all, latencyMs) => {
      const { clock, arrivals, state, fill } = setUp({ latencyMs })
      let given = 0
      for (const { bytes, lateMs } of all) {
        const { acceptedBytes, hasRoom } = fill(bytes)
        given += acceptedBytes
        clock.skip(lateMs)
        if (hasRoom) continue
        const drains = state.drains
        clock.runUntil(clock.nowMs() + 1_000)
        expect(state.drains).toBe(drains + 1)
      }
      clock.runUntil(clock.nowMs() + 1_000)
      expect(arrivals.flatMap(({ bytes }) => bytes)).toHaveLength(given)
    }))
  })

  it('waits while the far end takes nothing, and then goes on in order', () => {
    const { clock, arrivals, state, egress, accept } = setUp()
    state.ready = false
    accept(1)
    clock.runUntil(10)
    accept(2)
    clock.runUntil(500)
    expect(arrivals.map(({ bytes }) => bytes)).toEqual([[1]])
    expect(accept(3)).toEqual({ acceptedBytes: 0, hasRoom: false })
    state.ready = true
    egress.resume()
    expect(arrivals.map(({ bytes }) => bytes)).toEqual([[1], [2]])
    expect(state.drains).toBe(1)
  })

  it('finishes behind everything, after one latency at least', () => {
    const { clock, arrivals, egress, fill } = setUp({ bitsPerSecond: 8000 })
    fill(1000)
    let finishedAtMs = -1
    egress.finish(() => { finishedAtMs = clock.nowMs() })
    clock.runUntil(10_000)
    expect(arrivals.flatMap(({ bytes }) => bytes)).toHaveLength(1000)
    expect(finishedAtMs).toBeCloseTo(1050, 9)
  })

  it('resets after one latency, keeping what had left and forgetting the rest', () => {
    const { clock, arrivals, egress, fill } = setUp({ bitsPerSecond: 8000 })
    fill(1000)
    clock.runUntil(250)
    let resetAtMs = -1
    egress.reset(() => { resetAtMs = clock.nowMs() })
    clock.runUntil(10_000)
    expect(resetAtMs).toBeCloseTo(300, 9)
    expect(arrivals.flatMap(({ bytes }) => bytes)).toHaveLength(200)
    expect(egress.heldBytes).toBe(0)
  })
})
