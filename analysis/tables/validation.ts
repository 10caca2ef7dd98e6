import { groupBy } from '../rows.ts'
import { sortSamples, summarise } from '../statistics/index.ts'
import { samplesOf } from '../samples.ts'
import { columnsOf } from '../table.ts'
import { formatNumber } from '../units.ts'
import type { Row } from '../rows.ts'
import type { Table } from '../table.ts'

/** The metrics that this table shows beside each other. */
export const validationMetrics = ['false_accept_rate', 'false_reject_rate', 'undecided_rate', 'validation_messages', 'validations_computed', 'verdict_ms']

/** One line for each run and strategy: how often peers decided wrongly, how long a verdict took, and what it cost. */
export function validationTable (rows: readonly Row[]): Table {
  const own = rows.filter(({ metric }) => validationMetrics.includes(metric))
  const runs = [...groupBy(own, ({ run, tags }) => JSON.stringify([run, tags.strategy ?? '-']))]
  return {
    name: 'validation',
    title: 'Validation, by run and strategy',
    note: 'Rates are means over the peers that decide: of the flawed contributions those accepted, of the sound ones those rejected, of all those ' +
      'left undecided. Messages and looks are those of one such peer for each contribution, and the looks of one that votes (lower is better).',
    columns: columnsOf(['run', 'strategy'], ['false accepts', 'false rejects', 'undecided', 'verdict ms', 'p95', 'messages', 'looks', 'voter\'s looks']),
    rows: runs.map(([key, part]) => [...JSON.parse(key) as string[], ...cellsOf(part)])
  }
}

function cellsOf (part: readonly Row[]): string[] {
  const values = (metric: string, valueOf: (row: Row) => number | undefined, isTaken: (row: Row) => boolean = () => true): string => {
    const found = part.filter((row) => row.metric === metric && isTaken(row)).flatMap((row) => valueOf(row) ?? [])
    return found.length === 0 ? '-' : formatNumber(found.reduce((sum, value) => sum + value, 0) / found.length)
  }
  const rate = (metric: string): string => values(metric, ({ measures }) => measures.value)
  const each = ({ measures: { value, contributions } }: Row): number | undefined =>
    value == null || contributions == null || contributions === 0 ? undefined : value / contributions
  const { samples } = samplesOf(part.filter(({ metric }) => metric === 'verdict_ms'))
  const times = samples.length === 0 ? undefined : summarise(sortSamples(samples))
  return [
    rate('false_accept_rate'), rate('false_reject_rate'), rate('undecided_rate'),
    times == null ? '-' : formatNumber(times.median.value), times == null ? '-' : formatNumber(times.p95.value),
    values('validation_messages', each), values('validations_computed', each, ({ tags }) => tags.role === 'asker'),
    values('validations_computed', each, ({ tags }) => tags.role === 'voter')
  ]
}
