import { basename } from 'node:path'
import { createColumn } from './column.ts'
import { StudyError } from './comparison/errors.ts'
import { readRunRecord, visitRunFolder } from './read.ts'
import { plain } from './rows.ts'
import { commonKeys, createFilter, createKeys, parametersOf, SelectionError } from './select.ts'
import { runsOf } from './sources.ts'
import { columnsOf } from './table.ts'
import { formatEstimate, scaleFor, unitOf } from './units.ts'
import type { Column, RunValue } from './column.ts'
import type { MetricRecord, RunRecord } from './records.ts'
import type { Reading } from './readings.ts'
import type { Condition, ValueOf } from './select.ts'
import type { Table } from './table.ts'

/** Which rows, and what of them. */
export interface Selection {
  where?: readonly Condition[]
  /** Keys whose values each row is passed on with. */
  keys?: readonly string[]
  onProgress?: (sentence: string) => void
}

/** A row that was chosen, with the values of the keys that were asked for; undefined where it has none. */
export interface SelectedRow {
  reading: Reading
  values: ReadonlyArray<string | undefined>
}

/** What was gone through to choose rows. */
export interface Selected {
  /** Run folders and archives that were read. */
  runs: RunRecord[]
  rows: number
  chosen: number
  /** Lines that are no rows. */
  unparsed: number
  /** What is wrong with the runs, or cannot be known of them, one sentence each. */
  problems: string[]
  /** Every key that the rows have, but for `commonKeys`. */
  otherKeys: string[]
}

/**
 * Goes through all rows of a run folder, an archive or a folder of them, as a stream, and passes those on that are wanted.
 *
 * @throws StudyError where there are no runs
 * @throws RunFolderError | ArchiveError where one cannot be read
 */
export async function selectRows (path: string, selection: Selection, onRow: (row: SelectedRow) => void): Promise<Selected> {
  const { where = [], keys = [], onProgress } = selection
  const folders = await runsOf(path).catch((error: NodeJS.ErrnoException) => {
    throw new StudyError(`${path} cannot be read (${error.code === 'ENOENT' ? 'it is not there' : error.message}): give a run folder, an archive of one, or a folder of them such as runs/quick.`)
  })
  if (folders.length === 0) throw new StudyError(`${path} holds no run folder: give a run folder, an archive of one, or a folder of them such as runs/quick.`)
  const selected: Selected = { runs: [], rows: 0, chosen: 0, unparsed: 0, problems: [], otherKeys: [] }
  const others = new Set<string>()
  const tagged = new Set<string>()
  for (const folder of folders) {
    const run = await readRunRecord(folder)
    const find = createKeys(run, folder)
    const isWanted = createFilter(where, find)
    const columns: ValueOf[] = keys.map(find)
    const { problems, notes, unparsed } = await visitRunFolder(folder, (reading) => {
      selected.rows++
      if (!tagged.has(reading.metric)) {
        tagged.add(reading.metric)
        for (const pair of reading.tags.split(',').slice(1)) others.add(pair.slice(0, pair.indexOf('=')))
      }
      if (!isWanted(reading)) return
      selected.chosen++
      const values: Array<string | undefined> = []
      for (const valueOf of columns) values.push(valueOf(reading))
      onRow({ reading, values })
    })
    selected.runs.push(run)
    selected.unparsed += unparsed
    const named = folders.length === 1 ? '' : `${plain(basename(folder))}: `
    selected.problems.push(...[...problems, ...notes].map((sentence) => `${named}${sentence}`))
    for (const name of parametersOf(run)) others.add(name)
    onProgress?.(`Read ${selected.rows} rows of ${selected.runs.length} of ${folders.length} runs.`)
  }
  return { ...selected, otherKeys: [...others].sort() }
}

/** The rows of one metric that agree in the keys that were asked for. */
export interface Group {
  metric: string
  unit: string
  /** One for each key. */
  values: string[]
  /** Run folders that rows come from. */
  runs: number
  n: number
  /** Waits that ran out; what they reach is a lower bound. */
  censored: number
  median: RunValue
  p95: RunValue
  max: RunValue
}

export interface Answer extends Omit<Selected, 'runs'> {
  /** False where something is missing of the runs, or is broken. */
  complete: boolean
  groups: Group[]
  warnings: string[]
}

interface Gathered {
  metric: string
  values: string[]
  column: Column
  runs: Set<string>
}

/** By metric, then by the value of each key, down to what was gathered. */
type Branches = Map<string, Branches | Gathered>

function branchOf (branches: Branches, value: string): Branches {
  let branch = branches.get(value) as Branches | undefined
  if (branch === undefined) branches.set(value, branch = new Map())
  return branch
}

