import { basename } from 'node:path'
import { visitRunFolder } from '../read.ts'
import { plain } from '../rows.ts'
import { factsOf } from './environment.ts'
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

/** What was read of a run folder, as plain data that a thread can hand over. */
export interface ReducedRun {
  name: string
  rows: number
  /** Undefined where the run says nothing. */
  run?: StudyRun
  /** Why it says nothing. */
  unusable?: string
  /** What was wrong with parts of it, one sentence each. */
  problems: string[]
}

/** Which run folder is reduced, and by what its rows are divided: a tag, or group. */
export interface ReduceTask {
  folder: string
  by?: string | undefined
}

/**
 * Reads a run folder and keeps one value for each metric and part.
 *
 * @throws RunFolderError | ArchiveError where it cannot be read
 */
export async function reduceRun ({ folder, by }: ReduceTask): Promise<ReducedRun> {
  const reducer = createReducer(by)
  let rows = 0
  const visited = await visitRunFolder(folder, (reading) => {
    rows++
    reducer.add(reading)
  })
  const name = plain(basename(visited.path))
  const unusable = whyUnusable(visited, rows)
  if (unusable !== undefined) return { name, rows, unusable, problems: [] }
  const [problem, ...more] = visited.problems
  const problems = problem === undefined ? [] : [`Run ${name}: ${problem}${more.length > 0 ? ` (and ${more.length} more)` : ''}`]
  for (const [metric, count] of reducer.refused) {
    problems.push(`Run ${name}: ${count} rows of ${metric} have no value, or a time below zero, and are left out.`)
  }
  const { run } = visited
  return {
    name,
    rows,
    run: {
      name, seed: String(run.seed ?? 'unknown'), startedAt: run.startedAt ?? '', facts: factsOf(run), metrics: run.metrics ?? [],
      series: reducer.series(), conditions: reducer.conditions()
    },
    problems
  }
}

/** A run that did not pass measured something else than one that did; one that goes on is not at its end. */
function whyUnusable ({ run, outcome }: VisitedFolder, rows: number): string | undefined {
  if (outcome === undefined) return run.endedAt == null ? 'it is still being written, or was cut short' : 'it has no verdict'
  if (outcome.verdict !== 'pass') return `its verdict is ${outcome.verdict}${outcome.reason === undefined ? '' : ` (${outcome.reason})`}`
  return rows === 0 ? 'it has no rows' : undefined
}
