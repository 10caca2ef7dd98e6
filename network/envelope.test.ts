import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvelope, createLoss, TCP_SEGMENT_BYTES } from './envelope.ts'
import { createLink, createSerialiser, serialisationMs } from './link.ts'
import { createRandom } from './random.ts'
import type { Link } from './link.ts'

const INITIAL_WINDOW_BYTES = 14_480

interface Flow { bitsPerSecond?: number, oneWayMs: number, p?: number, beta?: number, seed?: string }

function flow ({ bitsPerSecond = 1e9, oneWayMs, p = 0, beta = 0.5, seed = '' }: Flow): Link {
  return createLink({
    uplink: createSerialiser(Infinity),
    flow: createSerialiser(bitsPerSecond),
    latencyMs: () => oneWayMs,
    tcp: { envelope: createEnvelope({ beta, loss: createLoss(createRandom(seed), () => p) }), returnMs: () => oneWayMs }
  })
}

/** Sends whenever there is room until a time has come; returns the last arrival and what was sent. */
function drive (link: Link, fromMs: number, untilMs: number, bytesMax = Infinity): { bytes: number, arriveMs: number, nowMs: number } {
  let [bytes, arriveMs, nowMs] = [0, 0, fromMs]
  while (nowMs < untilMs && bytes < bytesMax) {
    const room = Math.min(link.roomBytes(nowMs), 65_536, bytesMax - bytes)
    if (room > 0) {
      arriveMs = link.send(nowMs, room).arriveMs
      bytes += room
    } else {
      nowMs = link.nextRoomMs()
    }
  }
  return { bytes, arriveMs, nowMs }
}

