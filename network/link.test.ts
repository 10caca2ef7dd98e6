import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvelope } from './envelope.ts'
import { createLink, createSerialiser, serialisationMs } from './link.ts'
import { createRandom, exponential } from './random.ts'
import type { Link } from './link.ts'

const MEBIBYTE = 2 ** 20

function link (bitsPerSecond: number, latencyMs: number): Link {
  return createLink({ uplink: createSerialiser(bitsPerSecond), flow: createSerialiser(bitsPerSecond), latencyMs: () => latencyMs })
}

describe('link model', () => {
  it('gives a ping exactly the two latencies', () => {
    for (const [there, back] of [[50, 50], [5, 5], [100, 30]] as const) {
      const arrived = link(Infinity, there).send(0, 32).arriveMs
      expect(link(Infinity, back).send(arrived, 32).arriveMs).toBe(there + back)
    }
  })

  it('carries 16 MiB at 100 Mbit/s and 5 ms in 1347.18 ms, in whatever pieces', () => {
    for (const pieceBytes of [16 * MEBIBYTE, 65536, 1024]) {
      const bulk = link(1e8, 5)
      let arriveMs = 0
      for (let sent = 0; sent < 16 * MEBIBYTE; sent += pieceBytes) {
        arriveMs = bulk.send(0, pieceBytes).arriveMs
      }
      expect(arriveMs).toBeCloseTo(1347.17728, 5)
    }
  })

  it('is as fast as the slower of uplink and flow, whichever it is, without adding them up', () => {
    for (const [up, down] of [[1e8, 1e9], [1e9, 1e8], [1e8, 1e8]] as const) {
      const one = createLink({ uplink: createSerialiser(up), flow: createSerialiser(down), latencyMs: () => 0 })
      expect(one.send(0, 12_500).arriveMs).toBeCloseTo(1, 9)
    }
  })

  it('lets two links of one instance share its uplink, and their own flows not', () => {
    const uplink = createSerialiser(1e8)
    const [a, b] = [0, 1].map(() => createLink({ uplink, flow: createSerialiser(1e9), latencyMs: () => 10 }))
    const arrivals = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? a : b)?.send(0, 12_500).arriveMs ?? 0)
    expect(arrivals.at(-1)).toBeCloseTo(110, 9)
    expect(arrivals.at(-2)).toBeCloseTo(109, 9)
  })

  it('does not save up what an idle link could have carried', () => {
    const one = link(1e6, 0)
    one.send(0, 125)
    expect(one.send(1000, 125).arriveMs).toBeCloseTo(1001, 9)
  })

  it('has what is lost hold nothing back after a time-out', () => {
    const losses = [1, 0]
    const one = createLink({
      uplink: createSerialiser(1e9), flow: createSerialiser(1e9), latencyMs: () => 50,
      tcp: { envelope: createEnvelope({ beta: 0.5, loss: () => losses.shift() ?? 0 }), returnMs: () => 50 }
    })
    expect(one.send(0, 100).arriveMs).toBeCloseTo(350, 2)
    one.timeOut()
    expect(one.send(10, 100).arriveMs).toBeCloseTo(60, 2)
  })

  it('refuses a rate that is none', () => {
    expect(() => createSerialiser(0)).toThrow(RangeError)
    expect(() => createSerialiser(NaN)).toThrow(RangeError)
  })

  it('never reorders, and is never faster than latency and serialisation', () => {
    fc.assert(fc.property(
      fc.array(fc.record({ gapMs: fc.double({ min: 0, max: 50, noNaN: true }), bytes: fc.nat(100_000) }), { maxLength: 60 }),
      fc.double({ min: 1e5, max: 1e9, noNaN: true }), fc.double({ min: 1e5, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 300, noNaN: true }), fc.double({ min: 0, max: 30, noNaN: true }), fc.string(),
      (chunks, up, flow, latencyMs, jitterMeanMs, seed) => {
        const random = createRandom(seed)
        const one = createLink({
          uplink: createSerialiser(up), flow: createSerialiser(flow), latencyMs: () => latencyMs,
          jitterMs: () => exponential(random, jitterMeanMs)
        })
        let [nowMs, lastLeave, lastArrive, bytesSoFar] = [0, 0, 0, 0]
        for (const { gapMs, bytes } of chunks) {
          nowMs += gapMs
          bytesSoFar += bytes
          const { leaveMs, arriveMs } = one.send(nowMs, bytes)
          const slack = 1e-6
          expect(arriveMs).toBeGreaterThanOrEqual(lastArrive)
          expect(leaveMs).toBeGreaterThanOrEqual(lastLeave)
          expect(leaveMs).toBeGreaterThanOrEqual(nowMs + serialisationMs(bytes, Math.min(up, flow)) - slack)
          expect(leaveMs).toBeGreaterThanOrEqual(serialisationMs(bytesSoFar, Math.min(up, flow)) - slack)
          expect(arriveMs).toBeGreaterThanOrEqual(leaveMs + latencyMs)
          lastLeave = leaveMs
          lastArrive = arriveMs
        }
      }
    ))
  })
})
