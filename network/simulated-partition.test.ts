import { describe, expect, it } from 'vitest'
import { receive, sendBytes } from './stage.test-helper.ts'
import { bytesOf, setUp } from './connected-pair.test-helper.ts'

describe('a partition', () => {
  it('holds what is on its way and what is sent later, both ways, until the retransmission after it', async () => {
    const { stage, network, out, inn, startMs } = await setUp()
    const arrivals = [receive(stage, inn), receive(stage, out)]
    out.send(Uint8Array.of(1))
    await stage.runTo(startMs + 20)
    network.partition(['one'], ['two', 'three'])
    out.send(Uint8Array.of(2))
    inn.send(Uint8Array.of(3))
    await stage.runTo(startMs + 1000)
    expect(arrivals).toEqual([[], []])
    network.heal()
    out.send(Uint8Array.of(4))
    await stage.runTo(startMs + 10_000)
    // First sent at 0 and 20 ms, so sent again after 1400 ms, and there a latency later.
    expect(arrivals.map((some) => some.map(({ atMs }) => atMs - startMs))).toEqual([[1450], [1470]])
    expect(arrivals.map(bytesOf)).toEqual([[1, 2, 4], [3]])
  })

  it('that has ended leaves no trace on what is sent after the retransmission', async () => {
    const { stage, network, out, inn, startMs } = await setUp()
    const arrivals = receive(stage, inn)
    network.partition(['one'], ['two'])
    await stage.runTo(startMs + 1000)
    network.heal()
    out.send(Uint8Array.of(1))
    await stage.runTo(startMs + 2000)
    expect(arrivals.map(({ atMs }) => atMs - startMs)).toEqual([1050])
  })

  it('that comes back before the retransmission holds on, and time-outs go on doubling', async () => {
    const { stage, network, out, inn, startMs } = await setUp()
    const arrivals = receive(stage, inn)
    out.send(Uint8Array.of(1))
    network.partition(['two'], ['one'])
    await stage.runTo(startMs + 300)
    network.heal()
    await stage.runTo(startMs + 400)
    network.partition(['one'], ['two'])
    await stage.runTo(startMs + 700)
    network.heal()
    await stage.runTo(startMs + 10_000)
    expect(arrivals.map(({ atMs }) => atMs - startMs)).toEqual([1450])
  })

  it('loses nothing, invents nothing and goes no faster than the link, at level tcp-envelope too', async () => {
    for (const level of ['bandwidth', 'tcp-envelope'] as const) {
      const { stage, network, out, inn, startMs } = await setUp({ oneWayMs: 50, flow: 1e7 }, level)
      const arrivals = receive(stage, inn)
      const sending = sendBytes(out, 2 ** 20)
      await stage.runTo(startMs + 300)
      const before = bytesOf(arrivals).length
      expect(before).toBeGreaterThan(0)
      network.partition(['one'], ['two'])
      await stage.runTo(startMs + 5000)
      expect(bytesOf(arrivals)).toHaveLength(before)
      network.heal()
      const healedMs = stage.nowMs()
      const atHeal = arrivals.length
      await stage.until(sending)
      await stage.runTo(startMs + 60_000)
      expect(bytesOf(arrivals)).toHaveLength(2 ** 20)
      expect(arrivals.at(-1)!.atMs - healedMs).toBeGreaterThan((2 ** 20 - before) * 8 / 1e7 * 1000)
      if (level === 'tcp-envelope') {
        // A time-out leaves a window of one segment, so the second waits for the first one's round trip.
        const [first, second] = arrivals.slice(atHeal)
        expect(second!.atMs - first!.atMs).toBeGreaterThan(100)
      }
    }
  })

  it('does not take back what had come to a reader that pauses', async () => {
    const { stage, network, out, inn, startMs } = await setUp()
    const arrivals = receive(stage, inn)
    inn.pause()
    out.send(Uint8Array.of(1))
    await stage.runTo(startMs + 10)
    out.send(Uint8Array.of(2))
    await stage.runTo(startMs + 100)
    network.partition(['one'], ['two'])
    inn.resume()
    await stage.runTo(startMs + 200)
    expect(bytesOf(arrivals)).toEqual([1, 2])
  })

  it('makes a sender wait once its buffer is full', async () => {
    const { stage, network, one, out, startMs } = await setUp({ oneWayMs: 50, flow: 1e7 })
    network.partition(['one'], ['two'])
    const sending = sendBytes(out, 2 ** 20)
    await stage.runTo(startMs + 10_000)
    expect([one.counters.of('b').bytesSent, out.writableNeedsDrain]).toEqual([256 * 1024, true])
    network.heal()
    await stage.until(sending)
  })

  it('gives a dial no answer, which ends as its own signal says, and leaves others alone', async () => {
    const { stage, seen, network, one, two, three, startMs } = await setUp()
    network.partition(['one'], ['two'])
    const controller = new AbortController()
    const dialling = one.dial(two, controller.signal)
    stage.at(startMs + 10_000, 'one', () => { controller.abort(new Error('10 s are over')) })
    await expect(stage.until(dialling)).rejects.toThrow('10 s are over')
    expect(stage.nowMs()).toBe(startMs + 10_000)
    expect(seen.filter(({ atMs }) => atMs > startMs)).toEqual([])
    await stage.until(one.dial(three))
  })

  it('that comes while an answer is on its way loses that', async () => {
    const { stage, network, one, two, three, startMs } = await setUp()
    const controller = new AbortController()
    const dialling = one.dial(three, controller.signal)
    await stage.runTo(startMs + 70)
    network.partition(['one'], ['three'])
    stage.at(startMs + 500, 'one', () => { controller.abort(new Error('over')) })
    await expect(stage.until(dialling)).rejects.toThrow('over')
    // One that comes half a round trip later finds connections made on one side only, and they are reset.
    const [used, unused] = await stage.until(Promise.all([one.dial(two), one.dial(two)]))
    network.partition(['one'], ['two'])
    await stage.runTo(startMs + 1000)
    network.heal()
    used.send(Uint8Array.of(1))
    await stage.until(unused.close())
    expect(stage.nowMs() - startMs).toBe(1100)
    expect([used.status, unused.status]).toEqual(['reset', 'reset'])
    expect(two.inbound).toHaveLength(1)
  })

  it('that ends while a dial is on its way has lost that', async () => {
    const { stage, network, one, three, startMs } = await setUp()
    const controller = new AbortController()
    network.partition(['one'], ['three'])
    const dialling = one.dial(three, controller.signal)
    await stage.runTo(startMs + 20)
    network.heal()
    stage.at(startMs + 500, 'one', () => { controller.abort(new Error('over')) })
    await expect(stage.until(dialling)).rejects.toThrow('over')
  })

  it('holds an end back too: the other side closes when it is over', async () => {
    const { stage, network, out, inn, startMs } = await setUp()
    network.partition(['one'], ['two'])
    out.abort(new Error('enough'))
    await stage.runTo(startMs + 5000)
    expect(inn.status).toBe('open')
    network.heal()
    await stage.runTo(startMs + 20_000)
    expect(inn.status).toBe('reset')
  })
})
