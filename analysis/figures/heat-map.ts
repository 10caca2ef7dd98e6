import type { TopLevelSpec } from 'vega-lite'
import { formatNumber } from '../units.ts'
import type { Caption, Cell, Figure } from './figure.ts'
import { frame, isNarrow, layoutOf } from './figure.ts'

export interface HeatMapCell {
  from: string
  to: string
  /** Null where nothing is known. */
  value: number | null
}

export interface HeatMapInit {
  /** File name without extension. */
  name: string
  title: string
  /** In the order of rows and columns. */
  regions: readonly string[]
  cells: readonly HeatMapCell[]
  /** What a cell is, with its unit: the title of the scale. */
  label: string
  caption: Caption
  /** The metric that is drawn, by which warnings are chosen. */
  metrics?: readonly string[]
  remarks?: readonly string[]
}

/** Beyond so many regions numbers in cells would run into each other; colour alone then tells, and the CSV has the numbers. */
const numberedMax = 12

/** A matrix of regions, sender by row and receiver by column: colour by viridis, and the number in each cell. */
export function heatMap ({ name, title, regions, cells, label, caption, metrics = [], remarks = [] }: HeatMapInit): Figure {
  const drawn = cells.map(({ from, to, value }): Record<string, Cell> => ({ from, to, value }))
  const common = frame(title, caption, metrics, ['Row: from. Column: to.', ...remarks])
  const size = isNarrow(caption) ? 160 : 320
  const spec = { ...common, ...heatPanel({ regions, cells, label, size, isLegendBelow: isNarrow(caption) }) } as TopLevelSpec
  return { name, title, width: layoutOf(caption).width, spec, drawn }
}

export interface HeatPanelInit {
  regions: readonly string[]
  cells: readonly HeatMapCell[]
  label: string
  /** Most that the matrix is wide, in points. */
  size: number
  isLegendBelow: boolean
  /** Least and largest value of the scale, where several panels share it. */
  domain?: readonly [number, number]
  isLog?: boolean
  /** Whether rows are named; where a panel stands to the left, that one names them. */
  hasRowNames?: boolean
}

/** One matrix, without what a whole figure has around it. */
export function heatPanel (init: HeatPanelInit): object {
  const { regions, cells, label, size, isLegendBelow, domain, isLog = false, hasRowNames = true } = init
  const numbers = cells.flatMap(({ value }) => value ?? [])
  const [least, most] = domain ?? [Math.min(...numbers), Math.max(...numbers)]
  // Viridis is dark below, so numbers there are white; the middle of the scale parts the two.
  const middle = isLog ? Math.sqrt(least * most) : (least + most) / 2
  const step = Math.min(38, size / regions.length)
  const axis = (title: string, angle: number): object => ({ title, labelAngle: angle, labelLimit: 110, ticks: false, domain: false })
  const position = {
    x: { field: 'to', type: 'nominal', sort: regions, scale: { domain: regions }, axis: axis('to', -40) },
    y: { field: 'from', type: 'nominal', sort: regions, scale: { domain: regions }, axis: hasRowNames ? axis('from', 0) : null }
  }
  const legend = { gradientLength: 120, gradientThickness: 8, ...(isLegendBelow ? { orient: 'bottom' } : {}) }
  const scale = { scheme: 'viridis', ...(isLog ? { type: 'log' } : {}), ...(domain === undefined ? {} : { domain }) }
  const text = {
    transform: [{ filter: 'isValid(datum.value)' }],
    mark: { type: 'text', fontSize: step < 24 ? 6.5 : 7.5 },
    encoding: {
      ...position,
      text: { field: 'shown', type: 'nominal' },
      color: { condition: { test: `datum.value > ${middle}`, value: 'black' }, value: 'white' }
    }
  }
  return {
    data: { values: cells.map((cell) => ({ ...cell, shown: cell.value === null ? '' : formatNumber(cell.value) })) },
    width: step * regions.length,
    height: step * regions.length * 0.72,
    layer: [
      {
        // Where nothing is known there is paper.
        transform: [{ filter: 'isValid(datum.value)' }],
        mark: { type: 'rect', stroke: 'white', strokeWidth: 0.5 },
        encoding: { ...position, color: { field: 'value', type: 'quantitative', scale, title: label, legend } }
      },
      ...(regions.length > numberedMax ? [] : [text])
    ]
  }
}
