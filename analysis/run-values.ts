import { groupBy } from './rows.ts'
import { samplesOf } from './samples.ts'
import { mean, quantile, summarise } from './statistics/index.ts'
import type { Row } from './rows.ts'

/** Metrics of which a run gives the median over its rows. */
const medians = [
  'replication_entry_ms', 'replication_file_ms', 'bootstrap_log_ms', 'bootstrap_files_ms', 'redundancy', 'link_rtt_ms'
]
/** Metrics of which a run gives the sum over its rows. */
const totals = ['bytes_sent', 'bytes_received']

/** The one value of each metric for a whole run; `bounds` are metrics whose median is a wait that ran out. */
export function valuesOf (rows: readonly Row[]): { values: Map<string, number>, bounds: string[] } {
  const byMetric = groupBy(rows, (row) => row.metric)
  const values = new Map<string, number>()
  const bounds: string[] = []
  for (const metric of [...medians, ...totals]) {
    const { samples } = samplesOf(byMetric.get(metric) ?? [])
    if (samples.length === 0) continue
    if (totals.includes(metric)) {
      values.set(metric, samples.reduce((sum, { value }) => sum + value, 0))
      continue
    }
    const { median } = summarise(samples)
    if (median.bound) bounds.push(metric)
    else values.set(metric, median.value)
  }
  return { values, bounds }
}

/** How busy the machine was; a field is absent where nothing was recorded of it. */
export interface Conditions {
  /** The mean of how busy all cores were, in per cent. */
  cpuPercent?: number
  /** The 95th percentile of the longest delays of the event loops, each of one second, in ms. */
  loopDelayMs?: number
}

/** The conditions while a run was measured: from its first row of a measured time to its last, without start and judgement. */
export function conditionsOf (rows: readonly Row[]): Conditions {
  const times = rows.filter(({ metric }) => medians.includes(metric) && metric !== 'redundancy').map(({ ts }) => ts)
  const [from, to] = times.reduce(([first, last], ts) => [Math.min(first, ts), Math.max(last, ts)], [Infinity, -Infinity])
  const during = (metric: string): number[] =>
    rows.filter((row) => row.metric === metric && row.ts >= from && row.ts <= to).flatMap(({ measures }) => measures.value ?? [])
  const cpu = during('cpu_percent')
  const delays = during('event_loop_delay_ms').sort((a, b) => a - b)
  return {
    ...(cpu.length === 0 ? {} : { cpuPercent: mean(cpu) }),
    ...(delays.length === 0 ? {} : { loopDelayMs: quantile(delays, 0.95) })
  }
}
