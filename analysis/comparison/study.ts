import { stat } from 'node:fs/promises'
import { runsOf } from '../sources.ts'
import { valuesOfFacts } from './environment.ts'
import { StudyError } from './errors.ts'
import { reduceAll } from './reduce-all.ts'
import type { ReducedRun, StudyRun } from './reduce-run.ts'

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
 * Reads a study: a run folder, or a folder of run folders. Holds the rows of no more than one run for each core, as numbers.
 *
 * @throws StudyError where there is none, or its runs are of several cases, plans or runners
 * @throws RunFolderError for a run folder that a newer PeersLab wrote
 */
export async function readStudy (path: string, { onProgress, ...options }: StudyOptions = {}): Promise<Study> {
  const study: Study = { path, runs: [], leftOut: [], problems: [] }
  const onReduced = ({ rows, name }: ReducedRun): void => { onProgress?.(`Read ${rows} rows of ${name}.`) }
  for (const { name, run, unusable, problems } of await reduceAll(await runFoldersOf(path), { ...options, onReduced })) {
    if (run === undefined) study.leftOut.push(`Run ${name} is left out, for ${unusable}.`)
    else study.runs.push(run)
    study.problems.push(...problems)
  }
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
