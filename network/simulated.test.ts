import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { bareUpgrader, createWorld, receive, sendBytes } from './stage.test-helper.ts'
import { loadProfile } from './profile.ts'
import { twoRegions } from './two-regions.test-helper.ts'
import type { Level } from './level.ts'
import type { NetworkEvent } from './simulated.ts'
import type { World } from './stage.test-helper.ts'
import type { TwoRegions } from './two-regions.test-helper.ts'

const BULK_BYTES = 16 * 2 ** 20

async function setUp (init: TwoRegions, level: Level = 'bandwidth', seed = 1) {
  const world = createWorld({ profile: twoRegions(init), level, seed })
  const [one, two] = [await world.stand('one', 'a'), await world.stand('two', 'b')]
  return { ...world, one, two, ...await world.connect(one, two) }
}

/** When the last of so many bytes has come, after they began to be sent. */
async function bulkMs ({ stage, out, inn }: Awaited<ReturnType<typeof setUp>>, count: number): Promise<number> {
  const all = Promise.withResolvers<number>()
  let received = 0
  const startMs = stage.nowMs()
  inn.addEventListener('message', ({ data }) => {
    received += data.byteLength
    if (received === count) {
      all.resolve(stage.nowMs() - startMs)
    }
  })
  await stage.until(sendBytes(out, count))
  return stage.until(all.promise)
}

