import type { Row } from '../rows.ts'
import { groupBy, instanceKey } from '../rows.ts'
import { samplesOf } from '../samples.ts'
import { summarise } from '../statistics/index.ts'
import type { Table } from '../table.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import { formatEstimate, formatNumber } from '../units.ts'

/** The metrics of the table of resources. */
export const resourceMetrics = [
  'start_ms', 'idle_rss_bytes', 'rss_bytes', 'cpu_ms', 'cpu_percent', 'event_loop_delay_ms', 'bytes_sent', 'bytes_received', 'redundancy', 'converged'
]

/**
 * What the instances used, by region (and run, where there are several); counters are read as running
 * totals, the largest per instance counts.
 */
export function resourceTable (rows: readonly Row[]): Table {
  const wanted = rows.filter((row) => resourceMetrics.includes(row.metric))
  const several = new Set(wanted.map((row) => row.run)).size > 1
  const groups = groupBy(wanted, (row) => JSON.stringify([...(several ? [row.run] : []), row.tags.region ?? '-']))
  return withoutEmptyColumns({
    name: 'resources',
    title: 'Resources, by region',
    note: 'n instances: longest start, peak memory, total CPU time and bytes, p95 of the machine\'s CPU and of loop delay.',
    columns: columnsOf([...(several ? ['run'] : []), 'region'], ['n', 'start s', 'idle MB', 'RSS MB', 'CPU s', 'CPU %', 'delay ms', 'sent MB', 'recv MB', 'redundancy', 'converged']),
    rows: [...groups.keys()].sort().map((key) => [...JSON.parse(key) as string[], ...cellsOf(groups.get(key) ?? [])])
  })
}

function cellsOf (rows: readonly Row[]): string[] {
  const own = groupBy(rows, (row) => row.metric)
  const total = (metric: string, divisor: number): string => {
    const counters = groupBy(own.get(metric) ?? [], (row) => instanceKey(row) + JSON.stringify(row.tags))
    const totals = [...counters.values()].map((part) => part.reduce((most, row) => Math.max(most, row.measures.value ?? 0), 0))
    return totals.length === 0 ? '-' : formatNumber(totals.reduce((sum, value) => sum + value, 0) / divisor)
  }
  const spread = (metric: string, divisor: number, p: 'median' | 'p95' | 'max'): string => {
    const { samples } = samplesOf(own.get(metric) ?? [])
    return samples.length === 0 ? '-' : formatEstimate(summarise(samples)[p], { unit: '', divisor })
  }
  const last = [...groupBy(own.get('converged') ?? [], instanceKey).values()]
    .flatMap((part) => part.reduce((late, row) => row.ts >= late.ts ? row : late).measures.value ?? [])
  return [
    String(new Set(rows.map(instanceKey)).size),
    spread('start_ms', 1000, 'max'), spread('idle_rss_bytes', 1e6, 'max'), spread('rss_bytes', 1e6, 'max'),
    total('cpu_ms', 1000), spread('cpu_percent', 1, 'p95'), spread('event_loop_delay_ms', 1, 'p95'),
    total('bytes_sent', 1e6), total('bytes_received', 1e6), spread('redundancy', 1, 'median'),
    last.length === 0 ? '-' : formatNumber(Math.min(...last))
  ]
}
