import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { metrics } from './comparison/study.test-helper.ts'
import { outcomeRecord, regions, row, runRecord } from './folder.test-helper.ts'

const peers = 50
const contributions = 11_125
/** Each peer but the origin records when entry and file have come: 50 x 11,125 x 2, less the origins' own. */
export const rowsOfRun = 2 * contributions * (peers - 1)
const limitMs = 240_000

/** Writes a study of runs of 50 peers and 11,125 contributions; all have the rows of the first, which take no more room. */
export async function writeMillions (study: string, runs: number, factor: number): Promise<void> {
  const first = join(study, 'run-0')
  await writeRun(first, (peer, file) => writeFile(file, rowsOf(peer, factor)))
  for (let run = 1; run < runs; run++) {
    await writeRun(join(study, `run-${run}`), (peer, file) => link(resultsOf(first, peer), file))
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

type Measured = { seconds: number, peakBytes: number } & Partial<Record<string, number>>

/**
 * Runs a program in a process of its own, whose memory is that of the work alone.
 *
 * @param body - what is measured; `load` imports from this room, and numbers of its own are in `more`
 */
export async function measureAlone (body: string): Promise<Measured> {
  const script = `
    const load = (file) => import(${JSON.stringify(`${import.meta.dirname}/`)} + file)
    const startedMs = performance.now()
    ${body}
    const seconds = (performance.now() - startedMs) / 1000
    process.stdout.write(JSON.stringify({ ...typeof more === 'undefined' ? {} : more, seconds, peakBytes: process.resourceUsage().maxRSS * 1024 }))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], timeout: limitMs })
  let output = ''
  child.stdout.on('data', (data) => { output += String(data) })
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new Error(`what was measured ended with ${code ?? 'a signal'}`)
  return JSON.parse(output) as Measured
}
