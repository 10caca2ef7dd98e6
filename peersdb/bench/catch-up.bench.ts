import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBenchPeer } from './bench-peer.test-helper.ts'
import { median, portOf, rawTcp, repeat, throughPort } from './measure.test-helper.ts'
import { startSlowLink } from './slow-link.test-helper.ts'
import type { BenchRow } from '../../scripts/bench.ts'
import type { PeerInit } from '../index.ts'
import type { BenchPeer, CatchUp } from './bench-peer.test-helper.ts'

const files = 11_000
const fileBytes = 5_000
const repetitions = 5
/** The paper's distance between continents, and a common uplink. */
const latencyMs = 50
const bandwidthBitsPerSecond = 100e6
/** Stock OrbitDB takes five times as long as is worth waiting for, and its time is proportional to the entries. */
const stockFiles = 1_000
/** Peers connect as the benchmark says and not as they hear of each other, which would go past the link. */
const replica: PeerInit = { pin: 'everything', peerExchange: false }

type Started = BenchPeer & { id: string, address: string }

/** Catching up, pushing and writing, between processes of their own, over loopback and over a link of 100 ms and 100 Mbit/s. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peersdb-bench-'))
  const holder = await startBenchPeer(replica)

  try {
    await holder.ask('fill', { count: files, bytes: fileBytes, seed: 'corpus' })
    return [
      ...await newcomers(holder),
      ...await overSlowLink(holder),
      ...await pushed(),
      ...await written(directory)
    ]
  } finally {
    await holder.stop()
    await rm(directory, { recursive: true })
  }
}

/** One newcomer, from the call of `connect` until it holds everything. */
async function newcomer (addresses: string[], init: PeerInit = replica, count = files): Promise<CatchUp> {
  const peer = await startBenchPeer(init)

  try {
    return await peer.ask('catchUp', { addresses, files: count })
  } finally {
    await peer.stop()
  }
}

async function newcomers (holder: Started): Promise<BenchRow[]> {
  const seconds = median((await repeat(repetitions, () => newcomer([holder.address]))).map(({ ms }) => ms / 1000))
  const stockHolder = await startBenchPeer({ ...replica, sync: 'stock' })

  try {
    await stockHolder.ask('fill', { count: stockFiles, bytes: fileBytes, seed: 'stock' })
    const { ms } = await newcomer([stockHolder.address], { ...replica, sync: 'stock' }, stockFiles)
    return [{
      name: 'newcomer, 11,000 files of 5 KB, no delay',
      value: seconds,
      unit: 's',
      samples: repetitions,
      limit: 5,
      alternative: { name: 'stock, measured with 1,000 and scaled', value: ms / 1000 * files / stockFiles }
    }]
  } finally {
    await stockHolder.stop()
  }
}

async function overSlowLink (holder: Started): Promise<BenchRow[]> {
  const link = await startSlowLink({ targetPort: portOf(holder.address), latencyMs, bandwidthBitsPerSecond })
  const linked = throughPort(holder.address, link.port)

  try {
    const one = await repeat(repetitions, () => newcomer([linked]))
    const neededBytes = median(one.map(({ bytesReceived }) => bytesReceived))
    const rawMs = median(await repeat(repetitions, () => rawTcp(neededBytes, { latencyMs, bandwidthBitsPerSecond })))
    const oneMs = median(one.map(({ ms }) => ms))
    return [
      {
        name: 'newcomer, 100 ms and 100 Mbit/s, to raw TCP',
        value: oneMs / rawMs,
        unit: 'times',
        samples: repetitions,
        limit: 1.25,
        alternative: { name: `raw TCP took ${(rawMs / 1000).toFixed(2)} s for the same bytes, files alone at the line rate`, value: files * fileBytes * 8_000 / bandwidthBitsPerSecond / rawMs }
      },
      ...await tenHolders(holder, { oneMs, neededBytes }),
      ...await missingTen(holder, linked)
    ]
  } finally {
    link.stop()
  }
}

