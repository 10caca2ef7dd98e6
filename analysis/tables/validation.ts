import { groupBy } from '../rows.ts'
import { sortSamples, summarise } from '../statistics/index.ts'
import { samplesOf } from '../samples.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import { formatEstimate } from '../units.ts'
import { instancesForInterval, meanCells, quantileCell } from './interval.ts'
import type { Row } from '../rows.ts'
import type { Table } from '../table.ts'

const ofDecisions = ['false_accept_rate', 'false_reject_rate', 'undecided_rate']
const ofCost = ['verdict_ms', 'validation_messages', 'validations_computed']
/** The metrics of the two tables. */
export const validationMetrics = [...ofDecisions, ...ofCost]

const intervalNote = `In brackets: 95 % intervals, of means by bootstrap over peers (from ${instancesForInterval} on), of quantiles if rows were independent.`

/** One line for each run and strategy: how often peers decided wrongly. */
export function validationTable (rows: readonly Row[]): Table {
  return byStrategy(rows.filter(({ metric }) => ofDecisions.includes(metric)), {
    name: 'validation',
    title: 'Validation, by run and strategy',
    note: 'Means over the peers that decide: of the flawed contributions those accepted, of the sound ones those rejected, of all those left ' +
      `undecided (lower is better). ${intervalNote}`,
    numbers: ['false accepts', 'interval', 'false rejects', 'rejects interval', 'undecided', 'undecided interval'],
    cells: (part) => ofDecisions.flatMap((metric) => meanCells(metricOf(part, metric), ({ measures }) => measures.value))
  })
}

/** What the same decisions cost. */
export function validationCostTable (rows: readonly Row[]): Table {
  const each = ({ measures: { value, contributions } }: Row): number | undefined =>
    value == null || contributions == null || contributions === 0 ? undefined : value / contributions
  return byStrategy(rows.filter(({ metric }) => ofCost.includes(metric)), {
    name: 'validation-cost',
    title: 'Cost of validation, by run and strategy',
    note: 'How long a verdict took, in ms; messages and looks of one peer that decides, and looks of one that votes, for each contribution ' +
      `(lower is better). ${intervalNote}`,
    numbers: ['verdict ms', 'interval', 'p95', 'p95 interval', 'messages', 'messages interval', 'looks', 'looks interval', 'voter\'s looks', 'voter\'s interval'],
    cells: (part) => {
      const looksOf = (role: string): Row[] => metricOf(part, 'validations_computed').filter(({ tags }) => tags.role === role)
      return [
        ...timesOf(metricOf(part, 'verdict_ms')), ...meanCells(metricOf(part, 'validation_messages'), each),
        ...meanCells(looksOf('asker'), each), ...meanCells(looksOf('voter'), each)
      ]
    }
  })
}

interface Parts extends Pick<Table, 'title' | 'note'> {
  name: string
  numbers: readonly string[]
  /** The cells of a run and strategy. */
  cells: (part: readonly Row[]) => string[]
}

function byStrategy (rows: readonly Row[], { numbers, cells, ...table }: Parts): Table {
  const runs = [...groupBy(rows, ({ run, tags }) => JSON.stringify([run, tags.strategy ?? '-']))]
  return withoutEmptyColumns({
    ...table,
    columns: columnsOf(['run', 'strategy'], numbers),
    rows: runs.map(([key, part]) => [...JSON.parse(key) as string[], ...cells(part)])
  })
}

function metricOf (part: readonly Row[], metric: string): Row[] {
  return part.filter((row) => row.metric === metric)
}

function timesOf (rows: readonly Row[]): string[] {
  const samples = sortSamples(samplesOf(rows).samples)
  if (samples.length === 0) return ['-', '-', '-', '-']
  const scale = { unit: '', divisor: 1 }
  const { median, p95 } = summarise(samples)
  return [formatEstimate(median, scale), quantileCell(samples, 0.5, scale), formatEstimate(p95, scale), quantileCell(samples, 0.95, scale)]
}
