import { mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import * as tar from 'tar-stream'

/** A small run folder on disk for the tests of this room: six regions, two newcomers. */

export const regions = ['asia-east2', 'europe-west3', 'us-west1', 'southamerica-east1', 'me-west1', 'australia-southeast1']

export function row (name: string, measures: Record<string, number>): string {
  return `{"ts":1795363876681000123,"type":"point","name":"${name}","measures":${JSON.stringify(measures)}}\n`
}

export function runRecord (): Record<string, unknown> {
  const latenciesFrom = (i: number): Record<string, number> => Object.fromEntries(regions.map((to, j) => [to, 20 + 15 * Math.abs(i - j)]))
  const oneWayLatencyMs = Object.fromEntries(regions.map((from, i) => [from, latenciesFrom(i)]))
  return {
    schema: 1,
    peerslab: '0.1.0',
    runner: 'local',
    fidelity: 'bandwidth',
    seed: 7,
    command: ['peerslab', 'run', 'composition/quick.toml'],
    startedAt: '2026-01-01T10:00:00.000Z',
    endedAt: '2026-01-01T10:00:40.000Z',
    plan: 'peersdb',
    case: 'replication',
    composition: { global: { plan: 'peersdb' } },
    network: { name: 'gcp-six-regions', regions, oneWayLatencyMs, description: 'six regions', source: 'a table' },
    host: { cpus: 2 },
    versions: { node: '24.0.0' },
    commit: 'abc',
    dirty: false,
    metrics: [{ name: 'replication_entry_ms', unit: 'ms', meaning: 'Written at its origin until visible here', better: 'lower' }],
    runs: [{ id: 'main', groups: [{ id: 'peers', count: 6, params: {} }, { id: 'newcomers', count: 2, params: {} }] }]
  }
}

interface Outcome {
  verdict: string
  reason: string
  runs: Array<{ id: string, verdict: string, instances: Array<Record<string, unknown>> }>
}

export function outcomeRecord (): Outcome {
  const instances = [...regions.map((_, index) => ({ group: 'peers', index })), { group: 'newcomers', index: 0 }, { group: 'newcomers', index: 1 }]
    .map((id) => ({ ...id, outcome: 'success', exitCode: 0, signal: null, lastLines: [] }))
  return { verdict: 'pass', reason: 'all hold the same', runs: [{ id: 'main', verdict: 'pass', instances }] }
}

export function peerRows (peer: number): string {
  const region = regions[peer]
  let text = ''
  for (const [origin, from] of regions.entries()) {
    for (let file = 0; file < 5 && origin !== peer; file++) {
      const ms = 40 + 16 * Math.abs(origin - peer) + 7 * file
      text += row(`replication_entry_ms,from=${from},region=${region},cid=bafy${file},bytes=2000`, { value: ms })
      text += row(`replication_file_ms,from=${from},region=${region},cid=bafy${file},bytes=2000`, peer === 3 && file === 4 ? { value: 3000, censored: 1 } : { value: 3 * ms })
    }
  }
  return text + row(`rss_bytes,region=${region}`, { value: 9e7 }) + row(`converged,region=${region}`, { value: 1 })
}

export function newcomerRows (newcomer: number): string {
  const tags = `region=${regions[newcomer + 1]},peers_before=${6 + newcomer}`
  let text = ''
  for (let held = 0; held <= 30; held += 5) {
    text += row(`bootstrap_entries_held,${tags}`, { value: held, of: 30, elapsed_ms: 300 + 20 * held })
    text += row(`bootstrap_files_held,${tags}`, { value: held, of: 30, elapsed_ms: 500 + 45 * held })
  }
  return text + row(`bootstrap_log_ms,${tags},entries=30,bytes=6000`, { value: 900 }) + row(`bootstrap_files_ms,${tags},files=30,bytes=60000`, { value: 1850 })
}

export async function writeInstance (folder: string, group: string, index: number, text: string): Promise<void> {
  const path = join(folder, 'instances', 'main', group, String(index))
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'results.out'), text)
}

/** Writes a whole run folder below the system's temporary folder and returns its path. */
export async function wholeFolder (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'peerslab-analysis-'))
  await writeFile(join(folder, 'run.json'), JSON.stringify(runRecord()))
  await writeFile(join(folder, 'outcome.json'), JSON.stringify(outcomeRecord()))
  for (const index of regions.keys()) await writeInstance(folder, 'peers', index, peerRows(index))
  for (const index of [0, 1]) await writeInstance(folder, 'newcomers', index, newcomerRows(index))
  return folder
}

/** A member of an archive: a file with its text, or a link. */
export type ArchiveMember = { name: string, text: string } | { name: string, linkname: string }

/** The bytes of a .tgz. */
export async function archiveOf (members: readonly ArchiveMember[]): Promise<Buffer> {
  const pack = tar.pack()
  for (const member of members) {
    if ('text' in member) pack.entry({ name: member.name }, member.text)
    else pack.entry({ name: member.name, type: 'symlink', linkname: member.linkname })
  }
  pack.finalize()
  return gzipSync(await buffer(pack))
}

/** All files below a folder as members of an archive, with their paths from there. */
export async function membersOf (folder: string, before = ''): Promise<ArchiveMember[]> {
  const names = (await readdir(folder, { recursive: true })).sort()
  const members: ArchiveMember[] = []
  for (const name of names) {
    if ((await stat(join(folder, name))).isFile()) members.push({ name: before + name, text: await readFile(join(folder, name), 'utf8') })
  }
  return members
}

/** The events that an instance writes to run.out, as Testground's SDKs do. */
export function eventsOf (group: string, groupInstances: number, end: 'success_event' | 'failure_event' | undefined): string {
  const runenv = { plan: 'peersdb', case: 'replication', run: 'c7', group, group_instances: groupInstances, instances: 8, params: { sync: 'fast' } }
  const line = (event: object, seconds: number): string => `${JSON.stringify({ ts: 1795859065000000000 + 1e9 * seconds, message: '', group_id: group, run_id: 'c7', event })}\n`
  return line({ start_event: { runenv } }, 0) + (end === undefined ? '' : line({ [end]: { group, error: 'no' } }, 12))
}

/** What Testground collects of the run of `wholeFolder`: instances alone. */
export async function collectedMembers (end: (group: string, index: number) => 'success_event' | 'failure_event' | undefined): Promise<ArchiveMember[]> {
  const instances = [...regions.map((_, index) => ({ group: 'peers', index, text: peerRows(index) })), ...[0, 1].map((index) => ({ group: 'newcomers', index, text: newcomerRows(index) }))]
  return instances.flatMap(({ group, index, text }) => [
    { name: `c7/${group}/${index}/results.out`, text },
    { name: `c7/${group}/${index}/run.out`, text: eventsOf(group, group === 'peers' ? 6 : 2, end(group, index)) }
  ])
}
