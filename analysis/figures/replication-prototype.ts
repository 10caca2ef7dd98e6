import type { TopLevelSpec } from 'vega-lite'
import { prototypeReplication, prototypeSource } from '../prototype.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRegions, frame, isNarrow, layoutOf, legendBelow, regionRemarks } from './figure.ts'

/** What one peer says of all entries that it received; times in ms. */
export interface PeerReplication {
  run: string
  region: string
  peer: string
  meanMs: number
  minMs: number
  /** Whether some of its waits ran out, so that the mean is a lower bound. */
  isBound: boolean
}

const series = [
  { name: 'here, mean of a peer', colour: '#0072B2', shape: 'circle', lane: -0.26 },
  { name: 'here, its least', colour: '#56B4E9', shape: 'triangle-right', lane: -0.09 },
  { name: 'prototype 2023, mean of a peer', colour: '#000000', shape: 'cross', lane: 0.11 },
  { name: 'prototype 2023, its least', colour: '#8a8a8a', shape: 'diamond', lane: 0.28 }
] as const
const rowHeight = 24

interface Point {
  series: string
  run: string
  region: string
  ms: number
  isBound: boolean
}

/**
 * `replication-prototype`: how long a new entry takes to each region, beside what the prototype took. The prototype kept no single
 * times, so both sides show the mean of each peer over its entries, and its least.
 */
export function drawReplicationPrototype (peers: readonly PeerReplication[], caption: Caption): Drawing {
  if (peers.length === 0) {
    return { name: 'replication-prototype', missing: 'There is no figure of replication beside the prototype, for no row has replication_entry_ms.' }
  }
  const points = [
    ...peers.flatMap(({ run, region, meanMs, minMs, isBound }): Point[] => [
      { series: series[0].name, run, region, ms: meanMs, isBound }, { series: series[1].name, run, region, ms: minMs, isBound: false }
    ]),
    ...prototypeReplication.flatMap(({ region, meanSeconds, minSeconds }): Point[] => [
      { series: series[2].name, run: 'prototype', region, ms: 1000 * meanSeconds, isBound: false },
      { series: series[3].name, run: 'prototype', region, ms: 1000 * minSeconds, isBound: false }
    ])
  ]
  const occurring = points.map(({ region }) => region)
  const regions = drawnRegions(occurring, [...caption.regions, ...prototypeReplication.map(({ region }) => region)])
  const runs = new Set(peers.map(({ run }) => run)).size
  const title = 'Replication: how long a new entry takes to the peers of each region'
  const notes = [
    `A sign for each peer${runs > 1 ? ` of ${runs} runs` : ''}.`,
    prototypeSource,
    ...(peers.some(({ isBound }) => isBound) ? ['> a mean with waits that ran out: the truth lies above.'] : []),
    ...regionRemarks(occurring, regions)
  ]
  const drawn = points.map(({ series, run, region, ms, isBound }): Record<string, Cell> =>
    ({ series, run, region, ms, lower_bound: isBound }))
  const shown = points.filter(({ region }) => regions.includes(region))
  const spec = specOf(shown, regions, caption, frame(title, caption, ['replication_entry_ms'], notes))
  return { figure: { name: 'replication-prototype', title, width: layoutOf(caption).width, spec, drawn } }
}

function specOf (points: readonly Point[], regions: readonly string[], caption: Caption, common: object): TopLevelSpec {
  const place = (name: string, region: string): number => regions.indexOf(region) + (series.find((each) => each.name === name)?.lane ?? 0)
  const values = points.map((point) => ({ ...point, at: place(point.series, point.region) }))
  const most = points.reduce((largest, { ms }) => Math.max(largest, ms), 0)
  const x = {
    field: 'ms', type: 'quantitative', title: 'time from writing to arrival (ms)', scale: { domain: [0, most * 1.05], nice: false },
    axis: { tickCount: isNarrow(caption) ? 5 : 10, format: ',~r' }
  }
  const y = (field: string): object => ({
    field, type: 'quantitative', title: null, scale: { domain: [-0.5, regions.length - 0.5], reverse: true, nice: false, zero: false },
    axis: { values: regions.map((_, row) => row), labelExpr: `${JSON.stringify(regions)}[datum.value]`, grid: false, ticks: false, labelLimit: 100 }
  })
  const by = (channel: 'colour' | 'shape'): object => ({
    field: 'series', type: 'nominal', title: null, scale: { domain: series.map(({ name }) => name), range: series.map((each) => each[channel]) },
    legend: legendBelow(caption, 'points', { columns: isNarrow(caption) ? 1 : 2, symbolStrokeWidth: 1, symbolSize: 30 })
  })
  const between = regions.slice(1).map((_, row) => ({ between: row + 0.5 }))
  const bounds = values.filter(({ isBound }) => isBound)
  return {
    ...common,
    width: isNarrow(caption) ? 150 : 400, height: rowHeight * regions.length,
    layer: [
      { data: { values: between }, mark: { type: 'rule', color: '#e4e4e4' }, encoding: { y: y('between') } },
      {
        data: { values },
        mark: { type: 'point', filled: false, size: 18, strokeWidth: 0.9, opacity: 1 },
        encoding: { x, y: y('at'), color: by('colour'), shape: by('shape') }
      },
      ...(bounds.length === 0 ? [] : [{ data: { values: bounds }, mark: { type: 'text', text: '>', dx: 7, fontSize: 8 }, encoding: { x, y: y('at') } }])
    ]
  } as unknown as TopLevelSpec
}
