import { createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { noise } from '@libp2p/noise'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { createCounters } from './counters.ts'
import { askedRoundTripMs, loadProfile } from './profile.ts'
import { shaped } from './shaped.ts'
import { twoRegions } from './two-regions.test-helper.ts'
import type { NetworkCounters } from './counters.ts'
import type { Profile } from './profile.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Socket } from 'node:net'

const PROTOCOL = '/peerslab-test/1.0.0'
const MEBIBYTE = 2 ** 20

const toClose: Array<() => Promise<unknown>> = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map(async (close) => close()))
})

async function startNode (transport: ReturnType<typeof tcp>) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 10_000 },
    connectionMonitor: { abortConnectionOnPingFailure: false },
    services: { ping: ping(), identify: identify() }
  })
  toClose.push(async () => node.stop())
  return node
}
type Node = Awaited<ReturnType<typeof startNode>>

async function startShaped (profile: Profile, region: string, instance: string, counters?: NetworkCounters): Promise<Node> {
  return startNode(shaped(tcp(), { profile, region, instance, seed: 1, counters, greetingTimeoutMs: 500 }))
}

function addressOf (node: Node) {
  const address = node.getMultiaddrs()[0]
  if (address === undefined) {
    throw new Error('the node does not listen')
  }
  return address
}

interface Received { bytes: number, sha256: string, firstMs: number, lastMs: number }

/** Registers a sink; what came is known once `expectedBytes` have, or the stream ended. */
async function receive (node: Node, expectedBytes: number): Promise<Received> {
  const done = Promise.withResolvers<Received>()
  await node.handle(PROTOCOL, (stream) => {
    const hash = createHash('sha256')
    let [bytes, firstMs] = [0, 0]
    const finish = (): void => { done.resolve({ bytes, sha256: hash.copy().digest('hex'), firstMs, lastMs: performance.now() }) }
    stream.addEventListener('message', ({ data }) => {
      firstMs = bytes === 0 ? performance.now() : firstMs
      bytes += data.byteLength
      hash.update(data.subarray())
      if (bytes >= expectedBytes) {
        finish()
      }
    })
    stream.addEventListener('close', finish)
  })
  return done.promise
}

