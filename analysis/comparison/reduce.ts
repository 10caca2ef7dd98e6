import { tagOf, timeOf } from '../readings.ts'
import { mean, quantile } from '../statistics/index.ts'
import { createColumn } from '../column.ts'
import type { Reading } from '../readings.ts'
import type { Column, RunValue } from '../column.ts'

/** What one run folder says of one metric within one part of it, such as a region; empty where it is not divided. */
export interface Series extends RunValue {
  metric: string
  part: string
}

/** What the machine did while a run was measured; a field is absent where nothing was recorded of it. */
export interface Conditions {
  /** The mean of how busy all cores were, in per cent. */
  cpuPercent?: number
  /** The 95th percentile of the longest delays of event loops, in ms. */
  loopDelayMs?: number
  /** The largest error of the clocks of instances against each other, in ms. */
  clockErrorMs?: number
}

/** Reduces the rows of one run folder to one value for each metric and part: rows of one run are not independent. */
export interface Reducer {
  add (reading: Reading): void
  series (): Series[]
  conditions (): Conditions
  /** Rows without a value, or with a time below zero, which only a wrong clock gives; by metric. */
  readonly refused: ReadonlyMap<string, number>
}

/** How the rows of a metric become one value; the median where nothing else is said. */
const ways: Readonly<Record<string, 'sum' | 'mean' | 'largest' | 'last of each'>> = {
  bytes_sent: 'sum',
  bytes_received: 'sum',
  protocol_bytes_sent: 'sum',
  protocol_bytes_received: 'sum',
  converged: 'mean',
  rss_bytes: 'largest',
  idle_rss_bytes: 'largest',
  cpu_ms: 'last of each'
}
/** Metrics that are not compared: the way to a value that another metric has, and what the machine did. */
const passedOver = new Set(['bootstrap_entries_held', 'bootstrap_files_held', 'cpu_percent', 'event_loop_delay_ms', 'clock_error_ms'])
/** Metrics whose rows lie within what is measured, and not before or after it. */
const measured = /^(replication|bootstrap)_\w+_ms$|^link_rtt_ms$/

interface Gathered {
  column: Column
  sum: number
  largest: number
  /** The last value of each instance. */
  last: Map<string, number>
}

/** What a machine was at a time. Not the reading itself, whose tags would keep the piece of the file that they were cut from. */
interface Sampled {
  metric: string
  value: number
  ts: number
}

/** @param by - what runs are divided by: a tag, such as region, or group; the run of the composition always divides */
export function createReducer (by?: string): Reducer {
  const byMetric = new Map<string, Map<string, Gathered>>()
  const machine: Sampled[] = []
  const refused = new Map<string, number>()
  let [from, to] = [Infinity, -Infinity]

  return {
    refused,
    add: (reading) => {
      const { metric, value } = reading
      if (Number.isNaN(value) || (value < 0 && metric.endsWith('_ms'))) {
        if (!passedOver.has(metric) || !Number.isNaN(value)) refused.set(metric, (refused.get(metric) ?? 0) + 1)
        return
      }
      if (passedOver.has(metric)) {
        if (!metric.startsWith('bootstrap_')) machine.push({ metric, value, ts: timeOf(reading) })
        return
      }
      let parts = byMetric.get(metric)
      if (parts === undefined) byMetric.set(metric, parts = new Map<string, Gathered>())
      const part = partOf(reading, by)
      let gathered = parts.get(part)
      if (gathered === undefined) parts.set(part, gathered = { column: createColumn(), sum: 0, largest: -Infinity, last: new Map() })
      gather(gathered, reading)
      if (measured.test(metric)) {
        const ts = timeOf(reading)
        if (ts < from) from = ts
        if (ts > to) to = ts
      }
    },
    series: () => [...byMetric].flatMap(([metric, parts]) =>
      [...parts].map(([part, gathered]) => ({ metric, part, ...reduced(metric, gathered) }))),
    conditions: () => conditionsOf(machine, from, to)
  }
}

function partOf (reading: Reading, by: string | undefined): string {
  const own = by === undefined ? '' : by === 'group' ? reading.group : tagOf(reading, by) ?? '-'
  return own === '' ? reading.run : `${reading.run}/${own}`
}

function gather (gathered: Gathered, { metric, value, censored, group, index }: Reading): void {
  const way = ways[metric]
  if (way === undefined) gathered.column.add(value, censored)
  else if (way === 'last of each') gathered.last.set(`${group}/${index}`, value)
  else if (way === 'largest') gathered.largest = Math.max(gathered.largest, value)
  else {
    gathered.sum += value
    if (way === 'mean') gathered.column.add(value, false)
  }
}

function reduced (metric: string, { column, sum, largest, last }: Gathered): RunValue {
  const way = ways[metric]
  if (way === undefined) return column.quantile(0.5)
  const value = {
    sum: () => sum,
    mean: () => sum / column.rows,
    largest: () => largest,
    'last of each': () => [...last.values()].reduce((total, each) => total + each, 0)
  }[way]()
  return { value, bound: false }
}

function conditionsOf (machine: readonly Sampled[], from: number, to: number): Conditions {
  const during = (metric: string): number[] =>
    machine.filter((each) => each.metric === metric && each.ts >= from && each.ts <= to).map(({ value }) => value)
  const cpu = during('cpu_percent')
  const delays = during('event_loop_delay_ms').sort((a, b) => a - b)
  const errors = machine.filter(({ metric }) => metric === 'clock_error_ms').map(({ value }) => value)
  return {
    ...(cpu.length === 0 ? {} : { cpuPercent: mean(cpu) }),
    ...(delays.length === 0 ? {} : { loopDelayMs: quantile(delays, 0.95) }),
    ...(errors.length === 0 ? {} : { clockErrorMs: errors.reduce((largest, value) => Math.max(largest, value), 0) })
  }
}
