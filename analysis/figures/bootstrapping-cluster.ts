import type { TopLevelSpec } from 'vega-lite'
import { prototypeBootstrapping, prototypeSource } from '../prototype.ts'
import { median } from '../statistics/index.ts'
import type { SizePoint } from './bootstrapping-size.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { frame, isNarrow, layoutOf, legendBelow, logTicks, plotWidth, wantsLog } from './figure.ts'

/** Cluster sizes of which a line is worth the name. */
const sizesMin = 3

const series = [
  { name: 'prototype 2023, entries', colour: '#7a7a7a', dash: [1.5, 1.5], shape: 'cross' },
  { name: 'here, entries', colour: '#0072B2', dash: [], shape: 'circle' },
  { name: 'here, entries and files', colour: '#D55E00', dash: [5, 2.5], shape: 'triangle-up' }
] as const

interface Point {
  series: string
  run: string
  region: string
  peersBefore: number
  seconds: number
  ranOut: boolean
}

/**
 * `bootstrapping-cluster`: how long a newcomer takes, over how many peers were there before it, beside what the prototype took.
 * A sign for each newcomer, and a line through the medians.
 */
export function drawBootstrappingCluster (sizes: readonly SizePoint[], caption: Caption): Drawing {
  const ours = sizes.map(({ what, run, region, peersBefore, seconds, ranOut }): Point =>
    ({ series: series[what === 'log' ? 1 : 2].name, run, region, peersBefore, seconds, ranOut }))
  if (new Set(ours.map(({ peersBefore }) => peersBefore)).size < sizesMin) {
    return { name: 'bootstrapping-cluster', missing: `There is no figure of bootstrapping over cluster size, for it takes newcomers to clusters of at least ${sizesMin} sizes.` }
  }
  const theirs = prototypeBootstrapping.flatMap(({ region, peersBefore, seconds }): Point[] =>
    seconds === null ? [] : [{ series: series[0].name, run: 'prototype', region, peersBefore, seconds, ranOut: false }])
  const points = [...theirs, ...ours]
  const runs = new Set(ours.map(({ run }) => run)).size
  const title = 'Bootstrapping: how long a newcomer takes, over the size of the cluster'
  const notes = [
    `Signs: newcomers${runs > 1 ? ` of ${runs} runs` : ''}. Lines: their medians.`,
    prototypeSource,
    ...(ours.some(({ ranOut }) => ranOut) ? ['↑ the wait ran out at this time: the truth lies above.'] : [])
  ]
  const drawn = points.map(({ series, run, region, peersBefore, seconds, ranOut }): Record<string, Cell> =>
    ({ series, run, region, peers_before: peersBefore, seconds, ran_out: ranOut }))
  const spec = specOf(points, caption, frame(title, caption, ['bootstrap_log_ms', 'bootstrap_files_ms'], notes))
  return { figure: { name: 'bootstrapping-cluster', title, width: layoutOf(caption).width, spec, drawn } }
}

function specOf (points: readonly Point[], caption: Caption, common: object): TopLevelSpec {
  const shown = series.filter(({ name }) => points.some((point) => point.series === name))
  const values = points.map(({ seconds }) => seconds)
  const log = wantsLog(values)
  const [least, most] = [log ? Math.min(...values) / 1.3 : 0, Math.max(...values) * (log ? 1.3 : 1.08)]
  const largest = Math.max(...points.map(({ peersBefore }) => peersBefore))
  const x = { field: 'peersBefore', type: 'quantitative', title: 'peers before the newcomer', scale: { domain: [0, largest * 1.04], nice: false }, axis: { tickCount: 8, format: 'd' } }
  const y = {
    field: 'seconds', type: 'quantitative', title: `time to hold all (s${log ? ', log' : ''})`,
    scale: { type: log ? 'log' : 'linear', domain: [least, most], nice: false },
    axis: { format: ',~r', ...(log ? { values: logTicks(least, most) } : { tickCount: 5 }) }
  }
  const legend = legendBelow(caption, 'points', { columns: isNarrow(caption) ? 1 : 3, title: null, symbolSize: 36, symbolStrokeWidth: 1.1 })
  const by = (channel: 'colour' | 'shape'): object =>
    ({ field: 'series', type: 'nominal', title: null, legend, scale: { domain: shown.map(({ name }) => name), range: shown.map((each) => each[channel]) } })
  const late = points.filter(({ ranOut }) => ranOut)
  return {
    ...common,
    width: plotWidth(caption, 1), height: isNarrow(caption) ? 150 : 200,
    layer: [
      {
        data: { values: points },
        mark: { type: 'point', filled: false, size: 18, strokeWidth: 0.9, opacity: 1 },
        encoding: { x, y, color: by('colour'), shape: by('shape') }
      },
      ...shown.map(({ name, colour, dash }) => ({
        data: { values: mediansOf(points.filter((point) => point.series === name)) },
        mark: { type: 'line', strokeWidth: 1.5, strokeCap: 'butt', color: colour, strokeDash: dash },
        encoding: { x, y }
      })),
      ...(late.length === 0 ? [] : [{ data: { values: late }, mark: { type: 'text', text: '↑', dy: -8, fontSize: 9, color: '#222' }, encoding: { x, y } }])
    ]
  } as unknown as TopLevelSpec
}

function mediansOf (points: readonly Point[]): Array<Pick<Point, 'series' | 'peersBefore' | 'seconds'>> {
  const sizes = [...new Set(points.map(({ peersBefore }) => peersBefore))].sort((a, b) => a - b)
  return sizes.map((peersBefore) => ({
    series: points[0]?.series ?? '', peersBefore, seconds: median(points.filter((point) => point.peersBefore === peersBefore).map(({ seconds }) => seconds))
  }))
}
