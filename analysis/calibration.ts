import { plain } from './rows.ts'
import { readRunFolder } from './read.ts'
import { medianInterval } from './statistics/index.ts'
import { tableText } from './table.ts'
import { calibrationTable } from './tables/calibration.ts'
import { judge } from './tolerance.ts'
import { unitOf } from './units.ts'
import { conditionsOf, valuesOf } from './run-values.ts'
import type { MedianInterval } from './statistics/index.ts'
import type { Tolerance } from './tolerance.ts'
import type { Conditions } from './run-values.ts'

/** How one and the same composition was carried out: in virtual time, in virtual time bound to the real one, with processes. */
export const modes = ['sim', 'paced', 'local'] as const
export type Mode = typeof modes[number]

/** A run folder of a calibration. Folders of the same repeat ran with the same seed. */
export interface CalibrationFolder {
  mode: Mode
  repeat: number
  folder: string
}

/** One metric of one run of the composition, over the repeats. The unit is the run: each repeat gives one value. */
export interface Comparison {
  run: string
  metric: string
  unit: string
  values: Record<Mode, MedianInterval>
  /** What the simulation gave less what local gave, and the one over the other, repeat by repeat. */
  difference: MedianInterval
  ratio: MedianInterval
  /** Absent for a metric that has none. */
  tolerance?: Tolerance
}

export interface Calibration {
  verdict: 'pass' | 'fail' | 'unknown'
  reason: string
  comparisons: Comparison[]
  /** How busy the machine was while local ran, by run of the composition. */
  conditions: Record<string, Conditions>
  /** What a reader must know before believing the numbers, one sentence each. */
  warnings: string[]
  /** All of this as text. */
  text: string
}

/** The values of one repeat, by mode. */
type Repeat = Partial<Record<Mode, ReadonlyMap<string, number>>>

/** What was read of one run of the composition. */
interface Gathered {
  repeats: Map<number, Repeat>
  conditions: Conditions[]
}

/**
 * Compares what the same composition and seeds gave in simulations and with processes. The unit is the run: a run
 * gives the median of its times, and the sum of its bytes; over the repeats stand the median of these and its interval.
 *
 * @throws RunFolderError for a folder that is none
 */
export async function calibrate (folders: readonly CalibrationFolder[]): Promise<Calibration> {
  const warnings: string[] = []
  const runs = new Map<string, Gathered>()
  for (const folder of folders) await gather(folder, runs, warnings)
  const conditions: Record<string, Conditions> = {}
  const comparisons: Comparison[] = []
  for (const [run, { repeats, conditions: each }] of runs) {
    const busy = each.length === 0 ? {} : { cpuPercent: middleOf(each, 'cpuPercent'), loopDelayMs: middleOf(each, 'loopDelayMs') }
    conditions[run] = busy
    comparisons.push(...compare(run, [...repeats.values()], busy))
  }
  warnings.push(...tooFew(comparisons))
  const { verdict, reason } = conclude(comparisons, warnings)
  const tables = [...runs.keys()].map((run) =>
    tableText(calibrationTable(run, comparisons.filter((each) => each.run === run), conditions[run] ?? {})))
  const notes = warnings.map((sentence, index) => `  ${index + 1}. ${sentence}`)
  const text = [...tables.flatMap((table) => [table, '']), ...(notes.length === 0 ? [] : ['Warnings', ...notes, ''])].join('\n')
  return { verdict, reason, comparisons, conditions, warnings, text }
}

