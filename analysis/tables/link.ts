import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { samplesOf } from '../samples.ts'
import { median, sortSamples } from '../statistics/index.ts'
import type { Table } from '../table.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import { formatNumber } from '../units.ts'
import { quantileCell } from './interval.ts'

const bitsPerMegabit = 1e6

/** One line per ordered pair of regions (and run, where there are several): what was asked of the link and what it did (medians). */
export function linkTable (rows: readonly Row[]): Table {
  const links = rows.filter((row) => row.metric === 'link_rtt_ms' || row.metric === 'link_throughput_bits_per_second')
  const several = new Set(links.map((row) => row.run)).size > 1
  const pairs = groupBy(links, (row) => JSON.stringify([...(several ? [row.run] : []), row.tags.from ?? '-', row.tags.to ?? '-']))
  return withoutEmptyColumns({
    name: 'link',
    title: 'Link, asked and measured',
    note: 'Medians per pair of regions; round trip (RTT) in ms, throughput in Mbit/s. In brackets: 95 % intervals of the medians, where ' +
      'there are the six measurements that one takes; exact if these were independent.',
    columns: columnsOf([...(several ? ['run'] : []), 'from', 'to'], [
      'n', 'RTT asked', 'RTT', 'interval', 'difference', 'n of rates', 'rate asked', 'rate', 'interval of rate', 'share'
    ]),
    rows: [...pairs.keys()].sort().map((key) => [...JSON.parse(key) as string[], ...cellsOf(pairs.get(key) ?? [])])
  })
}

function cellsOf (pair: readonly Row[]): string[] {
  const rtt = measuredOf(pair, 'link_rtt_ms', 1)
  const rate = measuredOf(pair, 'link_throughput_bits_per_second', bitsPerMegabit)
  const show = (value: number | undefined): string => value === undefined ? '-' : formatNumber(value)
  const difference = rtt.middle === undefined || rtt.asked === undefined
    ? '-'
    : `${rtt.middle < rtt.asked ? '-' : '+'}${formatNumber(Math.abs(rtt.middle - rtt.asked))}`
  const share = rate.middle === undefined || rate.asked === undefined || rate.asked <= 0 ? '-' : `${Math.round(100 * rate.middle / rate.asked)} %`
  const noLimit = rate.middle !== undefined && (rate.asked ?? 0) === 0
  return [
    rtt.n, show(rtt.asked), show(rtt.middle), rtt.interval, difference,
    rate.n, noLimit ? 'no limit' : show(rate.asked), show(rate.middle), rate.interval, share
  ]
}

interface Measured {
  n: string
  asked: number | undefined
  middle: number | undefined
  interval: string
}

/** @param divisor - of the unit in which it is shown */
function measuredOf (pair: readonly Row[], metric: string, divisor: number): Measured {
  const own = pair.filter((row) => row.metric === metric)
  const asked = own.flatMap(({ measures }) => measures.asked ?? [])
  const samples = sortSamples(samplesOf(own).samples)
  return {
    n: samples.length === 0 ? '-' : String(samples.length),
    asked: asked.length === 0 ? undefined : median(asked) / divisor,
    middle: samples.length === 0 ? undefined : median(samples.map(({ value }) => value)) / divisor,
    interval: quantileCell(samples, 0.5, { unit: '', divisor })
  }
}
