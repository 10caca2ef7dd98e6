import type { Random } from '../random.ts'
import type { ScoutRecord } from './scout-universe.ts'
import { createRandom } from '../random.ts'
import { exp } from '../elementary.ts'

/** How a run ended: with a report of its figures, with a report that says only that it failed, or with no report at all. */
export type Outcome = 'completed' | 'timed out' | 'failed' | 'unreported'

/** What happened in a run, as far as its files show it. */
export interface RunFacts {
  readonly outcome: Outcome
  readonly elapsedSeconds: number
  readonly inputBytes: number
  readonly startMs: number
}

const FAILED_SHARE = 0.03
const UNREPORTED_SHARE = 0.11
/** The data set's runs were cut off after two hours. */
export const TIMEOUT_SECONDS = 7200
const MEDIAN_SECONDS = 95
/**
 * The logarithm of a run time is the sum of four normal draws, whose deviations give 0.8 together: what the workload is, how it
 * grows with its input, which machine suits it, and the noise between runs.
 */
const SIGMA = { workload: 0.5, size: 0.46, machine: 0.4, run: 0.1 }
const SIZE_FACTOR: Readonly<Record<string, number>> = { small: 0.6, medium: 1, large: 1.7 }
const INPUT_BYTES: Readonly<Record<string, number>> = { small: 1.6e9, medium: 6.4e9, large: 1.6e10 }
const FIRST_DAY_MS = Date.UTC(2017, 8, 15)
const LAST_SECOND = 30 * 24 * 3600

/** Draws how a run went. Everything a record shares with others (its workload, its machine) is drawn from what they share. */
export function runFacts (seed: number, record: ScoutRecord, random: Random): RunFacts {
  const { workload, framework, size, machine } = record
  const shared = (...names: string[]): number => createRandom(seed, 'run time', framework, workload, ...names).normal(0, 1)
  const logarithm = SIGMA.workload * shared() + SIGMA.size * shared('size', size) +
    SIGMA.machine * shared('machine', machine.name) + SIGMA.run * random.normal(0, 1)
  const seconds = Math.max(10, MEDIAN_SECONDS * machine.timeFactor * (SIZE_FACTOR[size] ?? 1) * exp(logarithm))
  const inputs = createRandom(seed, 'input', framework, workload)
  const inputBytes = Math.floor(inputs.logNormal(INPUT_BYTES[size] ?? 6.4e9, 0.6))
  const startMs = drawStartMs(random)
  const draw = random.uniform()
  if (draw < FAILED_SHARE) return { outcome: 'failed', elapsedSeconds: random.integer(10, 15), inputBytes, startMs }
  if (seconds >= TIMEOUT_SECONDS) {
    return { outcome: 'timed out', elapsedSeconds: TIMEOUT_SECONDS + random.uniform(), inputBytes, startMs }
  }
  return { outcome: draw < FAILED_SHARE + UNREPORTED_SHARE ? 'unreported' : 'completed', elapsedSeconds: seconds, inputBytes, startMs }
}

/** Some second of the month in which the data set was measured, in milliseconds since 1970. */
export function drawStartMs (random: Random): number {
  return FIRST_DAY_MS + random.integer(0, LAST_SECOND) * 1000
}

/**
 * The text of report.json in the shape that the framework's benchmark suite wrote: strings from HiBench (hadoop, spark), numbers with
 * -1 for unknown from spark-perf (spark1.5), four keys for a failed run; undefined for a run that left no report.
 */
export function reportText (record: Pick<ScoutRecord, 'workload' | 'framework' | 'size'>, facts: RunFacts): string | undefined {
  if (facts.outcome === 'unreported') return undefined
  const { workload, framework, size } = record
  if (facts.outcome === 'failed') return keysInOrder({ completed: false, datasize: size, framework, workload })
  const common = {
    completed: facts.outcome === 'completed',
    datasize: size,
    framework,
    timestamp: timestamp(facts.startMs),
    workload
  }
  if (framework === 'spark1.5') {
    return keysInOrder({
      ...common,
      elapsed_time: facts.elapsedSeconds,
      input_size: -1,
      program: workload,
      throughput_cluster: -1,
      throughput_node: -1
    })
  }
  const elapsedMs = Math.round(facts.elapsedSeconds * 1000)
  const throughput = String(Math.floor(facts.inputBytes * 1000 / elapsedMs))
  const title = workload.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return keysInOrder({
    ...common,
    elapsed_time: String(elapsedMs / 1000),
    input_size: String(facts.inputBytes),
    program: `${framework === 'hadoop' ? 'Hadoop' : 'ScalaSpark'}${title}`,
    throughput_cluster: throughput,
    throughput_node: throughput
  })
}

/** `YYYY-MM-DD HH:MM:SS` of a time in milliseconds since 1970, in UTC. */
export function timestamp (timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')
}

function keysInOrder (report: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(report).sort(([a], [b]) => a < b ? -1 : 1)), null, 4)
}