async function tenHolders (holder: Started, { oneMs, neededBytes }: { oneMs: number, neededBytes: number }): Promise<BenchRow[]> {
  const others = await repeat(9, async () => {
    const peer = await startBenchPeer(replica)
    await peer.ask('catchUp', { addresses: [holder.address], files })
    await peer.ask('disconnect')
    return peer
  })
  const holders = [holder, ...others]
  const links = await Promise.all(holders.map(({ address }) =>
    startSlowLink({ targetPort: portOf(address), latencyMs, bandwidthBitsPerSecond })))

  try {
    const addresses = holders.map(({ address }, i) => throughPort(address, links[i]?.port ?? 0))
    const ten = await repeat(repetitions, () => newcomer(addresses))
    return [
      {
        name: 'ten holders, bytes received, to one holder',
        value: median(ten.map(({ bytesReceived }) => bytesReceived)) / neededBytes,
        unit: 'times',
        samples: repetitions,
        limit: 1.05
      },
      { name: 'ten holders, time, to one holder', value: median(ten.map(({ ms }) => ms)) / oneMs, unit: 'times', samples: repetitions, limit: 1 }
    ]
  } finally {
    links.forEach(({ stop }) => { stop() })
    await Promise.all(others.map((peer) => peer.stop()))
  }
}

/** A peer that has all but the ten newest comes back. */
async function missingTen (holder: Started, linked: string): Promise<BenchRow[]> {
  const peer = await startBenchPeer(replica)

  try {
    await peer.ask('catchUp', { addresses: [linked], files })
    const returns = await repeat(repetitions, async (i) => {
      await peer.ask('disconnect')
      await holder.ask('fill', { count: 10, bytes: fileBytes, seed: `return ${i}` })
      return peer.ask('catchUp', { addresses: [linked], files: files + 10 * (i + 1) })
    })
    return [
      {
        name: 'misses 10 of 11,000: from connected to complete',
        value: median(returns.map(({ ms, connectedMs }) => ms - connectedMs)) / (2 * latencyMs),
        unit: 'round trips',
        samples: repetitions,
        limit: 4
      },
      {
        name: 'misses 10 of 11,000: bytes, to those of the ten files',
        value: median(returns.map(({ bytesReceived, bytesSent }) => bytesReceived + bytesSent)) / (10 * fileBytes),
        unit: 'times',
        samples: repetitions,
        limit: 3
      }
    ]
  } finally {
    await peer.stop()
  }
}

async function pushed (): Promise<BenchRow[]> {
  const samples = 50
  return [{
    name: 'new contribution of 5 KB, 50 ms one way, entry and file, p50',
    value: median(await pushDelays(replica, samples)),
    unit: 'ms',
    samples,
    limit: 55,
    alternative: { name: 'stock, n=20', value: median(await pushDelays({ ...replica, sync: 'stock' }, 20)) }
  }]
}

/** From the call of `contribute` until the other peer holds the file, each, in milliseconds. */
async function pushDelays (init: PeerInit, samples: number): Promise<number[]> {
  const writer = await startBenchPeer(init)
  const reader = await startBenchPeer(init)
  const link = await startSlowLink({ targetPort: portOf(writer.address), latencyMs, bandwidthBitsPerSecond, isExact: true })

  try {
    await Promise.all([
      writer.ask('neighbours', 1), reader.ask('neighbours', 1),
      reader.ask('catchUp', { addresses: [throughPort(writer.address, link.port)], files: 0 })
    ])
    return await repeat(samples, async (i) => {
      const arrival = reader.ask('nextFile')
      const { atMs } = await writer.ask('contribute', { bytes: fileBytes, seed: `push ${i}` })
      return (await arrival).atMs - atMs
    })
  } finally {
    link.stop()
    await Promise.all([writer.stop(), reader.stop()])
  }
}

async function written (directory: string): Promise<BenchRow[]> {
  const msEach = async (init: PeerInit, count: number): Promise<number> => {
    const peer = await startBenchPeer(init)

    try {
      return (await peer.ask('fill', { count, bytes: fileBytes, seed: 'written' })).ms / count
    } finally {
      await peer.stop()
    }
  }

  return [{
    name: 'contribute, on disk, one after another',
    value: median(await repeat(repetitions, (i) => msEach({ directory: join(directory, `writer ${i}`) }, 2_000))),
    unit: 'ms',
    samples: repetitions,
    limit: 1,
    alternative: { name: 'stock, 500 once', value: await msEach({ directory: join(directory, 'stock'), sync: 'stock' }, 500) }
  }]
}
