import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { columnsOf, withoutEmptyColumns } from '../table.ts'
import type { Table } from '../table.ts'
import { formatNumber } from '../units.ts'

const [searched, seen, obtained] = ['stream_bytes_searched', 'private_bytes_seen', 'public_blocks_obtained_ratio'] as const

/** One line for each protocol: what was searched, and what of it was private; then one for each kind of attack. */
export function privacyTable (rows: readonly Row[]): Table {
  const total = (own: readonly Row[], metric: string): string => {
    const values = own.flatMap((row) => row.metric === metric ? row.measures.value ?? [] : [])
    return values.length === 0 ? '-' : formatNumber(values.reduce((sum, value) => sum + value, 0) / (metric === searched ? 1000 : 1))
  }
  const streams = groupBy(rows.filter(({ metric }) => metric === searched || metric === seen), protocolOf)
  const attacks = groupBy(rows.filter(({ metric, measures }) => metric === obtained && measures.value !== undefined), protocolOf)
  const inOrder = (groups: ReadonlyMap<string, Row[]>): Array<[string, Row[]]> => [...groups].sort(([a], [b]) => a < b ? -1 : 1)
  return withoutEmptyColumns({
    name: 'privacy',
    title: 'Private bytes on the wire, by protocol',
    note: 'All streams of all instances, both ways; private: pieces of private files that were recognised (0 is right). Attacks: how many, and the least part of ' +
      'the public blocks that one of them obtained, by what obtained no private one (1 is right).',
    columns: columnsOf(['protocol'], ['searched kB', 'private bytes', 'attacks', 'public part']),
    rows: [
      ...inOrder(streams).map(([protocol, own]) => [protocol, total(own, searched), total(own, seen), '-', '-']),
      ...inOrder(attacks).map(([protocol, own]) => [`attack by ${protocol}`, '-', '-', String(own.length),
        formatNumber(Math.min(...own.map(({ measures }) => measures.value as number)))])
    ]
  })
}

function protocolOf ({ tags: { protocol = '-' } }: Row): string {
  return protocol
}