/**
 * Divides the rows that are chosen by the values of keys, and sums each part up: count, median, 95th percentile, maximum.
 *
 * @throws SelectionError for a key that no row has
 * @throws as `selectRows`
 */
export async function query (path: string, by: readonly string[], selection: Selection = {}): Promise<Answer> {
  const parts: Gathered[] = []
  const byMetric: Branches = new Map()
  const refused = new Map<string, number>()
  const selected = await selectRows(path, { ...selection, keys: [...by, 'folder'] }, ({ reading, values }) => {
    const { metric, value, censored } = reading
    if (Number.isNaN(value) || (value < 0 && metric.endsWith('_ms'))) {
      refused.set(metric, (refused.get(metric) ?? 0) + 1)
      return
    }
    // A map for each key costs less than one string of all, which would be made anew for each of millions of rows.
    let branches = byMetric
    for (let column = 0; column < by.length; column++) branches = branchOf(branches, column === 0 ? metric : values[column - 1] ?? '-')
    const last = by.length === 0 ? metric : values[by.length - 1] ?? '-'
    let part = branches.get(last) as Gathered | undefined
    if (part === undefined) {
      part = { metric, values: by.map((_, column) => plain(values[column] ?? '-')), column: createColumn(), runs: new Set() }
      branches.set(last, part)
      parts.push(part)
    }
    part.column.add(value, censored)
    part.runs.add(values[by.length] ?? '')
  })
  const { runs, ...rest } = selected
  const asked = [...by, ...(selection.where ?? []).map(({ key }) => key)]
  const strange = asked.find((key) => !(commonKeys as readonly string[]).includes(key) && !rest.otherKeys.includes(key))
  if (strange !== undefined && rest.rows > 0) {
    throw new SelectionError(`No row has the key "${plain(strange)}": use one of ${[...commonKeys, ...rest.otherKeys].join(', ')}.`)
  }
  const described = runs.flatMap(({ metrics = [] }) => metrics)
  const leftOut = [...refused].map(([metric, count]) => `${count} rows of ${metric} have no value, or a time below zero, and are left out.`)
  return {
    ...rest,
    complete: rest.unparsed === 0 && rest.problems.length === 0,
    groups: parts.map((part) => groupOf(part, described)).sort(byName),
    warnings: [...rest.problems, ...mixed(runs, by), ...leftOut]
  }
}

/** Runs that measure different things, as one number. */
function mixed (runs: readonly RunRecord[], by: readonly string[]): string[] {
  const facts = {
    case: runs.map((run) => run.case), runner: runs.map(({ runner }) => runner), network: runs.map(({ network }) => network?.name)
  }
  return Object.entries(facts).flatMap(([fact, values]) => {
    const different = [...new Set(values.map((value) => value ?? 'unknown'))]
    if (different.length < 2 || by.includes(fact) || by.includes('folder')) return []
    return [`Rows of several values of ${fact} (${different.map(plain).join(', ')}) are in one line: add --by ${fact} to keep them apart.`]
  })
}

function groupOf ({ metric, values, column, runs }: Gathered, described: readonly MetricRecord[]): Group {
  const [median, p95, max] = column.quantiles([0.5, 0.95, 1]) as [RunValue, RunValue, RunValue]
  const counts = { runs: runs.size, n: column.rows, censored: column.censored }
  return { metric, unit: unitOf(metric, described), values, ...counts, median, p95, max }
}

function byName (a: Group, b: Group): number {
  const [left, right] = [[a.metric, ...a.values], [b.metric, ...b.values]]
  const at = left.findIndex((word, index) => word !== right[index])
  return at === -1 ? 0 : (left[at] ?? '').localeCompare(right[at] ?? '', 'en', { numeric: true })
}

/** The answer as one table for each metric. */
export function answerTables ({ groups }: Answer, by: readonly string[]): Table[] {
  const metrics = [...new Set(groups.map(({ metric }) => metric))]
  return metrics.map((metric) => {
    const own = groups.filter((group) => group.metric === metric)
    const scale = scaleFor(own[0]?.unit ?? '', own.reduce((largest, { max }) => Math.max(largest, max.value), 0))
    return {
      title: `${metric}${scale.unit === '' ? '' : `, in ${scale.unit}`}${by.length === 0 ? '' : `, by ${by.join(' and ')}`}`,
      note: '',
      columns: columnsOf(by, ['runs', 'n', 'median', 'p95', 'max', 'ran out']),
      rows: own.map(({ values, runs, n, median, p95, max, censored }) => {
        const statistics = [median, p95, max].map((estimate) => formatEstimate(estimate, scale))
        return [...values, String(runs), String(n), ...statistics, String(censored)]
      })
    }
  })
}
