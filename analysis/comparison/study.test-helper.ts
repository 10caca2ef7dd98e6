import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { factsOf } from './environment.ts'
import { outcomeRecord, runRecord } from '../folder.test-helper.ts'
import { createRandom } from '../statistics/index.ts'
import { normalQuantile } from '../statistics/normal.ts'
import type { MetricRecord, RunRecord } from '../records.ts'
import type { Study } from './study.ts'

export const metrics: MetricRecord[] = [
  { name: 'replication_entry_ms', unit: 'ms', meaning: 'time', better: 'lower' },
  { name: 'bootstrap_files_ms', unit: 'ms', meaning: 'time', better: 'lower' },
  { name: 'bytes_sent', unit: 'B', meaning: 'bytes', better: 'lower' },
  { name: 'converged', unit: '1', meaning: 'all is there', better: 'higher' },
  { name: 'cpu_ms', unit: 'ms', meaning: 'CPU', better: 'lower' },
  { name: 'link_rtt_ms', unit: 'ms', meaning: 'round trip', better: 'none' }
]

/** Numbers around 1 with a relative standard deviation, the same for the same seed. */
export function noise (seed: number, deviation: number): () => number {
  const random = createRandom(seed)
  return () => Math.exp(deviation * normalQuantile(random() || Number.MIN_VALUE))
}

interface SimulatedRun {
  record?: Partial<RunRecord>
  conditions?: Study['runs'][number]['conditions']
  values: Record<string, number | { value: number, bound: boolean }>
}

/** A study that was never on disk: one run for each item, started minute by minute. */
export function studyOf (path: string, runs: readonly SimulatedRun[], startMinute = 0): Study {
  return {
    path,
    leftOut: [],
    problems: [],
    runs: runs.map(({ record = {}, values, conditions = {} }, index) => {
      const run = { ...runRecord(), ...record } as unknown as RunRecord
      return {
        name: `run-${index}`,
        seed: String(run.seed ?? index),
        startedAt: new Date(Date.UTC(2026, 0, 1) + (startMinute + 2 * index) * 60_000).toISOString(),
        facts: factsOf(run),
        metrics,
        conditions,
        series: Object.entries(values).map(([metric, value]) => ({
          metric, part: 'main', ...(typeof value === 'number' ? { value, bound: false } : value)
        }))
      }
    })
  }
}

/** `studyOf` with so many runs of the same metrics, each value with its own noise; the two sides take turns. */
export function noisyStudy (side: 'base' | 'head', runs: number, next: () => number, factors: Record<string, number> = {}): Study {
  const middles = { replication_entry_ms: 120, bootstrap_files_ms: 3000, bytes_sent: 5e6, cpu_ms: 900 }
  return studyOf(side, Array.from({ length: runs }, () => ({
    values: {
      ...Object.fromEntries(Object.entries(middles).map(([metric, middle]) => [metric, middle * next() * (factors[metric] ?? 1)])),
      converged: 1
    }
  })), side === 'base' ? 0 : 1)
}

export interface DiskRun {
  record?: Record<string, unknown>
  /** Undefined: no outcome.json, as while a run goes on. */
  outcome?: Record<string, unknown> | null
  rows: string
}

/** Writes a study below the system's temporary folder and returns its path; each run has one instance. */
export async function writeStudy (runs: readonly DiskRun[]): Promise<string> {
  const study = await mkdtemp(join(tmpdir(), 'peerslab-study-'))
  for (const [index, { record = {}, outcome = {}, rows }] of runs.entries()) {
    const folder = join(study, `2026010${index}T000000Z-${index}`)
    const instance = join(folder, 'instances', 'main', 'peers', '0')
    await mkdir(instance, { recursive: true })
    const startedAt = new Date(Date.UTC(2026, 0, 1, 0, index)).toISOString()
    const runs = [{ id: 'main', groups: [{ id: 'peers', count: 1, params: {} }] }]
    const whole = { ...runRecord(), metrics, startedAt, runs, ...record }
    await writeFile(join(folder, 'run.json'), JSON.stringify(whole))
    const alone = { ...outcomeRecord(), runs: [{ id: 'main', verdict: 'pass', instances: [{ group: 'peers', index: 0, outcome: 'success' }] }] }
    if (outcome !== null) await writeFile(join(folder, 'outcome.json'), JSON.stringify({ ...alone, ...outcome }))
    await writeFile(join(instance, 'results.out'), rows)
  }
  return study
}
