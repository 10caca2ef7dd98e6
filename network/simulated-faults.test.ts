import { describe, expect, it } from 'vitest'
import { bareUpgrader, receive, sendBytes } from './stage.test-helper.ts'
import { bytesOf, setUp } from './connected-pair.test-helper.ts'

describe('a degraded link', () => {
  it('has another latency and rate in one direction, until it is restored', async () => {
    const { stage, network, out, inn } = await setUp()
    const arrivals = [receive(stage, inn), receive(stage, out)]
    const lagsMs = async (): Promise<Array<number | undefined>> => {
      const startMs = stage.nowMs()
      out.send(new Uint8Array(1000))
      inn.send(new Uint8Array(1000))
      await stage.runTo(startMs + 5000)
      return arrivals.map((some) => Math.round(some.at(-1)!.atMs - startMs))
    }
    network.degrade('one', 'two', { latencyMs: 300, bitsPerSecond: 8000 })
    expect(await lagsMs()).toEqual([1300, 50])
    network.degrade('one', 'two', { latencyMs: 10 })
    expect(await lagsMs()).toEqual([10, 50])
    network.restore('one', 'two')
    expect(await lagsMs()).toEqual([50, 50])
  })

  it('keeps its order when it becomes faster, and its latency holds for dials', async () => {
    const { stage, network, out, inn, one, two, startMs } = await setUp()
    const arrivals = receive(stage, inn)
    network.degrade('one', 'two', { latencyMs: 300 })
    out.send(Uint8Array.of(1))
    network.restore('one', 'two')
    out.send(Uint8Array.of(2))
    await stage.runTo(startMs + 1000)
    expect([bytesOf(arrivals), arrivals[0]!.atMs - startMs]).toEqual([[1, 2], 300])
    network.degrade('two', 'one', { latencyMs: 150 })
    await stage.until(one.dial(two))
    expect(stage.nowMs() - startMs - 1000).toBe(200)
  })

  it('is filled as far as its latency asks for, and in pieces that its rate asks for', async () => {
    const { stage, network, out, inn, startMs } = await setUp({ oneWayMs: 5, flow: 1e8 })
    const arrivals = receive(stage, inn)
    network.degrade('one', 'two', { latencyMs: 300 })
    await stage.until(sendBytes(out, 4 * 2 ** 20))
    await stage.runTo(startMs + 2000)
    expect(arrivals.at(-1)!.atMs - startMs).toBeCloseTo(4 * 2 ** 20 * 8 / 1e8 * 1000 + 300, 5)
    network.degrade('one', 'two', { latencyMs: 0, bitsPerSecond: 1e6 })
    out.send(new Uint8Array(10_000))
    await stage.runTo(startMs + 2080)
    expect(bytesOf(arrivals).length - 4 * 2 ** 20).toBeGreaterThanOrEqual(10_000 - 1448)
  })

  it('can lose segments at level tcp-envelope', async () => {
    const { stage, network, out, inn, startMs } = await setUp({ oneWayMs: 50 }, 'tcp-envelope')
    const arrivals = receive(stage, inn)
    network.degrade('one', 'two', { loss: 0.5 })
    await stage.until(sendBytes(out, 50_000))
    await stage.runTo(startMs + 600_000)
    expect(bytesOf(arrivals)).toHaveLength(50_000)
    expect(arrivals.at(-1)!.atMs - startMs).toBeGreaterThan(500)
  })
})