describe('the physics of a simulated network', () => {
  it.each([[50, 50], [5, 5], [100, 30]])('a byte there and back takes %i + %i ms', async (oneWayMs, backMs) => {
    const { stage, out, inn } = await setUp({ oneWayMs, backMs }, 'ideal')
    inn.addEventListener('message', ({ data }) => { inn.send(data) })
    const arrivals = receive(stage, out)
    const startMs = stage.nowMs()
    out.send(Uint8Array.of(7))
    await stage.runTo(startMs + 1000)
    expect(arrivals).toEqual([{ atMs: startMs + oneWayMs + backMs, bytes: Uint8Array.of(7) }])
  })

  it.each([[5, 1e8], [50, 1e7]])('16 MiB over %i ms take their size over the rate of the flow, and the latency', async (oneWayMs, flow) => {
    expect(await bulkMs(await setUp({ oneWayMs, flow }), BULK_BYTES)).toBeCloseTo(BULK_BYTES * 8 / flow * 1000 + oneWayMs, 5)
  })

  it.each(['uplink', 'downlink'])('a %s is a limit as a flow is', async (limit) => {
    expect(await bulkMs(await setUp({ oneWayMs: 5, [limit]: 1e8 }), BULK_BYTES)).toBeCloseTo(BULK_BYTES * 8 / 1e8 * 1000 + 5, 5)
  })

  it('a window that opens from ten segments makes 16 MiB over 50 ms at 1 Gbit/s take a second, at level tcp-envelope', async () => {
    const tookMs = await bulkMs(await setUp({ oneWayMs: 50, flow: 1e9 }, 'tcp-envelope'), BULK_BYTES)
    expect(tookMs).toBeGreaterThan(1000)
    expect(tookMs).toBeLessThan(1160)
    expect(await bulkMs(await setUp({ oneWayMs: 50, flow: 1e9 }), BULK_BYTES)).toBeLessThan(400)
  })

  it('a downlink holds back the acknowledgements of what comes through it, at level tcp-envelope', async () => {
    // A window takes a second; two of them follow it a round trip later.
    const tookMs = await bulkMs(await setUp({ oneWayMs: 50, downlink: 14_480 * 8 }, 'tcp-envelope'), 2 * 14_480)
    expect(tookMs).toBeCloseTo(50 + 1000 + 50 + 50 + 1000, 5)
  })

  it('loss at level tcp-envelope costs time, comes again from the same seed, and loses no byte', async () => {
    const times = await Promise.all([1, 1, 2].map(async (seed) =>
      bulkMs(await setUp({ oneWayMs: 10, flow: 1e8, loss: 0.01 }, 'tcp-envelope', seed), 2 ** 20)))
    expect(times[1]).toBe(times[0])
    expect(times[2]).not.toBe(times[0])
    expect(times[0]).toBeGreaterThan(2 * (await bulkMs(await setUp({ oneWayMs: 10, flow: 1e8 }, 'tcp-envelope'), 2 ** 20)))
  })

  it('two receivers share the uplink of their sender', async () => {
    const { stage, one, two, out, inn, connect, stand } = await setUp({ oneWayMs: 5, uplink: 1e8 })
    const { out: otherOut, inn: otherInn } = await connect(one, await stand('three', 'b'))
    expect(two.inbound).toHaveLength(1)
    const ends = [inn, otherInn].map((connection) => receive(stage, connection))
    const startMs = stage.nowMs()
    await stage.until(Promise.all([sendBytes(out, 2 ** 20), sendBytes(otherOut, 2 ** 20)]))
    await stage.runTo(startMs + 1000)
    const lastMs = ends.map((arrivals) => arrivals.at(-1)!.atMs - startMs)
    expect(Math.max(...lastMs)).toBeCloseTo(2 * 2 ** 20 * 8 / 1e8 * 1000 + 5, 5)
    expect(Math.min(...lastMs)).toBeGreaterThan(150)
  })

  it('two senders share the downlink of their receiver, and the nearer does not wait for the farther', async () => {
    const world = createWorld({ profile: twoRegions({ oneWayMs: 5, backMs: 50, downlink: 1e8 }), level: 'bandwidth' })
    const [far, near, receiver] = [await world.stand('far', 'b'), await world.stand('near', 'a'), await world.stand('receiver', 'a')]
    const [fromFar, fromNear] = [await world.connect(far, receiver), await world.connect(near, receiver)]
    const arrivals = [fromFar, fromNear].map(({ inn }) => receive(world.stage, inn))
    const startMs = world.stage.nowMs()
    await world.stage.until(Promise.all([sendBytes(fromFar.out, 2 ** 20), sendBytes(fromNear.out, 2 ** 20)]))
    await world.stage.runTo(startMs + 1000)
    const [farMs, nearMs] = arrivals.map((some) => some.at(-1)!.atMs - startMs)
    expect(farMs).toBeCloseTo(2 * 2 ** 20 * 8 / 1e8 * 1000 + 5, 5)
    // Alone until the farther one's bytes come, and at half the rate from then on.
    expect(nearMs).toBeCloseTo(50 + 2 * (2 ** 20 * 8 / 1e8 * 1000 - 45), -1)
  })

  it('jitter keeps the order, comes again from the same seed, and differs from another', async () => {
    const times = async (seed: number): Promise<number[]> => {
      const { stage, out, inn } = await setUp({ oneWayMs: 20, jitterMs: 8 }, 'ideal', seed)
      const arrivals = receive(stage, inn)
      for (let i = 0; i < 50; i++) {
        out.send(Uint8Array.of(i))
        await stage.runTo(stage.nowMs() + 1)
      }
      await stage.runTo(stage.nowMs() + 1000)
      expect(arrivals.flatMap(({ bytes }) => [...bytes])).toEqual(Array.from({ length: 50 }, (_, i) => i))
      return arrivals.map(({ atMs }) => atMs)
    }
    const first = await times(1)
    expect(new Set(first.map((atMs) => atMs % 1)).size).toBeGreaterThan(5)
    expect(await times(1)).toEqual(first)
    expect(await times(2)).not.toEqual(first)
  })
})

