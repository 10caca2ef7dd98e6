import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { outcomeRecord, regions, row, runRecord } from '../folder.test-helper.ts'
import { metrics } from './study.test-helper.ts'
import type { BenchRow } from '../../scripts/bench.ts'

const runs = 10
const peers = 50
const contributions = 11_125
/** Each peer but the origin records when entry and file have come: 50 x 11,125 x 2, less the origins' own. */
const rowsOfRun = 2 * contributions * (peers - 1)
const limitMs = 240_000

/** Two studies of ten runs of 50 peers and 11,125 contributions, from folders on disk to a verdict. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peerslab-bench-'))

  try {
    for (const side of ['base', 'head']) {
      const first = join(directory, side, 'run-0')
      await writeRun(first, (peer, file) => writeFile(file, rowsOf(peer, side === 'head' ? 1.1 : 1)))
      // The others have the same rows, which take no room and are read like any.
      for (let run = 1; run < runs; run++) {
        await writeRun(join(directory, side, `run-${run}`), (peer, file) => link(resultsOf(first, peer), file))
      }
    }
    const { seconds, peakBytes } = await measure(join(directory, 'base'), join(directory, 'head'))
    const name = `compare of 2 x ${runs} runs of ${(rowsOfRun / 1e6).toFixed(2)} million rows`
    return [
      { name: `${name}, time`, value: seconds, unit: 's', samples: 1, limit: 30 },
      { name: `${name}, memory`, value: peakBytes / 1e9, unit: 'GB', samples: 1, limit: 1 }
    ]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function writeRun (folder: string, writeRows: (peer: number, file: string) => Promise<void>): Promise<void> {
  const groups = [{ id: 'peers', count: peers, params: {} }]
  const instances = Array.from({ length: peers }, (_, index) => ({ group: 'peers', index, outcome: 'success' }))
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'run.json'), JSON.stringify({ ...runRecord(), metrics, runs: [{ id: 'main', groups }] }))
  await writeFile(join(folder, 'outcome.json'), JSON.stringify({ ...outcomeRecord(), runs: [{ id: 'main', verdict: 'pass', instances }] }))
  for (const { index } of instances) {
    const file = resultsOf(folder, index)
    await mkdir(dirname(file), { recursive: true })
    await writeRows(index, file)
  }
}

function resultsOf (folder: string, peer: number): string {
  return join(folder, 'instances', 'main', 'peers', String(peer), 'results.out')
}

function rowsOf (peer: number, factor: number): string {
  const lines: string[] = []
  for (let file = 0; file < contributions; file++) {
    if (file % peers === peer) continue
    const ms = factor * (40 + 16 * Math.abs(file % 6 - peer % 6) + (file * 7919 % 1000) / 37)
    const tags = `from=${regions[file % 6]},region=${regions[peer % 6]},cid=bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenx${file},bytes=5000`
    lines.push(row(`replication_entry_ms,${tags}`, { value: ms }), row(`replication_file_ms,${tags}`, { value: 3 * ms }))
  }
  return lines.join('')
}

/** In a process of its own, whose memory is that of the comparison alone. */
async function measure (base: string, head: string): Promise<{ seconds: number, peakBytes: number }> {
  const script = `
    const { compareStudies } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))})
    const startedMs = performance.now()
    const { verdict, results } = await compareStudies(${JSON.stringify(base)}, ${JSON.stringify(head)}, { vary: [] })
    const seconds = (performance.now() - startedMs) / 1000
    if (verdict !== 'fail' || results.length === 0) throw new Error('the slowdown was not found: ' + verdict)
    process.stdout.write(JSON.stringify({ seconds, peakBytes: process.resourceUsage().maxRSS * 1024 }))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], timeout: limitMs })
  let output = ''
  child.stdout.on('data', (data) => { output += String(data) })
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new Error(`the comparison ended with ${code ?? 'a signal'}`)
  return JSON.parse(output) as { seconds: number, peakBytes: number }
}
