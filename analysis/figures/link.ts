import type { TopLevelSpec } from 'vega-lite'
import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { median } from '../statistics/index.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRuns, frame, layoutOf, legendBelow, logTicks, panelRows, runColours, runShapes, wantsLog } from './figure.ts'

const panels = [
  { metric: 'link_rtt_ms', label: 'Round trip', unit: 'ms', divisor: 1 },
  { metric: 'link_throughput_bits_per_second', label: 'Throughput', unit: 'Mbit/s', divisor: 1e6 }
]

interface LinkPoint {
  run: string
  panel: string
  from: string
  to: string
  asked: number
  measured: number
  unit: string
}

/** `link`: what every pair of regions really did, against what was asked; on the line they agree. Several runs have signs of their own. */
export function drawLink (rows: readonly Row[], caption: Caption): Drawing {
  const { runs, remarks } = drawnRuns(rows.filter((row) => panels.some(({ metric }) => metric === row.metric)), caption)
  const points = panels.flatMap(({ metric, label, unit, divisor }) => {
    const own = rows.filter((row) => row.metric === metric && runs.includes(row.run))
    const pairs = groupBy(own, ({ run, tags }) => JSON.stringify([run, tags.from ?? '-', tags.to ?? '-']))
    return [...pairs.keys()].sort().flatMap((key): LinkPoint[] => {
      const [run = '', from = '-', to = '-'] = JSON.parse(key) as string[]
      const usable = (pairs.get(key) ?? []).filter(({ measures }) => (measures.asked ?? 0) > 0 && (measures.value ?? -1) >= 0)
      if (usable.length === 0) return []
      const middle = (measure: string): number => median(usable.map(({ measures }) => measures[measure] as number)) / divisor
      return [{ run, panel: label, from, to, asked: middle('asked'), measured: middle('value'), unit }]
    })
  })
  if (points.length === 0) {
    return { name: 'link', missing: 'There is no link figure, for no row has link_rtt_ms or link_throughput_bits_per_second with what was asked: the case "link" measures them.' }
  }
  const title = 'Link: what was measured against what was asked, one point per pair of regions'
  const spec = linkSpec(points, runs, caption, frame(title, caption, panels.map(({ metric }) => metric), ['On the grey line, measured and asked agree. Medians.', ...remarks]))
  return { figure: { name: 'link', title, width: layoutOf(caption).width, spec, drawn: points.map((point): Record<string, Cell> => ({ ...point })) } }
}

function linkSpec (points: readonly LinkPoint[], runs: readonly string[], caption: Caption, common: object): TopLevelSpec {
  const shown = panels.filter(({ label }) => points.some(({ panel }) => panel === label))
  return {
    ...common,
    spacing: 16,
    vconcat: panelRows(caption, [shown.map(({ label, unit }) =>
      linkPanel(label, unit, points.filter(({ panel }) => panel === label), { runs, caption }))])
  } as TopLevelSpec
}

interface PanelLook {
  runs: readonly string[]
  caption: Caption
}

function linkPanel (label: string, unit: string, points: readonly LinkPoint[], { runs, caption }: PanelLook): object {
  const values = points.flatMap(({ asked, measured }) => [asked, measured])
  const log = wantsLog(values)
  const ends = log
    ? [Math.min(...values) / 1.2, Math.max(...values) * 1.2]
    : [0, Math.max(...values) * 1.08]
  const scale = { type: log ? 'log' : 'linear', domain: ends, nice: false }
  const ticks = log ? { values: logTicks(ends[0] as number, ends[1] as number) } : { tickCount: 5 }
  const axis = { ...ticks, format: ',~r', labelOverlap: 'greedy' }
  const byRun = { field: 'run', type: 'nominal', title: 'run', legend: legendBelow(caption, 'points', { symbolStrokeWidth: 1 }) }
  return {
    width: 200,
    height: 190,
    layer: [
      {
        data: { values: ends.map((end) => ({ asked: end, measured: end })) },
        mark: { type: 'line', color: '#999', strokeWidth: 1 },
        encoding: { x: { field: 'asked', type: 'quantitative' }, y: { field: 'measured', type: 'quantitative' } }
      },
      {
        data: { values: points.map((point) => ({ ...point })) },
        mark: { type: 'point', filled: false, size: 24, strokeWidth: 1.1, opacity: 1, color: '#0072B2' },
        encoding: {
          x: { field: 'asked', type: 'quantitative', scale, axis, title: `${label.toLowerCase()} asked (${unit}${log ? ', log' : ''})` },
          y: { field: 'measured', type: 'quantitative', scale, axis, title: `measured (${unit}${log ? ', log' : ''})` },
          ...(runs.length === 1 ? {} : { color: { ...byRun, scale: runColours(runs) }, shape: { ...byRun, scale: runShapes(runs) } })
        }
      }
    ]
  }
}
