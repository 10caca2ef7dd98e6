import type { Row } from './rows.ts'
import { groupBy, instanceKey } from './rows.ts'
import type { MetricRecord, RunRecord } from './records.ts'
import { samplesOf } from './samples.ts'
import { median, summarise } from './statistics.ts'
import type { Table } from './table.ts'
import { columnsOf } from './table.ts'
import { formatEstimate, formatNumber, scaleFor, unitOf } from './units.ts'

/** Metrics with a table of their own, or that are curves rather than samples. */
const elsewhere = new Set([
  'bootstrap_entries_held', 'bootstrap_files_held', 'link_rtt_ms', 'link_throughput_bits_per_second', 'converged',
  'bytes_sent', 'bytes_received', 'redundancy', 'rss_bytes', 'cpu_ms', 'cpu_percent', 'event_loop_delay_ms'
])

/** All tables of a run folder that have rows, in the order of the report. */
export function buildTables (rows: readonly Row[], run: RunRecord): Table[] {
  const described = run.metrics ?? []
  const byMetric = groupBy(rows, (row) => row.metric)
  const metrics = [...byMetric.keys()].filter((metric) => !elsewhere.has(metric)).sort()
  const tables = metrics.map((metric) => regionTable(metric, byMetric.get(metric) ?? [], described))
  return [...tables, newcomerTable(rows), linkTable(rows), resourceTable(rows)].filter((table) => table.rows.length > 0)
}

/** One metric: n, median, 95th percentile and maximum per region (and run, where there are several), then over all. */
export function regionTable (metric: string, rows: readonly Row[], described: readonly MetricRecord[]): Table {
  const several = new Set(rows.map((row) => row.run)).size > 1
  const { samples: all, refused } = samplesOf(rows)
  const scale = scaleFor(unitOf(metric, described), all.reduce((largest, { value }) => Math.max(largest, value), 0))
  const groups = groupBy(rows, (row) => JSON.stringify([several ? row.run : '', row.tags.region ?? '-']))
  const parts = [...groups.keys()].sort().map((key): [string[], readonly Row[]] => [JSON.parse(key) as string[], groups.get(key) ?? []])
  if (parts.length > 1) parts.push([[several ? 'all' : '', 'all'], rows])
  const lines = parts.flatMap(([words, part]) => {
    const { samples } = samplesOf(part)
    if (samples.length === 0) return []
    const { n, censored, median, p95, max } = summarise(samples)
    const statistics = [median, p95, max].map((estimate) => formatEstimate(estimate, scale))
    return [[...(several ? words : words.slice(1)), String(n), ...statistics, String(censored)]]
  })
  const known = described.find(({ name }) => name === metric)
  const direction = known === undefined || known.better === 'none' ? '' : ` (${known.better} is better)`
  const notes = [
    known === undefined ? '' : `${known.meaning}${direction}.`,
    several ? 'Rows of one run are not independent: the line "all" describes, it does not compare.' : '',
    refused > 0 ? `${refused} rows without a value, or with a negative time, are left out.` : ''
  ]
  return {
    title: scale.unit === '' ? metric : `${metric}, in ${scale.unit}`,
    note: notes.filter((note) => note !== '').join(' '),
    columns: columnsOf(several ? ['run', 'region'] : ['region'], ['n', 'median', 'p95', 'max', 'ran out']),
    rows: lines
  }
}

/** One line per newcomer: how large the cluster was, and how long it took to hold everything. */
export function newcomerTable (rows: readonly Row[]): Table {
  const logs = rows.filter((row) => row.metric === 'bootstrap_log_ms')
  const files = rows.filter((row) => row.metric === 'bootstrap_files_ms')
  const newcomers = groupBy([...logs, ...files], instanceKey)
  const seconds = (part: readonly Row[]): string => {
    const { samples: [sample] } = samplesOf(part)
    return sample === undefined ? '-' : formatEstimate({ value: sample.value, bound: sample.censored }, { unit: 's', divisor: 1000 })
  }
  const lines = [...newcomers].map(([key, own]) => {
    const log = own.filter((row) => row.metric === 'bootstrap_log_ms')
    const file = own.filter((row) => row.metric === 'bootstrap_files_ms')
    const tag = (part: readonly Row[], name: string): string => part[0]?.tags[name] ?? '-'
    const bytes = Number(tag(file, 'bytes'))
    return {
      before: Number(tag(own, 'peers_before')),
      cells: [
        key, tag(own, 'region'), tag(own, 'peers_before'), tag(log, 'entries'), seconds(log),
        tag(file, 'files'), Number.isFinite(bytes) ? formatNumber(bytes / 1e6) : '-', seconds(file)
      ]
    }
  })
  return {
    title: 'Bootstrapping, by newcomer',
    note: 'From the start of the newcomer until it held every earlier entry, and every file of them.',
    columns: columnsOf(['newcomer', 'region'], ['peers before', 'entries', 'log s', 'files', 'files MB', 'files s']),
    rows: lines.sort((a, b) => a.before - b.before || (a.cells[0] as string).localeCompare(b.cells[0] as string, 'en')).map(({ cells }) => cells)
  }
}

