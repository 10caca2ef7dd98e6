import type { Row } from '../rows.ts'
import { groupBy, instanceKey } from '../rows.ts'
import { samplesOf } from '../samples.ts'
import { sortSamples, summarise } from '../statistics/index.ts'
import type { Table } from '../table.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import { formatEstimate, formatNumber } from '../units.ts'
import { instancesForInterval, quantileCell, totalCell } from './interval.ts'

const ofTheMachine = ['start_ms', 'idle_rss_bytes', 'rss_bytes', 'cpu_ms', 'cpu_percent', 'event_loop_delay_ms']
const ofTraffic = ['bytes_sent', 'bytes_received', 'redundancy', 'converged']
/** The metrics of the tables of resources and of traffic. */
export const resourceMetrics = [...ofTheMachine, ...ofTraffic]

const intervalNote = `In brackets: 95 % intervals, of totals for as many instances like these (from ${instancesForInterval} on), of quantiles if rows were ` +
  'independent. The longest, largest and least are of these instances, and no estimates.'

/** What the instances needed of the machine, by region (and run, where there are several); of a counter the largest value counts. */
export function resourceTable (rows: readonly Row[]): Table {
  return byRegion(rows.filter(({ metric }) => ofTheMachine.includes(metric)), {
    name: 'resources',
    title: 'Resources, by region',
    note: `n instances: longest start, largest memory, total CPU time, p95 of the machine's CPU and of loop delay. ${intervalNote}`,
    numbers: ['start s', 'idle MB', 'RSS MB', 'CPU s', 'interval', 'CPU %', '% interval', 'delay ms', 'delay interval'],
    cells: (own) => [
      largest(own('start_ms'), 1000), largest(own('idle_rss_bytes'), 1e6), largest(own('rss_bytes'), 1e6), ...total(own('cpu_ms'), 1000),
      ...quantileOf(own('cpu_percent'), 'p95'), ...quantileOf(own('event_loop_delay_ms'), 'p95')
    ]
  })
}

/** What the instances sent and received, how much of it they needed, and whether all came, in the same way. */
export function trafficTable (rows: readonly Row[]): Table {
  return byRegion(rows.filter(({ metric }) => ofTraffic.includes(metric)), {
    name: 'traffic',
    title: 'Traffic, by region',
    note: `n instances: total bytes, median redundancy (received for each that was needed), and the least share that converged. ${intervalNote}`,
    numbers: ['sent MB', 'interval', 'recv MB', 'recv interval', 'redundancy', 'red. interval', 'converged'],
    cells: (own) => [
      ...total(own('bytes_sent'), 1e6), ...total(own('bytes_received'), 1e6), ...quantileOf(own('redundancy'), 'median'), leastAtLast(own('converged'))
    ]
  })
}

interface Parts {
  name: string
  title: string
  note: string
  numbers: readonly string[]
  /** The cells of a region, from its rows by metric. */
  cells: (own: (metric: string) => readonly Row[]) => string[]
}

function byRegion (rows: readonly Row[], { name, title, note, numbers, cells }: Parts): Table {
  const several = new Set(rows.map((row) => row.run)).size > 1
  const groups = groupBy(rows, (row) => JSON.stringify([...(several ? [row.run] : []), row.tags.region ?? '-']))
  const parts = [...groups.keys()].sort().map((key): [string[], readonly Row[]] => [JSON.parse(key) as string[], groups.get(key) ?? []])
  if (parts.length > 1) parts.push([several ? ['all', 'all'] : ['all'], rows])
  return withoutEmptyColumns({
    name,
    title,
    note,
    columns: columnsOf([...(several ? ['run'] : []), 'region'], ['n', ...numbers]),
    rows: parts.map(([words, part]) => {
      const byMetric = groupBy(part, (row) => row.metric)
      const n = String(new Set(part.map(instanceKey)).size)
      return [...words, n, ...cells((metric) => byMetric.get(metric) ?? [])]
    })
  })
}

function largest (rows: readonly Row[], divisor: number): string {
  const { samples } = samplesOf(rows)
  return samples.length === 0 ? '-' : formatEstimate(summarise(samples).max, { unit: '', divisor })
}

/** The sum of running totals, of which the largest of each instance counts (and of each connection's end, where tags name them). */
function total (rows: readonly Row[], divisor: number): [total: string, interval: string] {
  const counters = groupBy(rows, (row) => instanceKey(row) + JSON.stringify(row.tags))
  const ofInstances = new Map<string, number>()
  for (const counter of counters.values()) {
    const [first] = counter as [Row, ...Row[]]
    const most = counter.reduce((highest, row) => Math.max(highest, row.measures.value ?? 0), 0)
    ofInstances.set(instanceKey(first), (ofInstances.get(instanceKey(first)) ?? 0) + most)
  }
  const totals = [...ofInstances.values()]
  return totals.length === 0 ? ['-', '-'] : [formatNumber(totals.reduce((sum, value) => sum + value, 0) / divisor), totalCell(totals, divisor)]
}

function quantileOf (rows: readonly Row[], which: 'median' | 'p95'): [value: string, interval: string] {
  const samples = sortSamples(samplesOf(rows).samples)
  const scale = { unit: '', divisor: 1 }
  return samples.length === 0
    ? ['-', '-']
    : [formatEstimate(summarise(samples)[which], scale), quantileCell(samples, which === 'median' ? 0.5 : 0.95, scale)]
}

/** The least of what each instance said last. */
function leastAtLast (rows: readonly Row[]): string {
  const last = [...groupBy(rows, instanceKey).values()]
    .flatMap((part) => part.reduce((late, row) => row.ts >= late.ts ? row : late).measures.value ?? [])
  return last.length === 0 ? '-' : formatNumber(Math.min(...last))
}
