import type { TopLevelSpec } from 'vega-lite'
import { powerLaw } from '../statistics/index.ts'
import { formatNumber, scaleFor } from '../units.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { frame, layoutOf, logTicks, panelRows, panelTitle } from './figure.ts'

/** One run, as scaling sees it. */
export interface ScalingRun {
  run: string
  instances: number
  /** By metric: the median over the run's rows, or the sum over its instances. */
  values: ReadonlyMap<string, { value: number, isBound: boolean }>
}

interface Panel {
  metric: string
  label: string
  /** Unit of the metric. */
  unit: 'ms' | 'B'
  /** The power of the number of instances that would be ideal: 0 where more peers should not cost time, 1 where each has to get all. */
  ideal: 0 | 1
}

/** What is drawn, of what a run has. */
export const scalingPanels: readonly Panel[] = [
  { metric: 'replication_file_ms', label: 'Replication of files, median', unit: 'ms', ideal: 0 },
  { metric: 'bootstrap_files_ms', label: 'Bootstrapping with files, median', unit: 'ms', ideal: 0 },
  { metric: 'bytes_received', label: 'Bytes received by all', unit: 'B', ideal: 1 },
  { metric: 'cpu_ms', label: 'CPU time of all', unit: 'ms', ideal: 1 }
]

interface Point {
  run: string
  panel: string
  kind: 'run' | 'ideal' | 'fit'
  instances: number
  value: number
  isBound: boolean
}

/** `scaling`: what runs of several sizes took, on logarithmic axes, with the line of ideal growth and the power law that fits them. */
export function drawScaling (runs: readonly ScalingRun[], caption: Caption): Drawing {
  const usable = runs.filter(({ instances }) => instances > 0)
  const parts = scalingPanels.flatMap((panel) => {
    const own = usable.flatMap(({ run, instances, values }) => {
      const found = values.get(panel.metric)
      return found === undefined || !(found.value > 0) ? [] : [{ run, instances, value: found.value, isBound: found.isBound }]
    })
    return new Set(own.map(({ instances }) => instances)).size < 2 ? [] : [partOf(panel, own)]
  })
  if (parts.length === 0) {
    return { name: 'scaling', missing: 'There is no figure of scaling, for it takes runs of at least two numbers of instances that measured the same.' }
  }
  const title = 'Scaling: what more instances cost'
  const notes = [
    'Grey, dashed: ideal growth from the median of the smallest runs. Black: power law of the number n of instances; in brackets the 95 % interval of its exponent.',
    ...(parts.some(({ points }) => points.some(({ isBound }) => isBound)) ? ['○ a lower bound: waits that ran out decided it.'] : [])
  ]
  const drawn = parts.flatMap(({ points }) => points).map(({ run, panel, kind, instances, value, isBound }): Record<string, Cell> =>
    ({ run, panel, kind, instances, value, unit: scalingPanels.find(({ label }) => label === panel)?.unit ?? '', lower_bound: isBound }))
  const shown = parts.map(panelOf)
  const rows = shown.length <= 2 ? [shown] : [shown.slice(0, 2), shown.slice(2)]
  const common = frame(title, caption, scalingPanels.map(({ metric }) => metric), notes)
  const spec = { ...common, spacing: 14, vconcat: panelRows(caption, rows) } as unknown as TopLevelSpec
  return { figure: { name: 'scaling', title, width: layoutOf(caption).width, spec, drawn } }
}

interface Part {
  panel: Panel
  points: Point[]
  exponent: string
}

function partOf (panel: Panel, own: ReadonlyArray<{ run: string, instances: number, value: number, isBound: boolean }>): Part {
  const sizes = own.map(({ instances }) => instances)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const smallest = own.filter(({ instances }) => instances === least).map(({ value }) => value).sort((a, b) => a - b)
  const from = smallest[Math.floor((smallest.length - 1) / 2)] as number
  const line = (kind: 'ideal' | 'fit', at: (instances: number) => number): Point[] =>
    [least, most].map((instances) => ({ run: '', panel: panel.label, kind, instances, value: at(instances), isBound: false }))
  const isFitted = own.length >= 3
  const law = isFitted ? powerLaw(own.map(({ instances, value }) => [instances, value])) : undefined
  return {
    panel,
    points: [
      ...own.map((point): Point => ({ ...point, panel: panel.label, kind: 'run' })),
      ...line('ideal', (instances) => from * (instances / least) ** panel.ideal),
      ...(law === undefined ? [] : line('fit', (instances) => law.factor * instances ** law.exponent))
    ],
    exponent: law === undefined ? '' : `grows as n^${signed(law.exponent)} [${signed(law.low)}, ${signed(law.high)}]`
  }
}

function signed (value: number): string {
  return `${value < 0 ? '−' : ''}${formatNumber(Math.abs(value))}`
}

function panelOf ({ panel, points: unscaled, exponent }: Part): object {
  const { unit, divisor } = scaleFor(panel.unit, unscaled.reduce((most, { value }) => Math.max(most, value), 0))
  const points = unscaled.map((point) => ({ ...point, value: point.value / divisor }))
  const values = points.map(({ value }) => value)
  const sizes = points.map(({ instances }) => instances)
  const [low, high] = [Math.min(...values) / 1.6, Math.max(...values) * 1.6]
  const [few, many] = [Math.min(...sizes) / 1.15, Math.max(...sizes) * 1.15]
  const all = [...new Set(sizes)].sort((a, b) => a - b)
  const x = {
    field: 'instances', type: 'quantitative', title: 'instances (log)', scale: { type: 'log', domain: [few, many], nice: false },
    axis: { format: 'd', labelOverlap: 'greedy', values: all.length <= 8 ? all : logTicks(few, many) }
  }
  const ticks = logTicks(low, high)
  const y = {
    field: 'value', type: 'quantitative', title: `${unit} (log)`, scale: { type: 'log', domain: [low, high], nice: false },
    axis: { format: ',~r', ...(ticks.length > 1 ? { values: ticks } : { tickCount: 4 }) }
  }
  const layer = (kind: Point['kind'], mark: object, isBound?: boolean): object[] => {
    const own = points.filter((point) => point.kind === kind && (isBound === undefined || point.isBound === isBound))
    return own.length === 0 ? [] : [{ data: { values: own }, mark: { opacity: 1, ...mark }, encoding: { x, y } }]
  }
  return {
    height: 130,
    width: 200,
    title: { ...panelTitle(panel.label), ...(exponent === '' ? {} : { subtitle: exponent, subtitleFontSize: 7.5, subtitlePadding: 1 }) },
    layer: [
      ...layer('ideal', { type: 'line', strokeDash: [4, 3], color: '#888', strokeWidth: 1.2, strokeCap: 'butt' }),
      ...layer('fit', { type: 'line', color: '#000', strokeWidth: 1, strokeCap: 'butt' }),
      ...layer('run', { type: 'point', filled: true, shape: 'circle', size: 26, color: '#0072B2' }, false),
      ...layer('run', { type: 'point', filled: false, shape: 'circle', size: 26, color: '#0072B2', strokeWidth: 1.1 }, true)
    ]
  }
}