/** One line per ordered pair of regions: what was asked of the link and what it did (medians). */
export function linkTable (rows: readonly Row[]): Table {
  const links = rows.filter((row) => row.metric === 'link_rtt_ms' || row.metric === 'link_throughput_bits_per_second')
  const pairs = groupBy(links, (row) => JSON.stringify([row.tags.from ?? '-', row.tags.to ?? '-']))
  const lines = [...pairs.keys()].sort().map((key) => {
    const [from = '-', to = '-'] = JSON.parse(key) as string[]
    const middle = (metric: string, measure: string): number | undefined => {
      const values = (pairs.get(key) ?? []).flatMap((row) => row.metric === metric ? row.measures[measure] ?? [] : [])
      return values.length === 0 ? undefined : median(values)
    }
    const show = (value: number | undefined, divisor: number): string => value === undefined ? '-' : formatNumber(value / divisor)
    const rtt = middle('link_rtt_ms', 'value')
    const rttAsked = middle('link_rtt_ms', 'asked')
    const rate = middle('link_throughput_bits_per_second', 'value')
    const rateAsked = middle('link_throughput_bits_per_second', 'asked')
    const difference = rtt === undefined || rttAsked === undefined ? '-' : `${rtt < rttAsked ? '-' : '+'}${formatNumber(Math.abs(rtt - rttAsked))}`
    const share = rate === undefined || rateAsked === undefined || rateAsked <= 0 ? '-' : `${Math.round(100 * rate / rateAsked)} %`
    return [from, to, show(rttAsked, 1), show(rtt, 1), difference, rateAsked === 0 ? 'no limit' : show(rateAsked, 1e6), show(rate, 1e6), share]
  })
  return {
    title: 'Link, asked and measured',
    note: 'Medians per pair of regions; round trip in ms, throughput in Mbit/s.',
    columns: columnsOf(['from', 'to'], ['RTT asked', 'RTT', 'difference', 'rate asked', 'rate', 'share']),
    rows: lines
  }
}

/** What the instances used, by region; counters are read as running totals, the largest per instance counts. */
export function resourceTable (rows: readonly Row[]): Table {
  const wanted = new Set(['rss_bytes', 'cpu_ms', 'cpu_percent', 'event_loop_delay_ms', 'bytes_sent', 'bytes_received', 'redundancy', 'converged'])
  const resources = groupBy(rows.filter((row) => wanted.has(row.metric)), (row) => row.tags.region ?? '-')
  const lines = [...resources.keys()].sort().map((region) => {
    const own = groupBy(resources.get(region) ?? [], (row) => row.metric)
    const total = (metric: string, divisor: number): string => {
      const counters = groupBy(own.get(metric) ?? [], (row) => instanceKey(row) + JSON.stringify(row.tags))
      const totals = [...counters.values()].map((part) => part.reduce((most, row) => Math.max(most, row.measures.value ?? 0), 0))
      return totals.length === 0 ? '-' : formatNumber(totals.reduce((sum, value) => sum + value, 0) / divisor)
    }
    const last = [...groupBy(own.get('converged') ?? [], instanceKey).values()]
      .flatMap((part) => part.reduce((late, row) => row.ts >= late.ts ? row : late).measures.value ?? [])
    const spread = (metric: string, divisor: number, p: 'median' | 'p95' | 'max'): string => {
      const { samples } = samplesOf(own.get(metric) ?? [])
      return samples.length === 0 ? '-' : formatEstimate(summarise(samples)[p], { unit: '', divisor })
    }
    return [
      region, String(new Set((resources.get(region) ?? []).map(instanceKey)).size),
      spread('rss_bytes', 1e6, 'max'), total('cpu_ms', 1000), spread('cpu_percent', 1, 'p95'),
      spread('event_loop_delay_ms', 1, 'p95'), total('bytes_sent', 1e6), total('bytes_received', 1e6),
      spread('redundancy', 1, 'median'), last.length === 0 ? '-' : formatNumber(Math.min(...last))
    ]
  })
  return {
    title: 'Resources, by region',
    note: 'Highest memory, CPU time and bytes summed over the instances, 95th percentile of CPU and of event-loop delay, median redundancy, lowest convergence at the end.',
    columns: columnsOf(['region'], ['instances', 'RSS MB', 'CPU s', 'CPU %', 'delay ms', 'sent MB', 'received MB', 'redundancy', 'converged']),
    rows: lines
  }
}
