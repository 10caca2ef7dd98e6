import { describe, expect, it } from 'vitest'
import { quantileInterval } from '../statistics/index.ts'
import { totalCell } from './interval.ts'
import { linkTable } from './link.ts'
import { newcomerTable } from './newcomer.ts'
import { resourceTable, trafficTable } from './resource.ts'
import type { Row } from '../rows.ts'
import type { Table } from '../table.ts'

function row (metric: string, value: number, tags: Record<string, string> = {}, more: Partial<Row> = {}): Row {
  return { run: 'r', group: 'peers', index: 0, metric, tags, ts: 0, ...more, measures: { value, ...more.measures } }
}
const labels = ({ columns }: Table): string[] => columns.map(({ label }) => label)
const cellsOf = (table: Table, line = 0): Record<string, string> =>
  Object.fromEntries(labels(table).map((label, column) => [label, table.rows[line]?.[column] ?? '']))
const numbers = (cell = ''): number[] => [...cell.matchAll(/\d+(?:\.\d+)?/g)].map(Number)
const oneTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)

describe('the table of links', () => {
  const rttsOf = (values: readonly number[]): Row[] => values.map((value) => row('link_rtt_ms', value, { from: 'a', to: 'b' }, { measures: { asked: 10 } }))

  it('has the interval of the median by order statistics, and how many measurements it comes from', () => {
    const rates = oneTo(6).map((value) => row('link_throughput_bits_per_second', 1e6 * value, { from: 'a', to: 'b' }, { measures: { asked: 8e6 } }))
    const cells = cellsOf(linkTable([...rttsOf(oneTo(20)), ...rates]))
    // Of 20 values the 6th and the 15th have the median between them with 95 %.
    expect(cells).toMatchObject({ n: '20', RTT: '10.5', interval: '[6.00, 15.0]', difference: '+0.500', 'n of rates': '6', rate: '3.50', 'interval of rate': '[1.00, 6.00]', share: '44 %' })
  })

  it('has no interval of fewer than six, and no time below zero', () => {
    const table = linkTable(rttsOf([1, 2, 3, 4, 5, -7]))
    expect(labels(table)).not.toContain('interval')
    expect(cellsOf(table)).toMatchObject({ n: '5', RTT: '3.00' })
  })
})

describe('the table of newcomers', () => {
  const newcomers = (n: number, censored = 0): Row[] => oneTo(n).map((index) =>
    row('bootstrap_log_ms', 1000 * index, { region: 'a', peers_before: String(index) }, { group: 'newcomers', index, measures: { censored: index > n - censored ? 1 : 0 } }))

  it('ends with the median of all, and its interval from six on', () => {
    const table = newcomerTable(newcomers(9))
    expect(table.rows).toHaveLength(10)
    expect(cellsOf(table, 9)).toMatchObject({ newcomer: 'median of all', 'log s': '5.00', interval: '[2.00, 8.00]' })
    expect(cellsOf(table, 0)).toMatchObject({ 'log s': '1.00', interval: '-' })
    expect(labels(newcomerTable(newcomers(5)))).not.toContain('interval')
    expect(newcomerTable(newcomers(5)).rows).toHaveLength(5)
    expect(newcomerTable(newcomers(5)).note).toContain('an interval takes six newcomers')
  })

  it('has an open end where waits ran out', () => {
    expect(cellsOf(newcomerTable(newcomers(9, 3)), 9)).toMatchObject({ 'log s': '5.00', interval: '[2.00, > 8.00]' })
  })
})

describe('the tables of resources and traffic', () => {
  const ofPeers = (n: number, metric: string, valueOf: (index: number) => number, more: Record<string, string> = {}): Row[] =>
    oneTo(n).map((index) => row(metric, valueOf(index), { region: 'a', ...more }, { index }))

  it('have for quantiles the interval by order statistics', () => {
    const { low, high } = quantileInterval(100, 0.95)
    const delays = oneTo(100).map((value) => row('event_loop_delay_ms', 100 + value, { region: 'a' }))
    expect(cellsOf(resourceTable(delays))).toMatchObject({ n: '1', 'delay ms': '195', 'delay interval': `[${101 + low}, ${101 + high}]` })
    expect(cellsOf(trafficTable(ofPeers(6, 'redundancy', (index) => index)))).toMatchObject({ redundancy: '3.50', 'red. interval': '[1.00, 6.00]' })
  })

  it('have for totals that of as many instances, which holds the total, grows narrow with the instances alike, and is the same each time', () => {
    const table = trafficTable([...ofPeers(20, 'bytes_sent', (index) => 1e6 * (10 + index), { to: 'b' }), ...ofPeers(20, 'bytes_sent', () => 1e6, { to: 'c' })])
    expect(cellsOf(table)).toMatchObject({ n: '20', 'sent MB': '430' })
    const [low = 0, high = 0] = numbers(cellsOf(table).interval)
    // Student's interval of 20 times the mean: 430 ± 2.093 · √20 · 5.916 = 430 ± 55.4.
    expect(low).toBeGreaterThan(365)
    expect(low).toBeLessThan(395)
    expect(high).toBeGreaterThan(465)
    expect(high).toBeLessThan(495)
    expect(totalCell(oneTo(20), 1)).toBe(totalCell(oneTo(20), 1))
    expect(totalCell([5, 5, 5, 5, 5, 5], 1)).toBe('[30.0, 30.0]')
  })

  it('have none for what is no estimate, and none of too few instances', () => {
    const table = resourceTable([...ofPeers(5, 'cpu_ms', (index) => 1000 * index), ...ofPeers(5, 'rss_bytes', (index) => 1e6 * index)])
    expect(labels(table)).toEqual(['region', 'n', 'RSS MB', 'CPU s'])
    expect(cellsOf(table)).toMatchObject({ 'RSS MB': '5.00', 'CPU s': '15.0' })
  })

  it('end with all instances, which may be enough for an interval where those of a region are not', () => {
    const table = trafficTable(['a', 'b'].flatMap((region, nth) => oneTo(4).map((index) => row('bytes_sent', 1e6 * index, { region }, { index: 10 * nth + index }))))
    expect(table.rows.map(([region, n]) => [region, n])).toEqual([['a', '4'], ['b', '4'], ['all', '8']])
    expect(cellsOf(table, 0)).toMatchObject({ 'sent MB': '10.0', interval: '-' })
    expect(cellsOf(table, 2)).toMatchObject({ 'sent MB': '20.0', interval: expect.stringMatching(/^\[1\d\.\d, 2\d\.\d\]$/) as string })
  })

  it('take the largest of a running total, and the last of what converged', () => {
    const table = trafficTable([
      row('bytes_sent', 3e6, { region: 'a' }, { ts: 2 }), row('bytes_sent', 1e6, { region: 'a' }, { ts: 1 }),
      row('converged', 1, { region: 'a' }, { ts: 1 }), row('converged', 0.5, { region: 'a' }, { ts: 2 })
    ])
    expect(cellsOf(table)).toMatchObject({ 'sent MB': '3.00', converged: '0.500' })
  })
})
