import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { undefinedWhereAbsent } from '../absent.ts'
import { isArchiveName } from '../archive.ts'
import { sourceOf } from '../describe.ts'
import { visitRunFolder } from '../read.ts'
import { tagOf } from '../readings.ts'
import { plain } from '../rows.ts'
import { PaperError } from '../errors.ts'
import type { SizePoint } from '../figures/bootstrapping-size.ts'
import type { PeerReplication } from '../figures/replication-prototype.ts'
import type { Reading } from '../readings.ts'
import type { RunRecord } from '../records.ts'

/** What one run says of the paper's two experiments. */
export interface PaperRun {
  name: string
  composition: string
  case: string
  /** "runner sim · fidelity bandwidth · seed 1 · network gcp-six-regions", its parts apart. */
  source: ReadonlyMap<string, string>
  regions: readonly string[]
  commit: string
  /** How many entries a newcomer had to fetch, or the largest number that a peer received; 0 where nothing is known. */
  entries: number
  replication: PeerReplication[]
  bootstrapping: SizePoint[]
}

export interface PaperStudy {
  runs: PaperRun[]
  /** Runs that say nothing, one sentence each. */
  leftOut: string[]
}

/** Folders within folders that are looked through: a folder of runs has one folder for each composition. */
const depthMax = 2

/**
 * Reads all runs of a study: a run folder, a folder of them, or a folder of such folders such as `runs`.
 *
 * @throws PaperError where there is none
 */
export async function readPaperStudy (path: string, onProgress: (sentence: string) => void): Promise<PaperStudy> {
  const info = await stat(path).catch(undefinedWhereAbsent)
  if (info === undefined) throw new PaperError(`There is no study ${path}: give a run folder, a folder of run folders, or runs itself.`)
  const folders = info.isDirectory() ? await runsBelow(path, depthMax) : isArchiveName(path) ? [path] : []
  const study: PaperStudy = { runs: [], leftOut: [] }
  for (const folder of folders) {
    const read = await readRun(folder)
    if (typeof read === 'string') study.leftOut.push(`Run ${plain(basename(folder))} is left out, for ${read}.`)
    else study.runs.push(read)
    onProgress(`Read ${plain(basename(folder))}.`)
  }
  if (study.runs.length === 0) {
    const [why] = study.leftOut
    throw new PaperError(`${path} has no run that a paper can show: ${why ?? 'it holds no run folder. Give a run folder, or a folder of them such as runs.'}`)
  }
  return study
}

async function runsBelow (path: string, depth: number): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true })
  if (entries.some(({ name }) => name === 'run.json' || name === 'instances')) return [path]
  if (depth === 0) return []
  // Symbolic links, such as latest, name what is there anyway, or lead elsewhere.
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name)).sort()
  const found: string[] = []
  for (const folder of folders) found.push(...await runsBelow(folder, depth - 1))
  return found
}

async function readRun (folder: string): Promise<PaperRun | string> {
  const reducer = createPaperReducer(plain(basename(folder)))
  const { run, outcome } = await visitRunFolder(folder, (reading) => { reducer.add(reading) })
  if (outcome === undefined) return 'it has no verdict: it still goes on, or was cut short'
  if (outcome.verdict !== 'pass') return `its verdict is ${outcome.verdict}`
  return {
    name: plain(basename(folder)), composition: compositionOf(run), case: run.case ?? 'unknown', source: sourceOf(run),
    regions: run.network?.regions ?? [], commit: run.commit ?? 'unknown', ...reducer.result()
  }
}

function compositionOf ({ composition }: RunRecord): string {
  const metadata = composition?.metadata
  const name = typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : undefined
  return typeof name === 'string' ? plain(name) : 'unknown'
}

interface Sum {
  region: string
  sumMs: number
  minMs: number
  n: number
  ranOut: number
}

/** Keeps of millions of rows one sum for each peer, and one point for each newcomer. */
export function createPaperReducer (run: string): { add: (reading: Reading) => void, result: () => Pick<PaperRun, 'entries' | 'replication' | 'bootstrapping'> } {
  const peers = new Map<string, Sum>()
  const bootstrapping: SizePoint[] = []
  let entries = 0
  return {
    add: (reading) => {
      const { metric, value, censored, group, index } = reading
      if (!(value >= 0)) return
      const instance = `${reading.run}/${group}/${index}`
      if (metric === 'replication_entry_ms') {
        const sum = peers.get(instance) ?? { region: tagOf(reading, 'region') ?? '-', sumMs: 0, minMs: Infinity, n: 0, ranOut: 0 }
        peers.set(instance, sum)
        sum.sumMs += value
        sum.minMs = Math.min(sum.minMs, value)
        sum.n++
        entries = Math.max(entries, sum.n)
        if (censored) sum.ranOut++
      }
      if (metric !== 'bootstrap_log_ms' && metric !== 'bootstrap_files_ms') return
      const peersBefore = Number(tagOf(reading, 'peers_before') ?? NaN)
      if (!Number.isInteger(peersBefore)) return
      entries = Math.max(entries, Number(tagOf(reading, 'entries') ?? 0))
      const what = metric === 'bootstrap_log_ms' ? 'log' : 'files'
      bootstrapping.push({ what, run, newcomer: instance, region: tagOf(reading, 'region') ?? '-', peersBefore, seconds: value / 1000, ranOut: censored })
    },
    result: () => ({
      entries,
      replication: [...peers].map(([peer, { region, sumMs, minMs, n, ranOut }]) =>
        ({ run, region, peer, meanMs: sumMs / n, minMs, isBound: ranOut > 0 })),
      bootstrapping
    })
  }
}
