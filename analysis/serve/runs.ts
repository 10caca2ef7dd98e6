import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { parseOutcomeRecord, parseRunRecord } from '../records.ts'
import { isRunFolder } from '../sources.ts'
import type { OutcomeRecord, RunRecord } from '../records.ts'

/** How deep run folders lie below what is served: runs/<composition>/<run>, and one more for a folder of such. */
const depthMax = 3
/** More runs than this are no folder that a person looks through. */
const runsMax = 5_000
/** A run that has written nothing for so long, and has not ended, was cut short. */
const silentMs = 120_000

export interface ServedRun {
  /** Path below the served folder, with "/" between its parts; empty where that is a run folder itself. */
  name: string
  path: string
  run: RunRecord
  outcome: OutcomeRecord | undefined
  state: 'going on' | 'ended' | 'cut short'
}

/** All run folders at and below a folder, those that started last first. Symbolic links are not followed. */
export async function listRuns (root: string): Promise<ServedRun[]> {
  const paths: string[] = []
  await collect(root, 0, paths)
  const runs = await Promise.all(paths.map((path) => readServedRun(root, path)))
  return runs.sort((a, b) => startOf(a) < startOf(b) ? 1 : -1)
}

/** The run folder of this name; undefined where the served folder has none. No part of the name is taken for a way out of it. */
export async function findRun (root: string, name: string): Promise<ServedRun | undefined> {
  const paths: string[] = []
  await collect(root, 0, paths)
  const path = paths.find((each) => nameOf(root, each) === name)
  return path === undefined ? undefined : await readServedRun(root, path)
}

async function collect (path: string, depth: number, found: string[]): Promise<void> {
  if (found.length >= runsMax) return
  if (await isRunFolder(path).catch(() => false)) {
    found.push(path)
    return
  }
  if (depth === depthMax) return
  // A folder that vanishes meanwhile, or cannot be read, has nothing to show.
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await collect(join(path, entry.name), depth + 1, found)
}

/** What there is of a run at this moment. */
export async function readServedRun (root: string, path: string): Promise<ServedRun> {
  const [record, outcomeText] = await Promise.all(['run.json', 'outcome.json'].map((file) => readFile(join(path, file), 'utf8').catch(() => undefined)))
  const run = record === undefined ? {} : parseRunRecord(record).value
  const outcome = outcomeText === undefined ? undefined : parseOutcomeRecord(outcomeText).value
  const hasEnded = outcome !== undefined || run.endedAt != null
  const state = hasEnded ? 'ended' : Date.now() - await lastWriteMs(path) < silentMs ? 'going on' : 'cut short'
  return { name: nameOf(root, path), path, run, outcome, state }
}

/** When anything of a run was last written, in ms since 1970. */
async function lastWriteMs (path: string): Promise<number> {
  const files = await readdir(join(path, 'instances'), { recursive: true }).catch(() => [])
  let last = 0
  for (const file of ['../run.json', ...files]) {
    const info = await lstat(join(path, 'instances', file)).catch(() => undefined)
    last = Math.max(last, info?.mtimeMs ?? 0)
  }
  return last
}

function nameOf (root: string, path: string): string {
  return relative(root, path).split(sep).join('/')
}

function startOf ({ run, name }: ServedRun): string {
  return `${run.startedAt ?? ''} ${name}`
}
