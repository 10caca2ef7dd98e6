import { prototypeBootstrapping, prototypeReplication, prototypeSource } from '../prototype.ts'
import { medianInterval } from '../statistics/index.ts'
import { columnsOf } from '../table.ts'
import { formatNumber } from '../units.ts'
import type { SizePoint } from '../figures/bootstrapping-size.ts'
import type { PeerReplication } from '../figures/replication-prototype.ts'
import type { Table } from '../table.ts'

const intervalNote = 'In brackets: the interval of the median with at least 95 %, or the least and the largest where they are too few for one.'

/** One line for each region: the median over its peers of their mean times, here and of the prototype. */
export function replicationTable (peers: readonly PeerReplication[], regions: readonly string[]): Table {
  const shown = [...new Set([...regions, ...peers.map(({ region }) => region), ...prototypeReplication.map(({ region }) => region)])]
  const cells = (means: readonly number[], isBound: boolean): string[] => means.length === 0 ? ['-', '-', '-'] : [String(means.length), ...spread(means, isBound)]
  return {
    name: 'replication-prototype',
    title: 'Replication of new entries by region, in ms: median over peers of each one\'s mean',
    note: `${intervalNote} ${prototypeSource}`,
    columns: columnsOf(['region'], ['peers', 'median', 'interval', 'peers (prototype)', 'median (prototype)', 'interval (prototype)']),
    rows: shown.map((region) => {
      const own = peers.filter((peer) => peer.region === region)
      const theirs = prototypeReplication.filter((peer) => peer.region === region).map(({ meanSeconds }) => 1000 * meanSeconds)
      return [region, ...cells(own.map(({ meanMs }) => meanMs), own.some(({ isBound }) => isBound)), ...cells(theirs, false)]
    }).filter((row) => row.some((cell, column) => column > 0 && cell !== '-'))
  }
}

/** One line for each number of peers: the median over its newcomers, here and of the prototype. */
export function bootstrappingTable (points: readonly SizePoint[]): Table {
  const sizes = [...new Set([...points, ...prototypeBootstrapping].map(({ peersBefore }) => peersBefore))].sort((a, b) => a - b)
  const cells = (own: ReadonlyArray<{ seconds: number, ranOut: boolean }>): string[] =>
    own.length === 0 ? ['-', '-'] : spread(own.map(({ seconds }) => seconds), own.some(({ ranOut }) => ranOut))
  return {
    name: 'bootstrapping-cluster',
    title: 'Bootstrapping over the size of the cluster, in s: median over newcomers',
    note: `${intervalNote} ${prototypeSource}`,
    columns: columnsOf([], ['peers before', 'n', 'entries', 'interval', 'files', 'interval (files)', 'n (prototype)', 'prototype', 'interval (prototype)']),
    rows: sizes.map((size) => {
      const own = (what: SizePoint['what']): SizePoint[] => points.filter((point) => point.what === what && point.peersBefore === size)
      const theirs = prototypeBootstrapping.flatMap(({ peersBefore, seconds }) =>
        peersBefore === size && seconds !== null ? [{ seconds, ranOut: false }] : [])
      return [String(size), countOf(own('log')), ...cells(own('log')), ...cells(own('files')), countOf(theirs), ...cells(theirs)]
    })
  }
}

function countOf (items: readonly unknown[]): string {
  return items.length === 0 ? '-' : String(items.length)
}

/** Median and its interval; where waits that ran out are among the values, both are lower bounds. */
function spread (values: readonly number[], isBound: boolean): [median: string, interval: string] {
  const { median, low, high } = medianInterval(values)
  const bound = isBound ? '> ' : ''
  return [`${bound}${formatNumber(median)}`, values.length === 1 ? '-' : `[${formatNumber(low)}, ${bound}${formatNumber(high)}]`]
}
