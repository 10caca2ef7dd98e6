import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWorld, receive, sendBytes } from './stage.test-helper.ts'
import { twoRegions } from './two-regions.test-helper.ts'
import type { Level } from './level.ts'
import type { TwoRegions } from './two-regions.test-helper.ts'

async function setUp (init: TwoRegions, level: Level = 'bandwidth') {
  const world = createWorld({ profile: twoRegions(init), level })
  const [one, two] = [await world.stand('one', 'a'), await world.stand('two', 'b')]
  const { out, inn } = await world.connect(one, two)
  return { ...world, one, two, out, inn, startMs: world.stage.nowMs() }
}

const bytesOf = (arrivals: ReturnType<typeof receive>): number => arrivals.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)

describe('a connection of a simulated network', () => {
  it('delivers everything once and in order, both ways, whatever is sent when', async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(fc.record({
        gapMs: fc.double({ min: 0, max: 30, noNaN: true }), bytes: fc.uint8Array({ maxLength: 5000 }), back: fc.boolean()
      }), { maxLength: 20 }),
      fc.record({
        oneWayMs: fc.integer({ max: 50, min: 0 }), jitterMs: fc.constantFrom(0, 5), flow: fc.constantFrom(0, 1e6),
        downlink: fc.constantFrom(0, 2e6), loss: fc.constantFrom(0, 0.1)
      }),
      async (sends, init) => {
        const { stage, out, inn } = await setUp(init, 'tcp-envelope')
        const arrivals = [receive(stage, inn), receive(stage, out)]
        for (const { gapMs, bytes, back } of sends) {
          await stage.runTo(stage.nowMs() + gapMs)
          ;(back ? inn : out).send(bytes)
        }
        await stage.runTo(stage.nowMs() + 600_000)
        for (const [index, some] of arrivals.entries()) {
          const sent = sends.filter(({ back }) => back === (index === 1)).flatMap(({ bytes }) => [...bytes])
          expect(some.flatMap(({ bytes }) => [...bytes])).toEqual(sent)
        }
        expect(stage.waiting()).toBe(0)
      }
    ), { numRuns: 40 })
  })

  it('takes no more than its send buffer, and drains when half of that has arrived', async () => {
    const { stage, one, out, inn, startMs } = await setUp({ oneWayMs: 5, flow: 1e6 })
    const arrivals = receive(stage, inn)
    const drained = Promise.withResolvers<void>()
    out.addEventListener('drain', () => { drained.resolve() })
    expect(out.send(new Uint8Array(300_000))).toBe(false)
    expect(one.counters.of('b').bytesSent).toBe(256 * 1024)
    await stage.until(drained.promise)
    expect(bytesOf(arrivals)).toBeGreaterThanOrEqual(128 * 1024)
    expect(stage.nowMs() - startMs).toBeCloseTo(128 * 1024 * 8 / 1e6 * 1000 + 5, -1.5)
    await stage.runTo(startMs + 10_000)
    expect(bytesOf(arrivals)).toBe(300_000)
  })

  it('asks for one event of each end at a time, however much waits', async () => {
    const { stage, out } = await setUp({ oneWayMs: 50, flow: 1e7, loss: 0.01 }, 'tcp-envelope')
    for (let i = 0; i < 200; i++) {
      out.send(new Uint8Array(1000))
    }
    for (let i = 0; i < 50; i++) {
      expect(stage.waiting()).toBeGreaterThan(0)
      expect(stage.waiting()).toBeLessThanOrEqual(2)
      await stage.runTo(stage.nowMs() + 10)
    }
  })

  it('waits for the farewell of the other side no longer than a minute', async () => {
    const { stage, network, out, startMs } = await setUp({ oneWayMs: 50 })
    network.crash('two', { silent: true })
    await stage.until(out.close())
    expect(stage.nowMs() - startMs).toBe(60_000)
  })

  it('runs all that comes to an instance as an event of that instance', async () => {
    const { stage, out, inn } = await setUp({ oneWayMs: 0, flow: 1e6 })
    const ran: Array<[string, string | undefined]> = []
    inn.addEventListener('message', () => { ran.push(['message', stage.current()]) })
    out.addEventListener('drain', () => { ran.push(['drain', stage.current()]) })
    inn.addEventListener('close', () => { ran.push(['close', stage.current()]) })
    out.send(new Uint8Array(300_000))
    expect(ran).toEqual([])
    await stage.runTo(stage.nowMs() + 10_000)
    out.abort(new Error('enough'))
    await stage.runTo(stage.nowMs() + 10_000)
    expect([...new Set(ran.map((pair) => pair.join()))].toSorted()).toEqual(['close,two', 'drain,one', 'message,two'])
  })

  it('hands over nothing within a call, even where nothing takes time', async () => {
    const { stage, out, inn, startMs } = await setUp({})
    const arrivals = receive(stage, inn)
    out.send(Uint8Array.of(1))
    expect(arrivals).toEqual([])
    await stage.runTo(startMs)
    expect(arrivals).toEqual([{ atMs: startMs, bytes: Uint8Array.of(1) }])
  })

  it('keeps a burst that comes at once to a reader that pauses', async () => {
    const { stage, out, inn } = await setUp({ oneWayMs: 5 })
    inn.pause()
    out.send(new Uint8Array(8 * 2 ** 20))
    await stage.runTo(stage.nowMs() + 100)
    const arrivals = receive(stage, inn)
    inn.resume()
    await stage.runTo(stage.nowMs() + 100)
    expect([inn.status, bytesOf(arrivals)]).toEqual(['open', 8 * 2 ** 20])
  })

  it('holds its sender back while its reader pauses, and then goes on', async () => {
    const { stage, out, inn } = await setUp({ oneWayMs: 5, flow: 1e7 })
    const arrivals = receive(stage, inn)
    inn.pause()
    const sending = sendBytes(out, 2 ** 20)
    await stage.runTo(stage.nowMs() + 5000)
    expect([bytesOf(arrivals), out.writableNeedsDrain]).toEqual([0, true])
    inn.resume()
    await stage.until(sending)
    await stage.runTo(stage.nowMs() + 5000)
    expect(bytesOf(arrivals)).toBe(2 ** 20)
  })

  it('delivers on closing what both sides had sent, and says farewell behind it', async () => {
    const { stage, seen, one, two, out, inn, startMs } = await setUp({ oneWayMs: 50, flow: 1e7 })
    const arrivals = [receive(stage, inn), receive(stage, out)]
    out.send(new Uint8Array(100_000))
    inn.send(new Uint8Array(50_000))
    await stage.until(out.close())
    expect(arrivals.map(bytesOf)).toEqual([100_000, 50_000])
    // 80 ms for the bytes, and a latency for each farewell.
    expect(stage.nowMs() - startMs).toBeCloseTo(180, 5)
    expect([out.status, inn.status]).toEqual(['closed', 'closed'])
    expect(seen.filter(({ kind }) => kind === 'fin').map(({ from, to }) => [from, to])).toEqual([['one', 'two'], ['two', 'one']])
    expect([one.counters.of('b').connections, two.counters.of('a').connections]).toEqual([0, 0])
    expect(stage.waiting()).toBe(0)
  })

  it('still receives while it waits for the farewell of the other side', async () => {
    const { stage, out, inn } = await setUp({ oneWayMs: 50 })
    const arrivals = receive(stage, out)
    const closing = out.close()
    await stage.runTo(stage.nowMs() + 40)
    expect(() => out.send(Uint8Array.of(1))).toThrow('closing')
    inn.send(Uint8Array.of(1, 2, 3))
    await stage.until(closing)
    expect(bytesOf(arrivals)).toBe(3)
  })

  it('closes no later than its signal says', async () => {
    const { stage, out } = await setUp({ oneWayMs: 50 })
    const controller = new AbortController()
    const closing = out.close({ signal: controller.signal })
    stage.at(stage.nowMs() + 20, 'one', () => { controller.abort(new Error('too long')) })
    await expect(stage.until(closing)).rejects.toThrow('too long')
  })

  it('lets an abort reach the other side one latency later, and forgets what had not left', async () => {
    const { stage, out, inn, startMs } = await setUp({ oneWayMs: 60, flow: 1e6 })
    const arrivals = receive(stage, inn)
    const gone = new Promise<number>((resolve) => { inn.addEventListener('close', () => { resolve(stage.nowMs()) }) })
    out.send(new Uint8Array(100_000))
    await stage.runTo(startMs + 20)
    out.abort(new Error('enough'))
    expect(await stage.until(gone) - startMs).toBeCloseTo(80, 5)
    expect(inn.status).toBe('reset')
    expect(bytesOf(arrivals)).toBeLessThanOrEqual(2500)
    expect(bytesOf(arrivals)).toBeGreaterThan(0)
  })

  it('is cut when its listener closes, behind what it had sent', async () => {
    const { stage, two, out, inn } = await setUp({ oneWayMs: 10, flow: 1e7 })
    const arrivals = receive(stage, out)
    inn.send(new Uint8Array(100_000))
    await two.listener.close()
    expect([inn.status, two.listener.getAddrs()]).toEqual(['closed', []])
    await stage.runTo(stage.nowMs() + 1000)
    expect([out.status, bytesOf(arrivals)]).toEqual(['closed', 100_000])
  })

  it('is reset when it sends to an end that has closed', async () => {
    const { stage, two, out, seen } = await setUp({ oneWayMs: 10 })
    await two.listener.close()
    out.send(Uint8Array.of(1))
    const startMs = stage.nowMs()
    await stage.runTo(startMs + 1000)
    expect(seen.slice(-4).map(({ atMs, kind, to }) => [atMs - startMs, kind, to]))
      .toEqual([[10, 'fin', 'one'], [10, 'data', 'two'], [20, 'reset', 'one'], [20, 'fin', 'two']])
  })
})
