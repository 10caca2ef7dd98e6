import { position, quantile } from '../statistics/quantile.ts'
import { sortSamples, thin } from '../statistics/index.ts'
import type { Sample } from '../statistics/index.ts'

/** Points of one row; more would be one smear. */
const pointsMax = 120
const rowHeight = 21
/** Spreads points evenly over any part of them, the same way each time. */
const golden = 0.618_033_988_749_895

/** Quartiles, the range from the 5th to the 95th percentile, and the single values of one row. */
export interface Box {
  row: string
  n: number
  p5: number
  q1: number
  median: number
  q3: number
  p95: number
  /** Whether a wait that ran out decided the 95th percentile, so that the truth lies above it. */
  isBound: boolean
  points: ReadonlyArray<{ value: number, censored: boolean }>
}

/** @param samples - at least one */
export function boxOf (row: string, samples: readonly Sample[]): Box {
  const sorted = sortSamples(samples)
  const values = sorted.map(({ value }) => value)
  const at = (p: number): number => quantile(values, p)
  const { low, weight } = position(values.length, 0.95)
  const firstCensored = sorted.findIndex(({ censored }) => censored)
  return {
    row, n: sorted.length, p5: at(0.05), q1: at(0.25), median: at(0.5), q3: at(0.75), p95: at(0.95),
    isBound: firstCensored !== -1 && firstCensored <= (weight === 0 ? low : low + 1),
    points: thin(sorted, pointsMax)
  }
}

export interface BoxPanelInit {
  boxes: readonly Box[]
  /** Rows from above; those without a box stay empty. */
  rows: readonly string[]
  /** The axis of values: title, scale and ticks, without its field. */
  axis: object
  width: number
  hasRowNames: boolean
}

/** Boxes lying one above the other, each with its points below it, and ">" at the end of one that is a lower bound. */
export function boxPanel ({ boxes, rows, axis, width, hasRowNames }: BoxPanelInit): object {
  const place = (row: string): number => rows.indexOf(row)
  const y = (field: string): object => ({
    field, type: 'quantitative', title: null, scale: { domain: [-0.55, rows.length - 0.45], reverse: true, nice: false, zero: false },
    axis: hasRowNames
      ? { values: rows.map((_, row) => row), labelExpr: `${JSON.stringify(rows)}[datum.value]`, grid: false, ticks: false, domain: false, labelLimit: 100 }
      : null
  })
  const x = (field: string): object => ({ ...axis, field, type: 'quantitative' })
  const values = boxes.map(({ points: _, row, ...box }) => {
    const at = place(row)
    return { ...box, row, top: at - 0.38, middle: at - 0.2, bottom: at - 0.02 }
  })
  const points = boxes.flatMap(({ row, points }) => points.map((point, index) =>
    ({ ...point, at: place(row) + 0.1 + 0.34 * ((index + 1) * golden % 1) })))
  const bounds = values.filter(({ isBound }) => isBound)
  const cap = (field: string): object => ({
    mark: { type: 'rule', strokeWidth: 0.9, color: '#222', strokeCap: 'butt' }, encoding: { x: x(field), y: y('top'), y2: { field: 'bottom' } }
  })
  const pointLayer = (censored: boolean, mark: object): object[] => {
    const own = points.filter((point) => point.censored === censored)
    return own.length === 0 ? [] : [{ data: { values: own }, mark: { type: 'point', ...mark }, encoding: { x: x('value'), y: y('at') } }]
  }
  return {
    width, height: rowHeight * rows.length, data: { values },
    layer: [
      ...pointLayer(false, { filled: true, shape: 'circle', size: 5, opacity: 0.45, color: '#0072B2' }),
      ...pointLayer(true, { filled: false, shape: 'circle', size: 10, opacity: 0.8, strokeWidth: 0.8, color: '#D55E00' }),
      { mark: { type: 'rule', strokeWidth: 0.9, color: '#222', strokeCap: 'butt' }, encoding: { x: x('p5'), x2: { field: 'p95' }, y: y('middle') } },
      cap('p5'), cap('p95'),
      {
        mark: { type: 'rect', color: '#dceaf4', stroke: '#222', strokeWidth: 0.9, opacity: 1 },
        encoding: { x: x('q1'), x2: { field: 'q3' }, y: y('top'), y2: { field: 'bottom' } }
      },
      { mark: { type: 'rule', strokeWidth: 2, color: '#000', strokeCap: 'butt' }, encoding: { x: x('median'), y: y('top'), y2: { field: 'bottom' } } },
      ...(bounds.length === 0 ? [] : [{ data: { values: bounds }, mark: { type: 'text', text: '>', dx: 5, fontSize: 8 }, encoding: { x: x('p95'), y: y('middle') } }])
    ]
  }
}
