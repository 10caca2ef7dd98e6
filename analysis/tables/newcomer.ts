import type { Row } from '../rows.ts'
import { groupBy, instanceKey } from '../rows.ts'
import { samplesOf } from '../samples.ts'
import type { Table } from '../table.ts'
import { sortSamples, summarise } from '../statistics/index.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import { formatEstimate, formatNumber } from '../units.ts'
import { quantileCell } from './interval.ts'

const scale = { unit: 's', divisor: 1000 }

/** One line per newcomer: how large the cluster was, and how long it took to hold everything; then the median of all, with its interval. */
export function newcomerTable (rows: readonly Row[]): Table {
  const logs = rows.filter((row) => row.metric === 'bootstrap_log_ms')
  const files = rows.filter((row) => row.metric === 'bootstrap_files_ms')
  const newcomers = groupBy([...logs, ...files], instanceKey)
  const seconds = (part: readonly Row[]): string => {
    const { samples: [sample] } = samplesOf(part)
    return sample === undefined ? '-' : formatEstimate({ value: sample.value, bound: sample.censored }, scale)
  }
  const lines = [...newcomers].map(([key, own]) => {
    const log = own.filter((row) => row.metric === 'bootstrap_log_ms')
    const file = own.filter((row) => row.metric === 'bootstrap_files_ms')
    const tag = (part: readonly Row[], name: string): string => part[0]?.tags[name] ?? '-'
    const bytes = Number(tag(file, 'bytes'))
    return {
      run: own[0]?.run ?? '',
      before: Number(tag(own, 'peers_before')),
      cells: [
        key, tag(own, 'region'), tag(own, 'peers_before'), tag(log, 'entries'), seconds(log), '-',
        tag(file, 'files'), Number.isFinite(bytes) ? formatNumber(bytes / 1e6) : '-', seconds(file), '-'
      ]
    }
  })
  const inOrder = lines.sort((a, b) => (a.run < b.run ? -1 : a.run > b.run ? 1 : 0) || a.before - b.before || (a.cells[0] as string).localeCompare(b.cells[0] as string, 'en'))
  const [log, file] = [middleOf(logs), middleOf(files)]
  const all = [log, file].every(({ interval }) => interval === '-')
    ? []
    : [['median of all', '', '', '', log.median, log.interval, '', '', file.median, file.interval]]
  return withoutEmptyColumns({
    name: 'bootstrapping',
    title: 'Bootstrapping, by newcomer, in s',
    note: 'From the start of the newcomer until it held every earlier entry, and every file of them (lower is better). ' + (all.length === 0
      ? 'Each is one measurement; an interval takes six newcomers.'
      : 'In brackets: the 95 % interval of the median, exact if newcomers were independent and came to clusters alike.'),
    columns: columnsOf(['newcomer', 'region'], ['peers before', 'entries', 'log s', 'interval', 'files', 'files MB', 'files s', 'interval of files']),
    rows: [...inOrder.map(({ cells }) => cells), ...all]
  })
}

function middleOf (rows: readonly Row[]): { median: string, interval: string } {
  const samples = sortSamples(samplesOf(rows).samples)
  const interval = quantileCell(samples, 0.5, scale)
  return { median: samples.length === 0 ? '-' : formatEstimate(summarise(samples).median, scale), interval }
}
