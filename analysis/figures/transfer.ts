import type { TopLevelSpec } from 'vega-lite'
import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { mean, median } from '../statistics/index.ts'
import type { Transfer } from '../transfers.ts'
import { transferMetrics, transfersOf } from '../transfers.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { frame, layoutOf, legendBelow, logTicks, modelScales, panelRows, panelTitle, wantsLog } from './figure.ts'

/** Runs with a colour of their own; more could not be told apart. */
const runsMax = 7

const panels = [
  { label: 'Time to fetch a file', axis: 's', of: ({ fetchSeconds }: Transfer) => fetchSeconds, middleOf: median },
  { label: 'Bytes received for each byte of the file', axis: 'bytes per byte', of: ({ receivedRatio }: Transfer) => receivedRatio, middleOf: mean }
] as const

interface Point {
  panel: string
  run: string
  megabytes: number
  value: number
  /** A single fetch, or the median of times and the mean of bytes. */
  kind: 'fetch' | 'middle'
}

/** `transfer`: how long a leech took to fetch a file, and how much came for it, over the size of the file; a line for each run. */
export function drawTransfer (rows: readonly Row[], caption: Caption): Drawing {
  const transfers = transfersOf(rows)
  if (transfers.length === 0) {
    return { name: 'transfer', missing: 'There is no figure of transfers, for no row of a leech has time_to_fetch: the case "transfer" measures it.' }
  }
  const all = [...new Set(transfers.map(({ run }) => run))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const runs = all.slice(0, runsMax)
  const points = panels.flatMap((panel) => pointsOf(transfers.filter(({ run }) => runs.includes(run)), panel))
  const title = 'Transfer: what it takes to fetch a file'
  const notes = [
    'A sign for each fetch; lines: the median of times, the mean of bytes, of which 1 is the least possible.',
    ...(all.length > runs.length ? [`${runs.length} of ${all.length} runs are drawn; the tables hold all.`] : [])
  ]
  const drawn = points.map((point): Record<string, Cell> => ({ ...point }))
  const common = frame(title, caption, [...transferMetrics], notes)
  return { figure: { name: 'transfer', title, width: layoutOf(caption).width, spec: specOf(points, runs, caption, common), drawn } }
}

function pointsOf (transfers: readonly Transfer[], { label, of, middleOf }: typeof panels[number]): Point[] {
  const fetches = transfers.flatMap((transfer): Point[] => {
    const value = of(transfer)
    return value === undefined ? [] : [{ panel: label, run: transfer.run, megabytes: transfer.fileBytes / 1e6, value, kind: 'fetch' }]
  })
  const middles = [...groupBy(fetches, ({ run, megabytes }) => JSON.stringify([run, megabytes])).values()].map((own): Point =>
    ({ ...own[0] as Point, kind: 'middle', value: middleOf(own.map(({ value }) => value)) }))
  return [...fetches, ...middles.sort((a, b) => a.megabytes - b.megabytes)]
}

function specOf (points: readonly Point[], runs: readonly string[], caption: Caption, common: object): TopLevelSpec {
  const shown = panels.filter(({ label }) => points.some(({ panel }) => panel === label))
  return {
    ...common,
    spacing: 16,
    vconcat: panelRows(caption, [
      shown.map((panel) => panelOf(points.filter((point) => point.panel === panel.label), panel, runs, caption))
    ])
  } as unknown as TopLevelSpec
}

function panelOf (points: readonly Point[], { label, axis }: typeof panels[number], runs: readonly string[], caption: Caption): object {
  const { colour, dash, shape } = modelScales(runs)
  const sizes = [...new Set(points.map(({ megabytes }) => megabytes))].sort((a, b) => a - b)
  const values = points.map(({ value }) => value)
  const [least, most, isLog] = [Math.min(...values), Math.max(...values), wantsLog(values)]
  const x = {
    field: 'megabytes', type: 'quantitative', title: 'size of the file (MB, log)',
    scale: { type: 'log', domain: [(sizes[0] as number) / 1.25, (sizes.at(-1) as number) * 1.25], nice: false },
    axis: { values: sizes, format: '.3~r', labelOverlap: 'greedy' }
  }
  const y = {
    field: 'value', type: 'quantitative', title: `${axis}${isLog ? ' (log)' : ''}`,
    scale: isLog ? { type: 'log', domain: [least / 1.2, most * 1.2], nice: false } : { domain: [0, most * 1.1], nice: false },
    axis: { format: ',~r', ...(isLog ? { values: logTicks(least / 1.2, most * 1.2) } : { tickCount: 5 }) }
  }
  const legend = legendBelow(caption, 'points', { symbolStrokeWidth: 1.2, symbolSize: 36 })
  const by = (scale: object): object => ({ field: 'run', type: 'nominal', title: 'run', scale, legend })
  // A field of its own, because the legend says what is what by signs.
  const lines = points.filter(({ kind }) => kind === 'middle').map((point) => ({ ...point, line: point.run }))
  return {
    height: 140,
    title: panelTitle(label),
    encoding: { x, y, color: by(colour) },
    layer: [
      {
        data: { values: lines },
        mark: { type: 'line', strokeWidth: 1.4, strokeCap: 'butt' },
        encoding: { strokeDash: { field: 'line', type: 'nominal', scale: dash, legend: null } }
      },
      {
        data: { values: points.filter(({ kind }) => kind === 'fetch') },
        mark: { type: 'point', filled: false, size: 14, strokeWidth: 0.9, opacity: 0.9 },
        encoding: { shape: by(shape) }
      }
    ]
  }
}