describe('dialling a simulated network', () => {
  it('gives the connection after one round trip, and to the accepting side after one and a half', async () => {
    const { stage, seen, stand } = createWorld({ profile: twoRegions({ oneWayMs: 40, backMs: 10 }), level: 'ideal' })
    const [one, two] = [await stand('one', 'a'), await stand('two', 'b')]
    expect([one, two].map(({ listener }) => listener.getAddrs().join())).toEqual(['/ip4/10.0.0.1/tcp/4001', '/ip4/10.0.0.2/tcp/4001'])
    const out = await stage.until(one.dial(two))
    expect([stage.nowMs(), two.inbound.length]).toEqual([50, 0])
    await stage.runTo(100)
    const [inn] = two.inbound
    expect(seen.map(({ atMs, kind, from, to }) => [atMs, kind, from, to])).toEqual([[40, 'syn', 'one', 'two'], [90, 'accept', 'one', 'two']])
    expect([out.direction, out.remoteAddr.toString()]).toEqual(['outbound', '/ip4/10.0.0.2/tcp/4001'])
    expect([inn?.direction, inn?.remoteAddr.toString()]).toEqual(['inbound', '/ip4/10.0.0.1/tcp/49152'])
    expect(one.counters.snapshot()).toEqual({ b: { bytesSent: 0, bytesReceived: 0, connections: 1, connectionsOpened: 1 } })
    expect(two.counters.snapshot()).toEqual({ a: { bytesSent: 0, bytesReceived: 0, connections: 1, connectionsOpened: 1 } })
  })

  it('is refused after one round trip when nobody listens there', async () => {
    const { stage, seen, stand } = createWorld({ profile: twoRegions({ oneWayMs: 40, backMs: 10 }), level: 'ideal' })
    const [one, two] = [await stand('one', 'a'), await stand('two', 'b')]
    const dialling = one.dial(two)
    await two.listener.close()
    await expect(stage.until(dialling)).rejects.toThrow(
      'The instance two refuses connections at /ip4/10.0.0.2/tcp/4001: it does not listen there.')
    expect(stage.nowMs()).toBe(50)
    expect(seen.map(({ kind }) => kind)).toEqual(['syn', 'refuse'])
  })

  it('ends as its signal says, and nothing is accepted then', async () => {
    const { stage, seen, stand } = createWorld({ profile: twoRegions({ oneWayMs: 40 }), level: 'ideal' })
    const [one, two] = [await stand('one', 'a'), await stand('two', 'b')]
    const controller = new AbortController()
    const dialling = one.dial(two, controller.signal)
    stage.at(60, 'one', () => { controller.abort(new Error('too long')) })
    await expect(stage.until(dialling)).rejects.toThrow('too long')
    expect(stage.nowMs()).toBe(60)
    await stage.runTo(1000)
    expect([seen.map(({ kind }) => kind), two.inbound.length]).toEqual([['syn'], 0])
  })

  it('is accepted before it is reset, when it is given up at once', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { stage, seen, stand } = createWorld({ profile: twoRegions({ oneWayMs: 20, jitterMs: 8 }), level: 'ideal', seed })
      const [one, two] = [await stand('one', 'a'), await stand('two', 'b')]
      const out = await stage.until(one.dial(two))
      out.abort(new Error('enough'))
      await stage.runTo(1000)
      expect(seen.map(({ kind }) => kind)).toEqual(['syn', 'accept', 'reset'])
      expect(two.inbound[0]?.status).toBe('reset')
    }
  })

  it('is reset when the listener closes before it has accepted', async () => {
    const { stage, stand } = createWorld({ profile: twoRegions({ oneWayMs: 40 }), level: 'ideal' })
    const [one, two] = [await stand('one', 'a'), await stand('two', 'b')]
    const out = await stage.until(one.dial(two))
    await two.listener.close()
    await stage.runTo(200)
    expect([out.status, two.inbound.length]).toEqual(['reset', 0])
  })

  it('and listening are refused in words where there is nothing', async () => {
    const { network, stand } = createWorld({ profile: twoRegions({}), level: 'ideal' })
    const one = await stand('one', 'a')
    await expect(one.listener.listen(one.listener.getAddrs()[0]!)).rejects.toThrow('The instance one listens on port 4001 already')
    const two = await createWorld({ profile: twoRegions({}), level: 'ideal' }).stand('two', 'a')
    await two.listener.close()
    await expect(two.listener.listen((await stand('three', 'a')).listener.getAddrs()[0]!))
      .rejects.toThrow('The instance two cannot listen on /ip4/10.0.0.2/tcp/4001: use /ip4/10.0.0.1/tcp/0')
    const [taken, any] = [0, 1].map(() => one.transport.createListener({ upgrader: bareUpgrader(() => undefined) }))
    await taken!.listen(multiaddr('/ip4/10.0.0.1/tcp/4002'))
    await any!.listen(multiaddr('/ip4/0.0.0.0/tcp/0'))
    expect(any!.getAddrs().join()).toBe('/ip4/10.0.0.1/tcp/4003')
    const { counters } = one
    expect(() => network.transport({ instance: 'four', region: 'mars-1', counters })).toThrow('no region "mars-1"')
    expect(() => network.transport({ instance: 'one', region: 'b', counters })).toThrow('The instance one stands in a')
  })
})

