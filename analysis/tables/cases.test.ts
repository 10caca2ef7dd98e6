import { describe, expect, it } from 'vitest'
import { privacyTable } from './privacy.ts'
import { scaleTable } from './scale.ts'
import { transferTable } from './transfer.ts'
import type { Row } from '../rows.ts'
import type { Table } from '../table.ts'

function row (metric: string, value: number, tags: Record<string, string> = {}, more: Partial<Row> = {}): Row {
  return { run: 'r', group: 'peers', index: 0, metric, tags, ts: 0, ...more, measures: { value } }
}

const shown = ({ columns, rows }: Table): Array<Record<string, string | undefined>> =>
  rows.map((cells) => Object.fromEntries(columns.map(({ label }, column) => [label, cells[column]])))

describe('the table of transfers', () => {
  const fetched = (run: string, fileBytes: number, attempt: number, seconds: number, more: Record<string, number> = {}): Row[] =>
    Object.entries({ time_to_fetch: seconds * 1e9, ...more }).map(([metric, value]) =>
      row(metric, value, { nodeType: 'Leech', run: String(attempt), fileSize: String(fileBytes) }, { run }))

  it('has the median of each run and size, its rate, and what came for each byte, of leeches alone', () => {
    const rows = [
      ...fetched('seeds-10', 2e6, 1, 4, { data_rcvd: 3e6, time_to_validate: -1 }), ...fetched('seeds-2', 2e6, 1, 1), ...fetched('seeds-2', 1e6, 1, 1),
      ...fetched('seeds-10', 2e6, 2, 2, { data_rcvd: 2e6, time_to_validate: 5e8 }), row('time_to_fetch', 1, { nodeType: 'Seed', run: '1', fileSize: '2000000' })
    ]
    expect(shown(transferTable(rows))).toEqual([
      { run: 'seeds-2', MB: '1.00', n: '1', 'fetch s': '1.00', 'Mbit/s': '8.00', 'validate s': '-', received: '-' },
      { run: 'seeds-2', MB: '2.00', n: '1', 'fetch s': '1.00', 'Mbit/s': '16.0', 'validate s': '-', received: '-' },
      { run: 'seeds-10', MB: '2.00', n: '2', 'fetch s': '3.00', 'Mbit/s': '5.33', 'validate s': '0.500', received: '1.25' }
    ])
  })
})

describe('the table of scale', () => {
  it('has the mean over the peers of each run, in the order of its number, and how sure it is for six', () => {
    const rows = [
      ...[0, 1].map((index) => row('bytes_per_contribution', 4_000 + 2_000 * index, {}, { run: 'n10', index })),
      ...[1, 2, 3, 4, 5, 6].map((value, index) => row('messages_per_contribution', value, {}, { run: 'n2', index })), row('held_rss_bytes', 2e8, {}, { run: 'n2' })
    ]
    expect(shown(scaleTable(rows))).toEqual([
      { run: 'n2', peers: '6', kB: '-', messages: '3.50', 'messages interval': expect.stringMatching(/^\[2\.\d+, 4\.\d+\]$/) as string, 'RSS MB': '200' },
      { run: 'n10', peers: '2', kB: '5.00', messages: '-', 'messages interval': '-', 'RSS MB': '-' }
    ])
  })
})

describe('the table of privacy', () => {
  it('adds up what was searched and seen by protocol, and has the least that an attack obtained', () => {
    const seen = (protocol: string, bytes: number, index: number): Row[] =>
      [row('stream_bytes_searched', 1_000, { protocol, way: 'sent' }, { index }), row('private_bytes_seen', bytes, { protocol, way: 'sent' }, { index })]
    const attack = (part: number, victim: string): Row => row('public_blocks_obtained_ratio', part, { protocol: '/sync/', victim })
    expect(shown(privacyTable([...seen('/b', 0, 0), ...seen('/a', 16, 0), ...seen('/a', 32, 1), attack(1, '1'), attack(0.5, '2')]))).toEqual([
      { protocol: '/a', 'searched kB': '2.00', 'private bytes': '48.0', attacks: '-', 'public part': '-' },
      { protocol: '/b', 'searched kB': '1.00', 'private bytes': '0', attacks: '-', 'public part': '-' },
      { protocol: 'attack by /sync/', 'searched kB': '-', 'private bytes': '-', attacks: '2', 'public part': '0.500' }
    ])
  })
})
