import { lpStream } from '@libp2p/utils'
import { afterEach, describe, expect, it } from 'vitest'
import { startBenchmark } from './benchmark.ts'
import { openPeer } from './index.ts'
import type { Peer } from './api.ts'
import type { Contribution } from './contribution.ts'
import type { Stream } from '@libp2p/interface'

const peers: Peer[] = []
const protocol = '/peersdb/benchmark/1.0.0'

async function open (): Promise<Peer> {
  const peer = await openPeer()
  peers.push(peer)
  return peer
}

afterEach(async () => { await Promise.all(peers.splice(0).map((peer) => peer.close())) })

/** As if an entry that was made so long ago by another peer arrived now. */
function arrive (peer: Peer, createdMs: number, contributor = 'another'): void {
  const createdAt = new Date(createdMs).toISOString()
  peer.events.dispatchEvent(new CustomEvent('contribution', { detail: { contributor, createdAt } as Contribution }))
}

/** Has a peer answer those that ask for its report with this. */
async function answer (peer: Peer, report: unknown): Promise<void> {
  await peer.libp2p.handle(protocol, async (stream: Stream) => { await lpStream(stream).write(Buffer.from(JSON.stringify(report))) })
}

describe('the own report', () => {
  it('tells nothing that was not measured', async () => {
    const peer = await open()
    const benchmark = await startBenchmark({ peer, region: 'x' })
    arrive(peer, Date.now(), peer.id)
    expect(benchmark.own()).toEqual({ bootstrap: null, averagec: null, minc: null, maxc: null, region: 'x', samples: [], peerID: peer.id })
  })

  it('keeps bootstrapping and new contributions apart, in seconds', async () => {
    const peer = await open()
    const startedMs = Date.now() - 10_000
    const benchmark = await startBenchmark({ peer, region: 'x', startedMs })

    arrive(peer, startedMs - 1)
    const before = benchmark.own()
    expect(before.bootstrap).toBeGreaterThanOrEqual(10)
    expect(before.averagec).toBe(null)

    arrive(peer, startedMs)
    arrive(peer, startedMs + 5_000)
    const { bootstrap, averagec, minc, maxc } = benchmark.own()
    expect(bootstrap).toBe(before.bootstrap)
    // Whatever passed between the two arrivals is missing from the difference of five seconds.
    expect(maxc! - minc!).toBeLessThan(5.001)
    expect(minc).toBeGreaterThanOrEqual(5)
    expect(averagec).toBeCloseTo((maxc! + minc!) / 2, 6)
  })
})

describe('the reports of all', () => {
  it('have each peer once, and those that could not be asked', async () => {
    const [asking, measuring, silent, lying, broken] = await Promise.all(Array.from({ length: 5 }, open)) as [Peer, Peer, Peer, Peer, Peer]
    const benchmark = await startBenchmark({ peer: asking, region: 'here' })
    await startBenchmark({ peer: measuring, region: 'there' })
    arrive(measuring, Date.now() - 3_600_000)
    const report = { bootstrap: 1, averagec: null, minc: null, maxc: null, region: 'nowhere', samples: [], peerID: measuring.id }
    await answer(lying, report)
    await answer(broken, { ...report, bootstrap: 'fast' })

    for (const other of [measuring, silent, lying, broken]) await asking.connect(other.addresses()[0]!)
    await measuring.connect(asking.addresses()[0]!)
    const [own, ...others] = await benchmark.all()

    expect(own).toMatchObject({ region: 'here', peerID: asking.id })
    expect(others.map(({ peerID }) => peerID)).toEqual([measuring.id, silent.id, lying.id, broken.id].sort())
    expect(others.find(({ peerID }) => peerID === measuring.id)).toMatchObject({ region: 'there', bootstrap: expect.any(Number) })
    expect(others.find(({ peerID }) => peerID === silent.id)).toMatchObject({ error: expect.stringMatching(/protocol/i) })
    expect(others.find(({ peerID }) => peerID === lying.id)).toMatchObject({ region: 'nowhere' })
    expect(others.find(({ peerID }) => peerID === broken.id)).toMatchObject({ error: expect.stringContaining('bootstrap') })
  })

  it('refuse an answer without bound', async () => {
    const [asking, huge] = await Promise.all([open(), open()]) as [Peer, Peer]
    const benchmark = await startBenchmark({ peer: asking, region: '' })
    await huge.libp2p.handle(protocol, async (stream: Stream) => {
      await lpStream(stream, { maxDataLength: 10_000_000 }).write(Buffer.alloc(5_000_000)).catch(() => {})
    })
    await asking.connect(huge.addresses()[0]!)
    expect((await benchmark.all())[1]).toMatchObject({ peerID: huge.id, error: expect.stringMatching(/too long|length/i) })
  })
})
