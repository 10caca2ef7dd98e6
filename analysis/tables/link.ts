import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { median } from '../statistics/index.ts'
import type { Table } from '../table.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import { formatNumber } from '../units.ts'

/** One line per ordered pair of regions (and run, where there are several): what was asked of the link and what it did (medians). */
export function linkTable (rows: readonly Row[]): Table {
  const links = rows.filter((row) => row.metric === 'link_rtt_ms' || row.metric === 'link_throughput_bits_per_second')
  const several = new Set(links.map((row) => row.run)).size > 1
  const pairs = groupBy(links, (row) => JSON.stringify([...(several ? [row.run] : []), row.tags.from ?? '-', row.tags.to ?? '-']))
  return withoutEmptyColumns({
    name: 'link',
    title: 'Link, asked and measured',
    note: 'Medians per pair of regions; round trip (RTT) in ms, throughput in Mbit/s.',
    columns: columnsOf([...(several ? ['run'] : []), 'from', 'to'], ['RTT asked', 'RTT', 'difference', 'rate asked', 'rate', 'share']),
    rows: [...pairs.keys()].sort().map((key) => [...JSON.parse(key) as string[], ...cellsOf(pairs.get(key) ?? [])])
  })
}

function cellsOf (pair: readonly Row[]): string[] {
  const middle = (metric: string, measure: string): number | undefined => {
    const values = pair.flatMap((row) => row.metric === metric ? row.measures[measure] ?? [] : [])
    return values.length === 0 ? undefined : median(values)
  }
  const show = (value: number | undefined, divisor: number): string => value === undefined ? '-' : formatNumber(value / divisor)
  const rtt = middle('link_rtt_ms', 'value')
  const rttAsked = middle('link_rtt_ms', 'asked')
  const rate = middle('link_throughput_bits_per_second', 'value')
  const rateAsked = middle('link_throughput_bits_per_second', 'asked')
  const difference = rtt === undefined || rttAsked === undefined ? '-' : `${rtt < rttAsked ? '-' : '+'}${formatNumber(Math.abs(rtt - rttAsked))}`
  const share = rate === undefined || rateAsked === undefined || rateAsked <= 0 ? '-' : `${Math.round(100 * rate / rateAsked)} %`
  const noLimit = rate !== undefined && (rateAsked ?? 0) === 0
  return [show(rttAsked, 1), show(rtt, 1), difference, noLimit ? 'no limit' : show(rateAsked, 1e6), show(rate, 1e6), share]
}
