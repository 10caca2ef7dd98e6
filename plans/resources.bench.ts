import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { createFileRecorder } from './recorder.ts'
import { observeResources, processUsage } from './resources.ts'
import type { BenchRow } from '../scripts/bench.ts'

const rounds = 3
const roundMs = 10_000
/** Finer than what is measured with it; both ways are measured alike. */
const resolutionMs = 1

interface Cost { cpuPercent: number, delayMs: number }

/** What an idle process uses of one core, and how late its event loop gets, for as long as a round takes. */
async function measure (begin: () => () => void): Promise<Cost> {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  const end = begin()
  const before = processUsage().cpuMs
  histogram.enable()
  await delay(roundMs)
  histogram.disable()
  const cpuPercent = 100 * (processUsage().cpuMs - before) / roundMs
  end()
  return { cpuPercent, delayMs: histogram.percentile(99) / 1e6 - resolutionMs }
}

/** What observing an instance costs it: the samples of what it uses, and writing them down. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peerslab-bench-'))
  const recorder = createFileRecorder(directory, { message: () => undefined, warning: () => undefined })
  const pairs: Array<{ idle: Cost, observed: Cost }> = []

  try {
    // What the machine does meanwhile meets both ways alike.
    for (let round = 0; round < rounds; round++) {
      const idle = await measure(() => () => undefined)
      pairs.push({ idle, observed: await measure(() => observeResources(recorder)) })
    }
  } finally {
    recorder.flush()
    await rm(directory, { recursive: true, force: true })
  }

  const median = (of: (pair: typeof pairs[number]) => number): number => pairs.map(of).sort((a, b) => a - b)[rounds >> 1] ?? NaN
  return [
    {
      name: 'observation: CPU of one core', value: median(({ idle, observed }) => observed.cpuPercent - idle.cpuPercent), unit: '%', samples: rounds, limit: 2,
      alternative: { name: 'idle', value: median(({ idle }) => idle.cpuPercent) }
    },
    {
      name: 'observation: event-loop delay, p99', value: median(({ idle, observed }) => Math.max(0, observed.delayMs - idle.delayMs)), unit: 'ms', samples: rounds, limit: 1,
      alternative: { name: 'idle', value: median(({ idle }) => idle.delayMs) }
    }
  ]
}
