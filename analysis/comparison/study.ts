import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { visitRunFolder } from '../read.ts'
import { plain } from '../rows.ts'
import { runsOf } from '../sources.ts'
import { factsOf, valuesOfFacts } from './environment.ts'
import { StudyError } from './errors.ts'
import { createReducer } from './reduce.ts'
import type { VisitedFolder } from '../read.ts'
import type { MetricRecord } from '../records.ts'
import type { Facts } from './environment.ts'
import type { Conditions, Series } from './reduce.ts'

/** One run folder, reduced: the unit of a comparison. */
export interface StudyRun {
  name: string
  seed: string
  startedAt: string
  facts: Facts
  metrics: readonly MetricRecord[]
  series: readonly Series[]
  conditions: Conditions
}

/** Runs of the same code on the same machine, as far as one can tell; ordered by their start. */
export interface Study {
  /** As it was given. */
  path: string
  runs: StudyRun[]
  /** Runs that say nothing, each with the reason, one sentence each. */
  leftOut: string[]
  /** What was wrong with parts of runs that were used, one sentence each. */
  problems: string[]
}

export interface StudyOptions {
  /** What runs are divided by: a tag, or group. */
  by?: string
  onProgress?: (sentence: string) => void
}

/**
 * Reads a study: a run folder, or a folder of run folders. Holds the rows of no more than one run, as numbers.
 *
 * @throws StudyError where there is none, or its runs are of several cases, plans or runners
 * @throws RunFolderError for a run folder that a newer PeersLab wrote
 */
export async function readStudy (path: string, options: StudyOptions = {}): Promise<Study> {
  const study: Study = { path, runs: [], leftOut: [], problems: [] }
  for (const folder of await runFoldersOf(path)) await addRun(study, folder, options)
  if (study.runs.length === 0) {
    const [why] = study.leftOut
    const more = study.leftOut.length > 1 ? ` (and ${study.leftOut.length - 1} more like it)` : ''
    throw new StudyError(`${path} has no run that can be compared: ${why ?? 'it is empty.'}${more}`)
  }
  study.runs.sort((a, b) => a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : a.name < b.name ? -1 : 1)
  for (const [fact, values] of valuesOfFacts(study.runs.map(({ facts }) => facts.identity))) {
    if (values.length > 1) throw new StudyError(`${path} mixes runs of ${fact} ${values.join(' and ')}: compare studies of one ${fact} each, and move the others to a folder of their own.`)
  }
  return study
}

async function runFoldersOf (path: string): Promise<string[]> {
  const runs = await runsOf(path).catch((err: NodeJS.ErrnoException) => {
    throw new StudyError(err.code === 'ENOENT'
      ? `There is no study ${path}: give a run folder, or a folder of run folders such as runs/quick.`
      : `The study ${path} cannot be read (${err.code ?? err.message}): check the path and its permissions.`)
  })
  if (runs.length > 0) return runs
  throw new StudyError((await stat(path)).isDirectory()
    ? `${path} is no study, for it holds no run folder: give a run folder, or a folder of run folders such as runs/quick.`
    : `${path} is a file and no study: give a run folder, an archive of one, or a folder of run folders such as runs/quick.`)
}

async function addRun (study: Study, folder: string, { by, onProgress }: StudyOptions): Promise<void> {
  const reducer = createReducer(by)
  let rows = 0
  const visited = await visitRunFolder(folder, (reading) => {
    rows++
    reducer.add(reading)
  })
  const name = plain(basename(visited.path))
  onProgress?.(`Read ${rows} rows of ${name}.`)
  const unusable = whyUnusable(visited, rows)
  if (unusable !== undefined) {
    study.leftOut.push(`Run ${name} is left out, for ${unusable}.`)
    return
  }
  const [problem] = visited.problems
  if (problem !== undefined) study.problems.push(`Run ${name}: ${problem}${visited.problems.length > 1 ? ` (and ${visited.problems.length - 1} more)` : ''}`)
  for (const [metric, count] of reducer.refused) {
    study.problems.push(`Run ${name}: ${count} rows of ${metric} have no value, or a time below zero, and are left out.`)
  }
  const { run } = visited
  study.runs.push({
    name, seed: String(run.seed ?? 'unknown'), startedAt: run.startedAt ?? '', facts: factsOf(run), metrics: run.metrics ?? [],
    series: reducer.series(), conditions: reducer.conditions()
  })
}

/** A run that did not pass measured something else than one that did; one that goes on is not at its end. */
function whyUnusable ({ run, outcome }: VisitedFolder, rows: number): string | undefined {
  if (outcome === undefined) return run.endedAt == null ? 'it is still being written, or was cut short' : 'it has no verdict'
  if (outcome.verdict !== 'pass') return `its verdict is ${outcome.verdict}${outcome.reason === undefined ? '' : ` (${outcome.reason})`}`
  return rows === 0 ? 'it has no rows' : undefined
}