describe('tcp envelope', () => {
  it('doubles from ten segments: 16 MiB over 50 ms at 1 Gbit/s take ten round trips', () => {
    const { arriveMs } = drive(flow({ oneWayMs: 50 }), 0, Infinity, 16 * 2 ** 20)
    expect(arriveMs).toBeGreaterThan(1000)
    expect(arriveMs).toBeLessThan(1160)
    const roundTrips = Array.from({ length: 5 }, (_, i) => drive(flow({ oneWayMs: 50, bitsPerSecond: Infinity }), 0, i * 100 + 1).bytes)
    expect(roundTrips).toEqual([1, 3, 7, 15, 31].map((windows) => windows * INITIAL_WINDOW_BYTES))
  })

  it.each([[100, 0.001, 4.47], [100, 0.01, 1.41], [20, 0.001, 22.3]])(
    'at a round trip of %i ms and loss %d carries what Mathis gives, %d Mbit/s, within a fifth', (roundTripMs, p, mbits) => {
      const rates = Array.from({ length: 8 }, (_, seed) => {
        const { bytes } = drive(flow({ oneWayMs: roundTripMs / 2, p, seed: String(seed) }), 0, 600_000)
        return bytes * 8 / 600 / 1e6
      })
      const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
      expect(1.22 * TCP_SEGMENT_BYTES * 8 / (roundTripMs / 1000 * Math.sqrt(p)) / 1e6).toBeCloseTo(mbits, 1)
      expect(mean / mbits).toBeGreaterThan(0.8)
      expect(mean / mbits).toBeLessThan(1.2)
    })

  it('starts again from ten segments after a pause longer than a time-out, and not after a shorter one', () => {
    const roomAfter = (pauseMs: number): number => {
      const link = flow({ oneWayMs: 50, bitsPerSecond: Infinity })
      drive(link, 0, 301)
      return link.roomBytes(400 + pauseMs)
    }
    expect(roomAfter(0)).toBe(16 * INITIAL_WINDOW_BYTES)
    expect(roomAfter(150)).toBe(16 * INITIAL_WINDOW_BYTES)
    expect(roomAfter(1000)).toBe(INITIAL_WINDOW_BYTES)
  })

  it('does not open for a sender that leaves it unused', () => {
    const link = flow({ oneWayMs: 50, bitsPerSecond: Infinity })
    for (let i = 0; i < 50; i++) {
      link.send(i * 100, 1000)
    }
    expect(link.roomBytes(5000)).toBe(INITIAL_WINDOW_BYTES)
  })

  /** An envelope whose draws of losses are given one by one, and what sending chunks at once through it costs. */
  function scripted (beta: number, losses: number[], chunks: number[]) {
    const envelope = createEnvelope({ beta, loss: () => losses.shift() ?? 0 })
    const flights = chunks.map(() => ({ leaveMs: 0, ackMs: 100 }))
    const delaysMs = flights.map((flight, i) => envelope.send(0, (chunks[i] ?? 0) * TCP_SEGMENT_BYTES, flight))
    return { envelope, flights, delaysMs }
  }

  it.each([[0.5, 7240], [0.7, 10_136]])('leaves %d of the window, once for all losses in it, and costs each a round trip', (beta, leftBytes) => {
    const { envelope, delaysMs } = scripted(beta, [0, 1, 0, 1, 0], [3, 3, 4])
    expect(delaysMs).toEqual([0, 100, 100])
    expect(envelope.roomBytes(99)).toBe(0)
    expect(envelope.roomBytes(100)).toBe(leftBytes)
  })

  it('waits for a time-out where too little follows, each twice as long as the last, and goes on with one segment', () => {
    const once = scripted(0.5, [1, 0], [2])
    expect([once.delaysMs, once.envelope.nextAckMs()]).toEqual([[300], 400])
    expect(once.envelope.roomBytes(400)).toBe(TCP_SEGMENT_BYTES)
    expect(scripted(0.5, [1, 1, 1, 0], [2]).delaysMs).toEqual([300 + 600 + 1200])
    expect(scripted(0.5, [1, 1, 0], [5]).delaysMs).toEqual([100 + 300])
  })

  it('loses each segment with the same probability, and sees when that changes', () => {
    let p = 0.02
    const loss = createLoss(createRandom('loss'), () => p)
    const countOf = (segments: number): number => Array.from({ length: 20_000 / segments }, () => loss(segments)).reduce((a, b) => a + b)
    expect(countOf(1) / 20_000).toBeCloseTo(0.02, 2)
    expect(countOf(40) / 20_000).toBeCloseTo(0.02, 2)
    p = 0
    expect(countOf(10)).toBe(0)
    p = 0.3
    expect(countOf(10) / 20_000).toBeCloseTo(0.3, 1)
  })

  it('never lets anything overtake, come earlier than the link carries it, or wait for ever', () => {
    fc.assert(fc.property(
      fc.array(fc.record({ gapMs: fc.nat(400), bytes: fc.integer({ min: 1, max: 100_000 }) }), { maxLength: 40 }),
      fc.double({ min: 1e5, max: 1e9, noNaN: true }), fc.double({ min: 0, max: 200, noNaN: true }),
      fc.constantFrom(0, 0.01, 0.3), fc.string(),
      (writes, bitsPerSecond, oneWayMs, p, seed) => {
        const link = flow({ bitsPerSecond, oneWayMs, p, seed, beta: 0.7 })
        let [nowMs, lastArriveMs, sentBytes, firstMs] = [0, 0, 0, NaN]
        for (const { gapMs, bytes } of writes) {
          nowMs += gapMs
          for (let left = bytes; left > 0;) {
            const room = Math.min(left, link.roomBytes(nowMs))
            if (room === 0) {
              expect(link.nextRoomMs()).toBeGreaterThan(nowMs)
              expect(link.nextRoomMs()).toBeLessThan(Infinity)
              nowMs = link.nextRoomMs()
              continue
            }
            const { arriveMs } = link.send(nowMs, room)
            firstMs = Number.isNaN(firstMs) ? nowMs : firstMs
            sentBytes += room
            left -= room
            expect(arriveMs).toBeGreaterThanOrEqual(lastArriveMs)
            expect(arriveMs).toBeGreaterThanOrEqual(nowMs + serialisationMs(room, bitsPerSecond) + oneWayMs - 1e-6)
            expect(arriveMs).toBeGreaterThanOrEqual(firstMs + serialisationMs(sentBytes, bitsPerSecond) + oneWayMs - 1e-6)
            lastArriveMs = arriveMs
          }
        }
      }
    ))
  })
})
