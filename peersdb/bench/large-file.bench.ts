import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBenchPeer } from './bench-peer.test-helper.ts'
import { median, portOf, rawTcp, repeat, throughPort } from './measure.test-helper.ts'
import { startSlowLink } from './slow-link.test-helper.ts'
import type { BenchRow } from '../../scripts/bench.ts'

const fileBytes = 64 * 1024 * 1024
const repetitions = 3
const link = { latencyMs: 50, bandwidthBitsPerSecond: 100e6 }

/** One large file from one peer to another, both on disk and in processes of their own, over loopback and over a link. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peersdb-bench-'))
  const holder = await startBenchPeer({ directory: join(directory, 'holder') })
  const slow = await startSlowLink({ ...link, targetPort: portOf(holder.address) })

  try {
    await holder.ask('fill', { count: 1, bytes: fileBytes, seed: 'large' })
    const transferMs = async (name: string, address: string): Promise<number> => median(await repeat(repetitions, async (i) => {
      const reader = await startBenchPeer({ directory: join(directory, `${name} ${i}`), pin: 'everything', peerExchange: false })

      try {
        return (await reader.ask('catchUp', { addresses: [address], files: 1 })).ms
      } finally {
        await reader.stop()
      }
    }))
    const overLoopback = await transferMs('loopback', holder.address)
    const overLink = await transferMs('link', throughPort(holder.address, slow.port))
    const [rawLoopback, rawLink] = [await rawTcp(fileBytes), median(await repeat(repetitions, () => rawTcp(fileBytes, link)))]
    return [
      {
        name: 'file of 64 MiB, loopback, for each MB',
        value: overLoopback / (fileBytes / 1e6),
        unit: 'ms',
        samples: repetitions,
        limit: 1_000 / 60,
        alternative: { name: 'raw TCP, stored nowhere', value: rawLoopback / (fileBytes / 1e6) }
      },
      {
        name: 'file of 64 MiB, 100 ms and 100 Mbit/s, to raw TCP',
        value: overLink / rawLink,
        unit: 'times',
        samples: repetitions,
        limit: 1.25,
        alternative: { name: `raw TCP took ${(rawLink / 1000).toFixed(2)} s, the line rate`, value: fileBytes * 8_000 / link.bandwidthBitsPerSecond / rawLink }
      }
    ]
  } finally {
    slow.stop()
    await holder.stop()
    await rm(directory, { recursive: true })
  }
}
