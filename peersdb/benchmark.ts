import { lpStream } from '@libp2p/utils'
import * as z from 'zod'
import type { Cancellable, Peer } from './api.ts'
import type { Contribution } from './contribution.ts'
import type { PeerId, Stream } from '@libp2p/interface'

const protocol = '/peersdb/benchmark/1.0.0'
const reportBytesMax = 256 * 1024
const answerTimeoutMs = 5_000
/** An hour of samples at the default interval; the oldest go first. */
const samplesMax = 360
const peersAtOnce = 16

const seconds = z.number().nullable()
const sample = z.object({
  /** ISO 8601. */
  timestamp: z.string().max(64),
  /** Resident memory of the peer's process, in bytes. (The prototype told what its language's runtime had reserved.) */
  membytes: z.number(),
  /** CPU time of the peer's process over the time since the last sample, in percent of one core. (The prototype's: of the machine.) */
  cpupercent: z.number()
})
const reportSchema = z.object({
  bootstrap: seconds,
  averagec: seconds,
  minc: seconds,
  maxc: seconds,
  region: z.string().max(256),
  samples: z.array(sample).max(samplesMax),
  peerID: z.string().max(128)
})

/** The answer of a peer that did not come. */
export interface MissingReport {
  peerID: string
  error: string
}

/**
 * What a peer measured of itself, in the fields of the prototype; times in seconds.
 *
 * - `bootstrap`: from the start of the peer to the arrival of the last entry that is older than it; null where none arrived.
 * - `averagec`, `minc`, `maxc`: from the creation of an entry to its arrival, over the entries made since the start; null where none
 *   arrived. It compares two clocks, the contributor's and this one's, and so contains their difference.
 */
export type BenchmarkReport = z.infer<typeof reportSchema>

export interface Benchmark {
  own (): BenchmarkReport
  /** The own report and one of each connected peer; one that could not be asked is listed with the reason. */
  all (options?: Cancellable): Promise<Array<BenchmarkReport | MissingReport>>
  stop (): Promise<void>
}

export interface BenchmarkInit {
  peer: Peer
  /** Told in the report, so that reports can be grouped. */
  region: string
  /** When the peer was started (milliseconds since 1970); by default now. */
  startedMs?: number
  sampleIntervalMs?: number
}

/** Measures a peer from now on, and answers other peers that ask for it. */
export async function startBenchmark (init: BenchmarkInit): Promise<Benchmark> {
  const { peer, region, startedMs = Date.now(), sampleIntervalMs = 10_000 } = init
  const times = collectTimes(startedMs)
  const samples: BenchmarkReport['samples'] = []
  const takeSample = createSampler()
  const timer = setInterval(() => {
    samples.push(takeSample())
    samples.splice(0, samples.length - samplesMax)
  }, sampleIntervalMs)
  timer.unref()

  const onContribution = ({ detail }: CustomEvent<Contribution>): void => {
    if (detail.contributor !== peer.id) {
      times.add(Date.parse(detail.createdAt), Date.now())
    }
  }

  const own = (): BenchmarkReport => ({ ...times.report(), region, samples: [...samples], peerID: peer.id })
  peer.events.addEventListener('contribution', onContribution)
  await peer.libp2p.handle(protocol, (stream: Stream) => {
    answer(stream, own()).catch((err: unknown) => { stream.abort(err as Error) })
  })

  return {
    own,
    all: async (options = {}) => [own(), ...await askAll(peer, options)],
    stop: async () => {
      clearInterval(timer)
      peer.events.removeEventListener('contribution', onContribution)
      await peer.libp2p.unhandle(protocol)
    }
  }
}

function collectTimes (startedMs: number) {
  let bootstrapMs: number | undefined
  let count = 0
  let sumMs = 0
  let minMs = Infinity
  let maxMs = -Infinity

  return {
    add: (createdMs: number, arrivedMs: number): void => {
      if (createdMs < startedMs) {
        bootstrapMs = arrivedMs - startedMs
        return
      }

      const elapsedMs = arrivedMs - createdMs
      count++
      sumMs += elapsedMs
      minMs = Math.min(minMs, elapsedMs)
      maxMs = Math.max(maxMs, elapsedMs)
    },
    report: () => ({
      bootstrap: bootstrapMs == null ? null : bootstrapMs / 1000,
      averagec: count === 0 ? null : sumMs / count / 1000,
      minc: count === 0 ? null : minMs / 1000,
      maxc: count === 0 ? null : maxMs / 1000
    })
  }
}

function createSampler () {
  let cpu = process.cpuUsage()
  let atMs = performance.now()

  return () => {
    const { user, system } = process.cpuUsage(cpu)
    const elapsedMs = performance.now() - atMs
    cpu = process.cpuUsage()
    atMs = performance.now()
    const cpupercent = Math.round((user + system) / 1000 / elapsedMs * 1000) / 10
    return { timestamp: new Date().toISOString(), membytes: process.memoryUsage.rss(), cpupercent }
  }
}

async function answer (stream: Stream, report: BenchmarkReport): Promise<void> {
  const signal = AbortSignal.timeout(answerTimeoutMs)
  await lpStream(stream, { maxDataLength: reportBytesMax }).write(Buffer.from(JSON.stringify(report)), { signal })
  await stream.close({ signal })
}

/** Several connections to one peer count once. A few peers are asked at a time. */
async function askAll (peer: Peer, { signal }: Cancellable): Promise<Array<BenchmarkReport | MissingReport>> {
  const connected = new Map(peer.libp2p.getConnections().map(({ remotePeer }) => [remotePeer.toString(), remotePeer]))
  const waiting = [...connected.values()]
  const reports: Array<BenchmarkReport | MissingReport> = []

  const worker = async (): Promise<void> => {
    for (let other = waiting.pop(); other != null; other = waiting.pop()) {
      const peerID = other.toString()
      reports.push(await ask(peer, other, signal).catch((err: unknown) => ({ peerID, error: (err as Error).message })))
    }
  }

  await Promise.all(Array.from({ length: peersAtOnce }, worker))
  signal?.throwIfAborted()
  return reports.sort((a, b) => a.peerID < b.peerID ? -1 : 1)
}

async function ask (peer: Peer, other: PeerId, cancel?: AbortSignal): Promise<BenchmarkReport> {
  const signal = AbortSignal.any([AbortSignal.timeout(answerTimeoutMs), ...(cancel == null ? [] : [cancel])])
  const stream = await peer.libp2p.dialProtocol(other, protocol, { signal })

  try {
    const bytes = (await lpStream(stream, { maxDataLength: reportBytesMax }).read({ signal })).subarray()
    await stream.close({ signal })
    const report = reportSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
    // Who answers is known from the connection; what it says about that is not asked.
    return { ...report, peerID: other.toString() }
  } catch (err) {
    stream.abort(err as Error)
    throw err
  }
}