function pseudoRandomBytes (count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  for (let i = 0, x = 1; i < count; i++) {
    x = Math.imul(x, 1103515245) + 12345
    bytes[i] = x >>> 16
  }
  return bytes
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

async function sendAll (stream: Stream, data: Uint8Array): Promise<void> {
  for (let offset = 0; offset < data.byteLength; offset += 65_536) {
    if (!stream.send(data.subarray(offset, offset + 65_536))) {
      await stream.onDrain({ signal: AbortSignal.timeout(20_000) })
    }
  }
}

/** The accepting side's end, which opens after the dialling one's. */
async function accepted (node: Node, from: Node): Promise<Connection> {
  const opened = new Promise<void>((resolve) => { node.addEventListener('connection:open', () => { resolve() }, { once: true }) })
  if (node.getConnections(from.peerId).length === 0) {
    await opened
  }
  const connection = node.getConnections(from.peerId)[0]
  expect(connection).toBeDefined()
  return connection as Connection
}

/** The median of some pings over one stream, after a few to warm up, in ms. */
async function pingMedianMs (connection: Connection): Promise<number> {
  const stream = await connection.newStream('/ipfs/ping/1.0.0')
  const roundTrips: number[] = []
  for (let i = 0; i < 14; i++) {
    const echoed = Promise.withResolvers<unknown>()
    stream.addEventListener('message', echoed.resolve, { once: true })
    const start = performance.now()
    stream.send(pseudoRandomBytes(32))
    await echoed.promise
    roundTrips.push(performance.now() - start)
  }
  await stream.close()
  return median(roundTrips.slice(3))
}

/** A busy machine spoils a measurement, but never makes it better: the best of up to five counts. */
async function closest (attempt: () => Promise<number>, asked: number, bound: number): Promise<number> {
  let best = NaN
  for (let i = 0; i < 5 && !(Math.abs(best - asked) <= bound); i++) {
    const value = await attempt()
    best = Math.abs(value - asked) < Math.abs(best - asked) || Number.isNaN(best) ? value : best
  }
  return best
}

describe('shaped transport', () => {
  it.each([
    ['gcp-six-regions', 'europe-west3', 'me-west1'],
    ['gcp-six-regions', 'us-west1', 'asia-east2'],
    ['gcp-six-regions', 'southamerica-east1', 'asia-east2'],
    ['gcp-peersdb-2023', 'europe-west3', 'asia-east2'],
    ['gcp-six-regions', 'us-west1', 'us-west1']
  ])('%s: ping from %s to %s shows the round trip asked for, within 2 ms', async (name, from, to) => {
    const profile = await loadProfile(name)
    const [one, other] = await Promise.all([startShaped(profile, from, 'one'), startShaped(profile, to, 'other')])
    const connection = await one.dial(addressOf(other))
    const askedMs = askedRoundTripMs(profile, from, to)
    const measuredMs = await closest(async () => pingMedianMs(connection), askedMs, 2)
    expect(Math.abs(measuredMs - askedMs)).toBeLessThanOrEqual(2)
  })

  it('carries 4 MiB at 100 Mbit/s and 5 ms as fast as asked, within 10 %', async () => {
    const profile = twoRegions({ oneWayMs: 5, flow: 1e8 })
    const [one, other] = await Promise.all([startShaped(profile, 'a', 'one'), startShaped(profile, 'b', 'other')])
    const data = pseudoRandomBytes(4 * MEBIBYTE)
    const askedMs = data.byteLength * 8 / 1e8 * 1000 + 5
    const connection = await one.dial(addressOf(other))
    const measuredMs = await closest(async () => {
      const received = receive(other, data.byteLength)
      const stream = await connection.newStream(PROTOCOL)
      const startMs = performance.now()
      await sendAll(stream, data)
      const { lastMs, bytes } = await received
      await other.unhandle(PROTOCOL)
      expect(bytes).toBe(data.byteLength)
      return lastMs - startMs
    }, askedMs, askedMs * 0.1)
    expect(measuredMs).toBeGreaterThan(askedMs * 0.97)
    expect(measuredMs).toBeLessThan(askedMs * 1.1)
  })

  it('keeps every byte in order under jitter, both ways at once', async () => {
    const profile = twoRegions({ oneWayMs: 10, flow: 2e8, jitterMs: 8 })
    const [one, other] = await Promise.all([startShaped(profile, 'a', 'one'), startShaped(profile, 'b', 'other')])
    const data = pseudoRandomBytes(MEBIBYTE)
    const arriving = [receive(one, data.byteLength), receive(other, data.byteLength)]
    const connection = await one.dial(addressOf(other))
    const back = await accepted(other, one)
    await Promise.all([connection, back].map(async (side) => {
      await sendAll(await side.newStream(PROTOCOL), data)
    }))
    for (const received of await Promise.all(arriving)) {
      expect(received.sha256).toBe(sha256(data))
    }
  })

  it('lets two connections of one instance share its uplink', async () => {
    const profile = twoRegions({ oneWayMs: 5, uplink: 5e7 })
    const [one, ...others] = await Promise.all([
      startShaped(profile, 'a', 'one'), startShaped(profile, 'b', 'two'), startShaped(profile, 'b', 'three')
    ])
    const data = pseudoRandomBytes(MEBIBYTE)
    const streams = await Promise.all(others.map(async (other) => {
      const received = receive(other, data.byteLength)
      return { received, stream: await (await one.dial(addressOf(other))).newStream(PROTOCOL) }
    }))
    const startMs = performance.now()
    await Promise.all(streams.map(async ({ stream }) => sendAll(stream, data)))
    const ends = (await Promise.all(streams.map(async ({ received }) => received))).map(({ lastMs }) => lastMs - startMs)
    const bothMs = 2 * data.byteLength * 8 / 5e7 * 1000
    expect(Math.max(...ends)).toBeGreaterThan(bothMs * 0.97)
    // Had the first the uplink to itself, it would be through in half the time.
    expect(Math.min(...ends)).toBeGreaterThan(bothMs * 0.7)
  })
})

describe('back-pressure and ends', () => {
  it('takes no more than its send buffer ahead of the link', async () => {
    const profile = twoRegions({ oneWayMs: 5, flow: 1e6 })
    const counters = createCounters()
    const [one, other] = await Promise.all([startShaped(profile, 'a', 'one', counters), startShaped(profile, 'b', 'other')])
    await other.handle(PROTOCOL, (stream) => { stream.addEventListener('message', () => undefined) })
    const stream = await (await one.dial(addressOf(other))).newStream(PROTOCOL)
    let sentBytes = 0
    while (stream.send(new Uint8Array(65_536)) && sentBytes < 8 * MEBIBYTE) {
      sentBytes += 65_536
    }
    expect(sentBytes).toBeLessThan(MEBIBYTE)
    expect(counters.of('b').bytesSent).toBeLessThan(256 * 1024 + 100_000)
    stream.abort(new Error('enough'))
  })

  it('lets an abort reach the other side one latency later', async () => {
    const profile = twoRegions({ oneWayMs: 60 })
    const [one, other] = await Promise.all([startShaped(profile, 'a', 'one'), startShaped(profile, 'b', 'other')])
    const connection = await one.dial(addressOf(other))
    await accepted(other, one)
    const gone = Promise.withResolvers<number>()
    other.addEventListener('connection:close', () => { gone.resolve(performance.now()) })
    const startMs = performance.now()
    connection.abort(new Error('enough'))
    expect(await gone.promise - startMs).toBeGreaterThan(58)
  })
})

describe('level tcp-envelope', () => {
  it('lets the window open round trip by round trip', async () => {
    const profile = twoRegions({ oneWayMs: 20, flow: 1e9 })
    const [one, other] = await Promise.all(['one', 'other'].map(async (instance) =>
      startNode(shaped(tcp(), { profile, region: 'a', instance, seed: 1, level: 'tcp-envelope' }))))
    const data = pseudoRandomBytes(MEBIBYTE / 4)
    const received = receive(other!, data.byteLength)
    const stream = await (await one!.dial(addressOf(other!))).newStream(PROTOCOL)
    const startMs = performance.now()
    await sendAll(stream, data)
    // 256 KiB are five windows that double from ten segments, less what the handshakes have opened of them.
    expect((await received).lastMs - startMs).toBeGreaterThan(3 * 40)
    expect((await received).sha256).toBe(sha256(data))
  })
})

describe('what a sender alone cannot apply', () => {
  it('is refused', () => {
    const shape = (profile: Profile) => () => shaped(tcp(), { profile, region: 'a', instance: 'one', seed: 1 })
    expect(shape(twoRegions({ downlink: 1e6 }))).toThrow('The downlink of the network profile test can only be simulated')
    expect(shape(twoRegions({ loss: 0.01 }))).toThrow('The level bandwidth does not model the loss of the network profile test')
  })
})

describe('greetings', () => {
  it('make the counters tell regions apart, also where nothing is shaped', async () => {
    const profile = await loadProfile('none')
    const counters = createCounters()
    const [one, other] = await Promise.all([startShaped(profile, 'here', 'one', counters), startShaped(profile, 'there', 'other')])
    const connection = await one.dial(addressOf(other))
    await pingMedianMs(connection)
    const { there, ...rest } = counters.snapshot()
    expect(rest).toEqual({})
    expect(there?.bytesSent).toBeGreaterThan(14 * 32)
    expect(there?.bytesReceived).toBeGreaterThan(14 * 32)
    expect(there).toMatchObject({ connections: 1, connectionsOpened: 1 })
    await connection.close()
    expect(counters.of('there')).toMatchObject({ connections: 0, connectionsOpened: 1 })
  })

  it('refuse a peer that does not greet, whichever side dials, and go on', async () => {
    const profile = await loadProfile('none')
    const counters = createCounters()
    const [one, stock] = await Promise.all([startShaped(profile, 'here', 'one', counters), startNode(tcp())])
    await expect(stock.dial(addressOf(one))).rejects.toThrow()
    await expect(one.dial(addressOf(stock))).rejects.toThrow(/cannot be shaped.*both sides must use the shaped transport/)
    expect(counters.snapshot()).toEqual({})
    const other = await startShaped(profile, 'there', 'other')
    await one.dial(addressOf(other))
    expect(counters.of('there').connections).toBe(1)
  })

  it('refuse a region that the profile does not have', async () => {
    const [mine, theirs] = [twoRegions({ oneWayMs: 1 }), await loadProfile('none')]
    const [one, other] = await Promise.all([startShaped(mine, 'a', 'one'), startShaped(theirs, 'mars-1', 'other')])
    await expect(one.dial(addressOf(other))).rejects.toThrow(/has no region "mars-1": use one of a, b/)
  })

  it('refuse hostile bytes at once, without waiting for more', async () => {
    const one = await startShaped(await loadProfile('none'), 'here', 'one')
    const socket = connect(Number(addressOf(one).toString().split('/')[4]), '127.0.0.1')
    const closed = new Promise<void>((resolve) => { socket.on('close', () => { resolve() }) })
    socket.on('error', () => undefined)
    socket.on('data', () => undefined)
    socket.write('PEERSLAB\x01\x02{]')
    await closed
  })

  it('are not waited for beyond their bound', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => { sockets.push(socket) })
    await new Promise<void>((resolve) => { silent.listen(0, '127.0.0.1', resolve) })
    toClose.push(async () => {
      for (const socket of sockets) { socket.destroy() }
      await new Promise((resolve) => { silent.close(resolve) })
    })
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const one = await startShaped(await loadProfile('none'), 'here', 'one')
    await expect(one.dial(multiaddr(`/ip4/127.0.0.1/tcp/${String(port)}`))).rejects.toThrow(/did not greet within 500 ms/)
  })
})
