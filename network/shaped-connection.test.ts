import { AbortError } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterEach, describe, expect, it } from 'vitest'
import { realClock } from './clock.ts'
import { createCounters } from './counters.ts'
import { createDelayLine } from './delay-line.ts'
import { createPaths } from './path.ts'
import { ShapedConnection } from './shaped-connection.ts'
import { shaped } from './shaped.ts'
import { twoRegions } from './two-regions.test-helper.ts'
import type { Connection, Listener, Logger, MultiaddrConnection, Upgrader } from '@libp2p/interface'
import type { AbstractMultiaddrConnection } from '@libp2p/utils'
import type { Profile } from './profile.ts'

const toClose: Array<() => Promise<unknown>> = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map(async (close) => close()))
})

function silentLogger (): Logger {
  return Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, enabled: false, newScope: silentLogger })
}

/** An upgrader that hands out the connection as it stands, so that the tests see what the transport does and no more. */
function bareUpgrader (onInbound: (connection: MultiaddrConnection) => void): Upgrader {
  return {
    upgradeOutbound: async (connection: MultiaddrConnection) => connection as unknown as Connection,
    upgradeInbound: async (connection: MultiaddrConnection) => { onInbound(connection) },
    createInboundAbortSignal: () => { throw new AbortError() },
    getStreamMuxers: () => new Map(),
    getConnectionEncrypters: () => new Map()
  }
}

/** Both ends of one shaped connection over real TCP, and the listener behind it. */
async function openPair (profile: Profile): Promise<{ out: MultiaddrConnection, inn: MultiaddrConnection, listener: Listener }> {
  const inbound = Promise.withResolvers<MultiaddrConnection>()
  const transports = ['a', 'b'].map((region) =>
    shaped(tcp(), { profile, region, instance: region, seed: 1, counters: createCounters() })({ logger: { forComponent: silentLogger } }))
  const upgrader = bareUpgrader(inbound.resolve)
  const listener = transports[1]!.createListener({ upgrader })
  await listener.listen(multiaddr('/ip4/127.0.0.1/tcp/0'))
  toClose.push(async () => listener.close())
  const signal = AbortSignal.timeout(10_000)
  const out = await transports[0]!.dial(listener.getAddrs()[0]!, { upgrader, signal }) as unknown as MultiaddrConnection
  return { out, inn: await inbound.promise, listener }
}

/** Everything a connection delivers until it is closed. */
async function collect (connection: MultiaddrConnection): Promise<Uint8Array> {
  const received = new Uint8ArrayList()
  const closed = new Promise<void>((resolve) => { connection.addEventListener('close', () => { resolve() }) })
  connection.addEventListener('message', ({ data }) => { received.append(data) })
  await closed
  return received.subarray()
}

const pattern = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => (i * 31 + (i >> 8)) & 255)

describe('shaped connection', () => {
  it('hands the connection over after one round trip, and to the accepting side after one and a half', async () => {
    const startMs = performance.now()
    const { inn, out } = await openPair(twoRegions({ oneWayMs: 40 }))
    expect(out.timeline.open).toBeLessThanOrEqual(Date.now())
    expect(inn.direction).toBe('inbound')
    expect(performance.now() - startMs).toBeGreaterThan(118)
  })

  it('delivers everything that was sent before a graceful close, then closes the other side', async () => {
    const { out, inn } = await openPair(twoRegions({ oneWayMs: 40, flow: 1e7 }))
    const data = pattern(200_000)
    const received = collect(inn)
    out.send(data)
    await out.close()
    expect(await received).toEqual(data)
    expect([out.status, inn.status]).toEqual(['closed', 'closed'])
  })

  it('delivers what the accepting side has sent before its listener closes', async () => {
    const { out, inn, listener } = await openPair(twoRegions({ oneWayMs: 40, flow: 1e8 }))
    const data = pattern(200_000)
    const received = collect(out)
    inn.send(data)
    await listener.close()
    expect(await received).toEqual(data)
  })

  it('keeps what came before anyone listened, and while the reader paused', async () => {
    const { out, inn } = await openPair(twoRegions({ oneWayMs: 5 }))
    const data = pattern(100_000)
    const arrived = Promise.withResolvers<void>()
    out.send(data.subarray(0, 50_000))
    const answered = new Promise<void>((resolve) => { out.addEventListener('message', () => { resolve() }, { once: true }) })
    inn.send(Uint8Array.of(1))
    await answered
    const received = new Uint8ArrayList()
    inn.pause()
    inn.addEventListener('message', ({ data }) => {
      received.append(data)
      if (received.byteLength === 100_000) {
        arrived.resolve()
      }
    })
    out.send(data.subarray(50_000))
    await out.close()
    expect(received.byteLength).toBe(0)
    inn.resume()
    await arrived.promise
    expect(received.subarray()).toEqual(data)
  })

  it('keeps what the real connection holds when it ends while the reader pauses', async () => {
    const [real, remote] = multiaddrConnectionPair()
    const paths = createPaths(twoRegions({}), 'a', 'a', 1)
    const connection = new ShapedConnection({
      inner: real, rest: new Uint8ArrayList(), path: paths.acquire('b', 'b').path,
      delayLine: createDelayLine(realClock), counters: createCounters().of('b')
    })
    const received = new Uint8ArrayList()
    connection.addEventListener('message', ({ data }) => { received.append(data) })
    connection.pause()
    // What the remote side had sent before it learnt of the pause.
    ;(real as AbstractMultiaddrConnection).onData(Uint8Array.of(1, 2, 3))
    expect([real.readBufferLength, received.byteLength]).toEqual([3, 0])
    ;(real as AbstractMultiaddrConnection).onTransportClosed()
    connection.resume()
    expect([...received.subarray()]).toEqual([1, 2, 3])
    expect(connection.status).toBe('closed')
    remote.abort(new Error('enough'))
  })

  it('closes no later than its signal says, though the line is long', async () => {
    const { out, inn } = await openPair(twoRegions({ oneWayMs: 20, flow: 1e5 }))
    inn.addEventListener('message', () => undefined)
    out.send(new Uint8Array(200_000))
    await expect(out.close({ signal: AbortSignal.timeout(50) })).rejects.toThrow()
    const gone = collect(inn)
    out.abort(new Error('enough'))
    await gone
    expect(inn.status).toBe('aborted')
  })
})