describe('a crash', () => {
  it('is told to a peer by a reset once what it sends next has come there, and refuses dials', async () => {
    const { stage, network, one, two, out, inn, startMs } = await setUp()
    const [arrivals, closed] = [receive(stage, out), [] as string[]]
    inn.addEventListener('close', () => { closed.push('inn') })
    inn.send(Uint8Array.of(1))
    network.crash('two')
    inn.send(Uint8Array.of(2))
    await stage.runTo(startMs + 5000)
    expect([out.status, bytesOf(arrivals), closed]).toEqual(['open', [1], []])
    out.send(Uint8Array.of(3))
    await stage.runTo(startMs + 5099)
    expect(out.status).toBe('open')
    await stage.runTo(startMs + 5100)
    expect(out.status).toBe('reset')
    await expect(stage.until(one.dial(two))).rejects.toThrow('The instance two refuses')
    await stage.until(inn.close())
  })

  it('is told to a peer that closes, too', async () => {
    const { stage, network, out, startMs } = await setUp()
    network.crash('two')
    await stage.until(out.close())
    expect(stage.nowMs() - startMs).toBe(100)
  })

  it('that is silent is told to nobody until the host is back', async () => {
    const { stage, network, seen, stand, out, startMs } = await setUp()
    network.crash('two', { silent: true })
    out.send(Uint8Array.of(1))
    await stage.runTo(startMs + 3_600_000)
    expect(out.status).toBe('open')
    expect(seen.filter(({ atMs }) => atMs > startMs)).toEqual([])
    await stand('two', 'b')
    await stage.runTo(startMs + 3_600_000 + 60_100)
    expect(out.status).toBe('reset')
  })

  it('ends a life: the old transport does nothing more, and a new one has the address and new connections', async () => {
    const { stage, network, one, two, connect, stand } = await setUp()
    network.crash('two')
    await expect(stage.until(two.dial(one))).rejects.toThrow('The instance two has crashed: give it a new transport first.')
    await expect(two.listener.listen(two.listener.getAddrs()[0]!)).rejects.toThrow('The instance two has crashed')
    const again = await stand('two', 'b')
    expect(again.listener.getAddrs().join()).toBe('/ip4/10.0.0.2/tcp/4002')
    const samePort = again.transport.createListener({ upgrader: bareUpgrader(() => undefined) })
    await samePort.listen(two.listener.getAddrs()[0]!)
    await two.listener.close()
    await stage.until(again.dial({ ...again, listener: samePort }))
    const { out, inn } = await connect(one, again)
    const arrivals = receive(stage, inn)
    out.send(Uint8Array.of(1))
    await stage.runTo(stage.nowMs() + 100)
    expect(bytesOf(arrivals)).toEqual([1])
  })
})

describe('a crash of the dialling side', () => {
  it('leaves nobody to answer to', async () => {
    const { stage, network, one, three, seen, startMs } = await setUp()
    const controller = new AbortController()
    const dialling = one.dial(three, controller.signal)
    await stage.runTo(startMs + 70)
    network.crash('one')
    await stage.runTo(startMs + 1000)
    controller.abort(new Error('over'))
    await expect(dialling).rejects.toThrow('over')
    expect([seen.filter(({ atMs }) => atMs > startMs).map(({ kind }) => kind), three.inbound]).toEqual([['syn'], []])
  })
})

describe('faults', () => {
  it('are refused where there is nobody, or where the level does not model them', async () => {
    const { network } = await setUp()
    const nobody = 'There is no instance four in the simulated network: it has one, two, three.'
    expect(() => { network.partition(['one'], ['four']) }).toThrow(nobody)
    expect(() => { network.degrade('four', 'one', {}) }).toThrow(nobody)
    expect(() => { network.restore('one', 'four') }).toThrow(nobody)
    expect(() => { network.crash('four') }).toThrow(nobody)
    expect(() => { network.partition(['one', 'two'], ['two']) }).toThrow('The instance two is on both sides')
    expect(() => { network.degrade('one', 'two', { loss: 0.1 }) }).toThrow('The level bandwidth does not model the loss')
    expect(() => { network.degrade('one', 'two', { latencyMs: -1 }) }).toThrow('cannot be degraded to a latencyMs of -1')
    expect(() => { network.degrade('one', 'two', { bitsPerSecond: 0 }) }).toThrow('cannot be degraded to 0 bitsPerSecond')
    expect(() => { network.degrade('one', 'two', { loss: 1 }) }).toThrow('cannot be degraded to a loss of 1')
    const ideal = await setUp({ oneWayMs: 50 }, 'ideal')
    expect(() => { ideal.network.degrade('one', 'two', { bitsPerSecond: 1e6 }) }).toThrow('The level ideal does not model')
  })
})