async function gather ({ mode, repeat, folder }: CalibrationFolder, runs: Map<string, Gathered>, warnings: string[]): Promise<void> {
  const { rows, outcome, run: record } = await readRunFolder(folder)
  for (const { id } of record.runs ?? []) {
    const gathered = runs.get(id) ?? { repeats: new Map<number, Repeat>(), conditions: [] }
    runs.set(id, gathered)
    const verdict = outcome?.runs?.find((each) => each.id === id)?.verdict
    if (verdict !== 'pass') {
      warnings.push(`Run ${plain(id)} of repeat ${repeat} did not pass with ${mode} (${verdict ?? 'it has no verdict'}), and is left out: see ${folder}.`)
      continue
    }
    const own = rows.filter((row) => row.run === id)
    const { values, bounds } = valuesOf(own)
    if (bounds.length > 0) warnings.push(`Run ${plain(id)} of repeat ${repeat} with ${mode}: the median of ${bounds.join(', ')} is a wait that ran out, and is left out.`)
    gathered.repeats.set(repeat, { ...gathered.repeats.get(repeat), [mode]: values })
    if (mode === 'local') gathered.conditions.push(conditionsOf(own))
  }
}

/** The metrics that all modes recorded, from those repeats in which they all did. */
function compare (run: string, repeats: readonly Repeat[], conditions: Conditions): Comparison[] {
  const metrics = new Set(repeats.flatMap((repeat) => [...repeat.local?.keys() ?? []]))
  return [...metrics].flatMap((metric) => {
    const complete = repeats.flatMap((repeat) => {
      const [sim, paced, local] = modes.map((mode) => repeat[mode]?.get(metric))
      return sim === undefined || paced === undefined || local === undefined ? [] : [{ sim, paced, local }]
    })
    if (complete.length === 0) return []
    const over = (value: (repeat: Record<Mode, number>) => number): MedianInterval => medianInterval(complete.map(value))
    const values = { sim: over(({ sim }) => sim), paced: over(({ paced }) => paced), local: over(({ local }) => local) }
    const difference = over(({ sim, local }) => sim - local)
    const ratio = over(({ sim, local }) => local === 0 ? (sim === 0 ? 1 : Infinity) : sim / local)
    const found = { localMedian: values.local.median, difference: difference.median, ratio: ratio.median }
    const tolerance = judge(metric, found, conditions)
    return [{ run, metric, unit: unitOf(metric), values, difference, ratio, ...(tolerance === undefined ? {} : { tolerance }) }]
  })
}

function middleOf (conditions: readonly Conditions[], field: keyof Conditions): number | undefined {
  const known = conditions.flatMap((each) => each[field] ?? [])
  return known.length === 0 ? undefined : medianInterval(known).median
}

function tooFew (comparisons: readonly Comparison[]): string[] {
  const [least] = comparisons.map(({ difference }) => difference).sort((a, b) => a.n - b.n)
  return least === undefined || least.coverage >= 0.95
    ? []
    : [`An interval of 95 % needs 6 repeats, and this calibration has ${least.n}: what stands in brackets are the least and the largest value.`]
}

/** A broken tolerance is a fail; what could not be compared, or did not pass, leaves it unknown. */
function conclude (comparisons: readonly Comparison[], warnings: readonly string[]): Pick<Calibration, 'verdict' | 'reason'> {
  const judged = comparisons.filter(({ tolerance }) => tolerance !== undefined)
  const first = (holds: Tolerance['holds']): Comparison | undefined => judged.find(({ tolerance }) => tolerance?.holds === holds)
  const broken = first('no')
  const doubtful = first('not comparable')
  const lost = warnings.find((sentence) => sentence.startsWith('Run '))
  if (broken !== undefined) return { verdict: 'fail', reason: `${broken.run}, ${broken.metric}: ${broken.tolerance?.reason}` }
  if (doubtful !== undefined) return { verdict: 'unknown', reason: `${doubtful.run}, ${doubtful.metric}: ${doubtful.tolerance?.reason}` }
  if (lost !== undefined) return { verdict: 'unknown', reason: lost }
  if (judged.length === 0) return { verdict: 'unknown', reason: 'no metric that has a tolerance was recorded by sim, paced and local alike' }
  return { verdict: 'pass', reason: `all ${judged.length} tolerances hold` }
}
