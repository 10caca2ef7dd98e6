import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shaped } from '../network/shaped.ts'
import { twoRegions } from '../network/two-regions.test-helper.ts'
import { openPeer } from '../peersdb/index.ts'
import { tcp } from '@libp2p/tcp'
import { measureThroughput, serveThroughput } from './throughput.ts'
import type { Peer } from '../peersdb/index.ts'

const flow = 80e6
const { signal } = new AbortController()
let [sender, receiver]: Peer[] = []

beforeAll(async () => {
  const profile = twoRegions({ oneWayMs: 20, flow })
  const open = (region: string): Promise<Peer> =>
    openPeer({ transport: shaped(tcp(), { profile, region, instance: region, seed: 1 }) });
  [sender, receiver] = [await open('a'), await open('b')]
  await serveThroughput(receiver.libp2p, () => performance.now())
  await sender.connect(receiver.addresses()[0]!)
})

afterAll(async () => { await Promise.all([sender?.close(), receiver?.close()]) })

/** What the receiver answers to a first message and the end of the stream; its reset is an error. */
async function answerTo (length: bigint, bytes: number): Promise<number> {
  const stream = await sender!.libp2p.dialProtocol(receiver!.libp2p.peerId, '/peerslab/throughput/1.0.0', { signal })
  const message = new Uint8Array(8 + bytes)
  new DataView(message.buffer).setBigUint64(0, length)
  stream.send(message)
  await stream.close()
  let answered = 0

  for await (const chunk of stream) {
    answered += chunk.byteLength
  }

  return answered
}

describe('the throughput of a link', () => {
  it('is measured once the window of the stream has grown, so that it is not above what the link carries', async () => {
    const rate = await measureThroughput(sender!.libp2p, receiver!.libp2p.peerId, 4 * 1024 * 1024, 20_000, signal)
    expect(rate).toBeGreaterThan(0)
    expect(rate).toBeLessThan(1.1 * flow)
  })

  it('is no figure where the sender ended early', async () => {
    await expect(answerTo(1_000_000n, 100)).rejects.toThrow()
    await expect(answerTo(150n, 100)).rejects.toThrow()
  })

  it('is not measured with more than is served', async () => {
    await expect(answerTo(2n ** 40n, 100)).rejects.toThrow()
  })
})
