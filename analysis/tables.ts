import type { Row } from './rows.ts'
import { groupBy } from './rows.ts'
import type { MetricRecord, RunRecord } from './records.ts'
import { newcomerTable } from './tables/newcomer.ts'
import { linkTable } from './tables/link.ts'
import { predictionMetric, predictionTable } from './tables/prediction.ts'
import { privacyTable } from './tables/privacy.ts'
import { quantileCell } from './tables/interval.ts'
import { resourceMetrics, resourceTable, trafficTable } from './tables/resource.ts'
import { scaleMetrics, scaleTable } from './tables/scale.ts'
import { transferTable } from './tables/transfer.ts'
import { validationCostTable, validationMetrics, validationTable } from './tables/validation.ts'
import { samplesOf } from './samples.ts'
import { sortSamples, summarise } from './statistics/index.ts'
import type { Estimate } from './statistics/index.ts'
import type { Table } from './table.ts'
import { columnsOf } from './table.ts'
import { formatEstimate, scaleFor, unitOf } from './units.ts'

/** Metrics with a table of their own, or that are curves rather than samples. */
const elsewhere = new Set([
  'bootstrap_entries_held', 'bootstrap_files_held', 'link_rtt_ms', 'link_throughput_bits_per_second', predictionMetric,
  ...validationMetrics, ...resourceMetrics, ...scaleMetrics, 'time_to_fetch', 'time_to_validate'
])

/** The metrics whose distribution by region everyone needs, and what a reader calls them. */
const headlines: ReadonlyArray<readonly [metric: string, called: string]> = [
  ['replication_entry_ms', 'Replication of log entries'],
  ['replication_file_ms', 'Replication of files']
]

export interface Tables {
  /** What everyone needs, in the order of importance. */
  main: Table[]
  /** Every other metric, by name. */
  details: Table[]
}

/** All tables of a run folder that have rows. */
export function buildTables (rows: readonly Row[], run: RunRecord): Tables {
  const described = run.metrics ?? []
  const byMetric = groupBy(rows, (row) => row.metric)
  const named = new Set(headlines.map(([metric]) => metric))
  // Of the headlines there can be millions of rows, and no other table shows any.
  const rest = rows.filter(({ metric }) => !named.has(metric))
  const others = [...byMetric.keys()].filter((metric) => !elsewhere.has(metric) && !named.has(metric)).sort()
  const filled = (tables: readonly Table[]): Table[] => tables.filter((table) => table.rows.length > 0)
  const replicated = headlines.map(([metric, called]) => regionTable(metric, byMetric.get(metric) ?? [], described, called))
  const answers = [predictionTable, validationTable, validationCostTable, transferTable, scaleTable, privacyTable, linkTable]
  return {
    // What a case asks stands first; of most, replication is the means and not the question.
    main: filled([...answers.map((tableOf) => tableOf(rest)), ...replicated, newcomerTable(rest), resourceTable(rest), trafficTable(rest)]),
    details: filled(others.map((metric) => regionTable(metric, byMetric.get(metric) ?? [], described)))
  }
}

/** One metric: n, median, 95th percentile and maximum per region (and run, where there are several), then over all. */
export function regionTable (metric: string, rows: readonly Row[], described: readonly MetricRecord[], called = ''): Table {
  const several = new Set(rows.map((row) => row.run)).size > 1
  const { samples: all, refused } = samplesOf(rows)
  const scale = scaleFor(unitOf(metric, described), all.reduce((largest, { value }) => Math.max(largest, value), 0))
  const groups = groupBy(rows, ({ run, tags: { region = '-' } }) => several ? JSON.stringify([run, region]) : region)
  const parts = [...groups.keys()].sort().map((key): [string[], readonly Row[]] =>
    [several ? JSON.parse(key) as string[] : ['', key], groups.get(key) ?? []])
  if (parts.length > 1) parts.push([[several ? 'all' : '', 'all'], rows])
  const lines = parts.flatMap(([words, part]) => {
    const { samples } = samplesOf(part)
    if (samples.length === 0) return []
    const sorted = sortSamples(samples)
    const { n, censored, median, p95, max } = summarise(sorted)
    const of = (estimate: Estimate, p: number): string[] => [formatEstimate(estimate, scale), quantileCell(sorted, p, scale)]
    const cells = [String(n), ...of(median, 0.5), ...of(p95, 0.95), formatEstimate(max, scale), String(censored)]
    return [[...(several ? words : words.slice(1)), ...cells]]
  })
  const notes = [
    shortMeaning(described.find(({ name }) => name === metric)),
    several ? 'Rows of one run are not independent: the line "all" describes, it does not compare.' : '',
    lines.length === 0 ? '' : 'In brackets: 95 % intervals, exact if rows were independent; how far runs differ, only several runs tell.',
    refused > 0 ? `${refused} rows without a value, or with a negative time, are left out.` : ''
  ]
  const unit = scale.unit === '' ? '' : `, in ${scale.unit}`
  return {
    name: metric,
    title: called === '' ? `${metric}${unit}` : `${called}, by region of the receiving peer${unit} (${metric})`,
    note: notes.filter((note) => note !== '').join(' '),
    columns: columnsOf(several ? ['run', 'region'] : ['region'], ['n', 'median', 'interval', 'p95', 'interval of p95', 'max', 'ran out']),
    rows: lines
  }
}

/** What a metric means without its tags and cases, which the report lists: up to the first semicolon. */
function shortMeaning (metric: MetricRecord | undefined): string {
  if (metric === undefined) return ''
  const [meaning = ''] = metric.meaning.split(';')
  const direction = metric.better === 'none' ? '' : ` (${metric.better} is better)`
  return `${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}${direction}.`
}
