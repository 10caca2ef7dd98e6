import type { Row } from '../rows.ts'
import { groupBy, instanceKey } from '../rows.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import type { Table } from '../table.ts'
import { instancesForInterval, meanCells } from './interval.ts'

/** What a contribution costs, and what its peers have when they hold everything; each is shown divided. */
const costs = [
  { metric: 'bytes_per_contribution', label: 'kB', divisor: 1000 },
  { metric: 'messages_per_contribution', label: 'messages', divisor: 1 },
  { metric: 'cpu_ms_per_contribution', label: 'CPU ms', divisor: 1 },
  { metric: 'held_rss_bytes', label: 'RSS MB', divisor: 1e6 },
  { metric: 'held_store_bytes', label: 'store MB', divisor: 1e6 }
] as const
/** The metrics of the table. */
export const scaleMetrics: readonly string[] = costs.map(({ metric }) => metric)

/** One line for each run: what a contribution costs one of so many peers. */
export function scaleTable (rows: readonly Row[]): Table {
  const runs = [...groupBy(rows.filter(({ metric }) => scaleMetrics.includes(metric)), ({ run }) => run)]
  return withoutEmptyColumns({
    name: 'scale',
    title: 'What a contribution costs a peer, by run',
    note: 'Means over peers, for each contribution: bytes sent and received, messages, CPU time; then the memory of a peer that holds everything, ' +
      `and its store. In brackets: 95 % intervals by bootstrap over peers, from ${instancesForInterval} on.`,
    columns: columnsOf(['run'], ['peers', ...costs.flatMap(({ label }) => [label, `${label} interval`])]),
    rows: runs
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([run, own]) => [run, String(new Set(own.map(instanceKey)).size), ...costs.flatMap(({ metric, divisor }) => {
        const measured = own.filter((row) => row.metric === metric && row.measures.value !== undefined)
        return meanCells(measured, ({ measures }) => measures.value as number / divisor)
      })])
  })
}