describe('what is observed', () => {
  /** Six instances that talk over bad links, with a partition and a crash on the way. */
  async function run (seed: number): Promise<NetworkEvent[]> {
    const { stage, network, seen, stand } = createWorld({
      profile: twoRegions({ oneWayMs: 20, backMs: 30, flow: 1e7, uplink: 2e7, downlink: 3e7, jitterMs: 5, loss: 0.02 }), level: 'tcp-envelope', seed
    })
    const names = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']
    const instances = await Promise.all(names.map(async (name) => stand(name, name.slice(0, 1))))
    const dialled = await stage.until(Promise.all(instances.flatMap((from, i) =>
      instances.slice(i + 1, i + 3).map(async (to) => from.dial(to)))))
    stage.at(250, '', () => { network.partition(['a1', 'b1'], ['a2', 'b2', 'b3']) })
    stage.at(1500, '', () => { network.heal() })
    stage.at(200, '', () => { network.crash('a3') })
    await stage.until(Promise.allSettled(dialled.map(async (connection) => sendBytes(connection, 300_000))))
    await stage.runTo(100_000)
    return seen.map((event) => ({ ...event, data: undefined }))
  }

  it('is the same from the same seed, in the order of time, and differs from another seed', async () => {
    const first = await run(1)
    expect(first.length).toBeGreaterThan(300)
    expect(new Set(first.map(({ kind }) => kind))).toEqual(new Set(['syn', 'accept', 'data', 'reset']))
    expect(first.map(({ atMs }) => atMs)).toEqual(first.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
    expect(await run(1)).toEqual(first)
    expect(await run(2)).not.toEqual(first)
  })

  it('is at equal times in the order of sending, with its bytes', async () => {
    const { stage, seen, connect, stand } = createWorld({ profile: twoRegions({ oneWayMs: 10 }), level: 'ideal' })
    const [one, two, three] = [await stand('one', 'a'), await stand('two', 'a'), await stand('three', 'b')]
    const [first, second] = [await connect(one, three), await connect(two, three)]
    seen.length = 0
    const startMs = stage.nowMs()
    second.out.send(Uint8Array.of(1))
    first.out.send(Uint8Array.of(2))
    second.out.send(Uint8Array.of(3, 4))
    await stage.runTo(startMs + 100)
    expect(seen).toEqual([
      { atMs: startMs + 10, kind: 'data', from: 'two', to: 'three', connection: 2, bytes: 3, data: Uint8Array.of(1, 3, 4) },
      { atMs: startMs + 10, kind: 'data', from: 'one', to: 'three', connection: 1, bytes: 1, data: Uint8Array.of(2) }
    ])
  })
})

describe('levels', () => {
  it('refuse what they do not model', async () => {
    const world = (init: TwoRegions, level: Level): World => createWorld({ profile: twoRegions(init), level })
    expect(() => world({ flow: 1e6 }, 'ideal')).toThrow('The level ideal does not model the bandwidth of the network profile test: use bandwidth.')
    expect(() => world({ downlink: 1e6 }, 'ideal')).toThrow('bandwidth')
    expect(() => world({ loss: 0.01 }, 'bandwidth')).toThrow('The level bandwidth does not model the loss of the network profile test: use tcp-envelope.')
    expect(() => createWorld({ profile: twoRegions({ loss: 0.01 }), level: 'ideal' })).toThrow('does not model the loss')
    expect(() => world({ oneWayMs: 5, jitterMs: 1 }, 'ideal')).not.toThrow()
    expect(() => world({ flow: 1e6, loss: 0.01 }, 'tcp-envelope')).not.toThrow()
    expect(() => createWorld({ profile: twoRegions({}), level: 'bandwidth', beta: 0.5 })).toThrow('does not model the window of TCP that beta is for')
    expect(() => createWorld({ profile: twoRegions({}), level: 'tcp-envelope', beta: 1 })).toThrow('The beta of TCP cannot be 1')
    const lan = await loadProfile('lan')
    expect(() => createWorld({ profile: lan, level: 'ideal' })).toThrow('use bandwidth')
  })
})
