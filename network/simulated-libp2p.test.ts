import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { createCounters } from './counters.ts'
import { createSimulatedNetwork } from './simulated.ts'
import { createTestStage, sendBytes } from './stage.test-helper.ts'
import { twoRegions } from './two-regions.test-helper.ts'
import type { TestStage } from './stage.test-helper.ts'
import type { Level } from './level.ts'
import type { NetworkEvent, SimulatedNetwork } from './simulated.ts'
import type { TwoRegions } from './two-regions.test-helper.ts'

const PROTOCOL = '/peerslab-test/1.0.0'
const MEBIBYTE = 2 ** 20

const toClose: Array<() => Promise<unknown>> = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map(async (close) => close()))
})

async function startNode (stage: TestStage, network: SimulatedNetwork, instance: string, region: string) {
  const counters = createCounters()
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/0.0.0.0/tcp/0'] },
    transports: [network.transport({ instance, region, counters })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { ping: ping(), identify: identify() }
  })
  toClose.push(async () => stage.until(Promise.resolve(node.stop())))
  return Object.assign(node, { counters })
}

async function startTwo (init: TwoRegions, level: Level, observe?: (event: NetworkEvent) => void) {
  const stage = createTestStage()
  const network = createSimulatedNetwork({ stage, profile: twoRegions(init), level, seed: 1, observe })
  const [one, two] = [await startNode(stage, network, 'one', 'a'), await startNode(stage, network, 'two', 'b')]
  const connection = await stage.until(one.dial(two.getMultiaddrs()[0]!))
  return { stage, one, two, connection }
}

describe('libp2p on a simulated network', () => {
  it.each([[50, 50], [5, 5], [100, 30]])('pings in %i + %i ms exactly', async (oneWayMs, backMs) => {
    const { stage, connection } = await startTwo({ oneWayMs, backMs }, 'ideal')
    const stream = await stage.until(connection.newStream('/ipfs/ping/1.0.0'))
    for (let i = 0; i < 3; i++) {
      const echoed = Promise.withResolvers<number>()
      stream.addEventListener('message', () => { echoed.resolve(stage.nowMs()) }, { once: true })
      const startMs = stage.nowMs()
      stream.send(new Uint8Array(32).fill(i))
      expect(await stage.until(echoed.promise) - startMs).toBeCloseTo(oneWayMs + backMs, 9)
    }
  })

  it('carries 16 MiB at 100 Mbit/s and 5 ms in their size over the rate and the latency, within 0.5 %', async () => {
    const { stage, two, connection } = await startTwo({ oneWayMs: 5, flow: 1e8 }, 'bandwidth')
    const all = Promise.withResolvers<number>()
    let received = 0
    await two.handle(PROTOCOL, (stream) => {
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength
        if (received >= 16 * MEBIBYTE) {
          all.resolve(stage.nowMs())
        }
      })
    })
    const stream = await stage.until(connection.newStream(PROTOCOL))
    const startMs = stage.nowMs()
    await stage.until(sendBytes(stream, 16 * MEBIBYTE))
    const tookMs = await stage.until(all.promise) - startMs
    const askedMs = 16 * MEBIBYTE * 8 / 1e8 * 1000 + 5
    expect(received).toBe(16 * MEBIBYTE)
    expect(tookMs).toBeGreaterThan(askedMs)
    expect(tookMs).toBeLessThan(askedMs * 1.005)
  })

  it('identifies, counts what it sends by region, and closes both sides', async () => {
    const { stage, one, two, connection } = await startTwo({ oneWayMs: 5 }, 'ideal')
    await stage.runTo(stage.nowMs() + 1000)
    const { metadata } = await one.peerStore.get(two.peerId)
    expect(new TextDecoder().decode(metadata.get('AgentVersion'))).toContain('libp2p')
    expect(one.counters.of('b').bytesSent).toBeGreaterThan(500)
    expect(one.counters.of('b').bytesSent).toBe(two.counters.of('a').bytesReceived)
    expect(two.counters.of('a').bytesSent).toBe(one.counters.of('b').bytesReceived)
    await stage.until(connection.close())
    await stage.runTo(stage.nowMs() + 1000)
    expect([one, two].map((node) => node.getConnections())).toEqual([[], []])
    expect([one.counters.of('b').connections, two.counters.of('a').connections]).toEqual([0, 0])
  })

  it('exchanges the same messages at the same times from the same seed, whatever is in them', async () => {
    const run = async (): Promise<NetworkEvent[]> => {
      const seen: NetworkEvent[] = []
      const { stage, connection } = await startTwo({ oneWayMs: 20, jitterMs: 3, flow: 1e7, loss: 0.05 }, 'tcp-envelope', (event) => {
        seen.push({ ...event, data: undefined })
      })
      await stage.until(connection.newStream('/ipfs/ping/1.0.0'))
      await stage.runTo(10_000)
      await stage.until(connection.close())
      return seen
    }
    const first = await run()
    expect(first.length).toBeGreaterThan(20)
    expect(await run()).toEqual(first)
  })
})
