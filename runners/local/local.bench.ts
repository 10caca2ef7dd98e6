import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readComposition, readManifest } from '../composition/index.ts'
import { compositionDirectory, manifestFile, packageRoot } from '../files.ts'
import { createProgress } from '../progress.ts'
import { createRunFolder } from '../run-folder.ts'
import { bundledProgram } from './program.ts'
import { runLocally } from './run.ts'
import type { BenchRow } from '../../scripts/bench.ts'

const bundled = join(packageRoot, 'dist', 'plan', 'peersdb.js')
const unbundled = join(packageRoot, 'dist', 'plans', 'main.js')
const rounds = 3

interface Row { metric: string, value: number, asked?: number }
interface Measured { seconds: number, rows: Row[] }

/** Carries out a composition into a folder that is removed again. */
async function measure (file: string, set: Record<string, string>, plan = bundled): Promise<Measured> {
  const out = await mkdtemp(join(tmpdir(), 'peerslab-bench-'))

  try {
    const composition = await readComposition(join(compositionDirectory, file), {
      manifest: await readManifest(manifestFile), set, workingDirectory: out
    })
    const run = composition.runs[0]!
    const folder = await createRunFolder(out, composition.name, new Date())
    const startedMs = performance.now()
    const outcome = await runLocally({
      composition, run, folder, timeoutMs: 300_000, signal: new AbortController().signal,
      programs: new Map(run.groups.map(({ id }) => [id, bundledProgram(plan)])),
      progress: createProgress(process.stderr, composition.name)
    })
    const seconds = (performance.now() - startedMs) / 1000

    if (outcome.verdict !== 'pass') {
      throw new Error(`${file}: ${outcome.reason}`)
    }

    const texts = await Promise.all(outcome.instances.map(({ group, index }) =>
      readFile(join(folder.instanceDirectory(run.id, group, index), 'results.out'), 'utf8')))
    const rows = texts.flatMap((text) => text.trim().split('\n')).map((line) => {
      const { name, measures } = JSON.parse(line) as { name: string, measures: { value: number, asked?: number } }
      return { metric: name.split(',')[0]!, ...measures }
    })
    return { seconds, rows }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

function values ({ rows }: Measured, metric: string): number[] {
  return rows.filter((row) => row.metric === metric).map(({ value }) => value)
}

function median (numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN
}

function maximum (numbers: readonly number[]): number {
  return Math.max(...numbers)
}

/** How far the measured round trips of all pairs are from those that were asked for, in milliseconds. */
function roundTripErrors ({ rows }: Measured): number[] {
  return rows.filter(({ metric }) => metric === 'link_rtt_ms').map(({ value, asked }) => Math.abs(value - (asked ?? 0)))
}

/** The promises of the local runner: separate processes over real sockets, on this machine. */
export async function bench (): Promise<BenchRow[]> {
  const start = { contributions: '6', interval_ms: '10' }
  const plain = await measure('quick.toml', start, unbundled)
  const quick: Measured[] = []

  for (let i = 0; i < rounds; i++) {
    quick.push(await measure('quick.toml', {}))
  }

  const links = await measure('link.toml', {})
  const loopback = await measure('link.toml', { network: 'none' })
  const errors = roundTripErrors(links)
  const overRuns = (of: (measured: Measured) => number): number => median(quick.map(of))

  return [
    { name: 'quick_toml', value: overRuns(({ seconds }) => seconds), unit: 's', samples: rounds, limit: 60 },
    {
      name: 'six_instances_started_and_connected',
      value: overRuns((run) => maximum(values(run, 'start_ms'))),
      unit: 'ms',
      samples: rounds,
      limit: 5_000,
      alternative: { name: 'plan not bundled', value: maximum(values(plain, 'start_ms')) }
    },
    {
      name: 'idle_instance_resident_memory',
      value: overRuns((run) => maximum(values(run, 'idle_rss_bytes'))),
      unit: 'B',
      samples: rounds * 6,
      limit: 120e6,
      alternative: { name: 'plan not bundled', value: maximum(values(plain, 'idle_rss_bytes')) }
    },
    {
      name: 'link_round_trip_error_median_of_pairs',
      value: median(errors),
      unit: 'ms',
      samples: errors.length,
      limit: 2,
      alternative: { name: 'round trip without shaping', value: median(values(loopback, 'link_rtt_ms')) }
    },
    { name: 'link_round_trip_error_worst_pair', value: maximum(errors), unit: 'ms', samples: errors.length }
  ]
}
