import type { TopLevelSpec } from 'vega-lite'
import type { Caption, Cell, Figure } from './figure.ts'
import { frame } from './figure.ts'

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
const widthMax = 320

/** A matrix of regions, sender by row and receiver by column: colour by viridis, and the number in each cell. */
export function heatMap ({ name, title, regions, cells, label, caption, metrics = [], remarks = [] }: HeatMapInit): Figure {
  const drawn = cells.map(({ from, to, value }): Record<string, Cell> => ({ from, to, value }))
  return { name, title, spec: specOf(regions, drawn, label, frame(title, caption, metrics, ['Row: from. Column: to.', ...remarks])), drawn }
}

function specOf (regions: readonly string[], values: ReadonlyArray<Record<string, Cell>>, label: string, common: object): TopLevelSpec {
  const numbers = values.flatMap(({ value }) => typeof value === 'number' ? [value] : [])
  // Viridis is dark below, so numbers there are white; the middle of the scale parts the two.
  const middle = (Math.min(...numbers) + Math.max(...numbers)) / 2
  const step = Math.min(38, widthMax / regions.length)
  const axis = (title: string, angle: number): object => ({ title, labelAngle: angle, labelLimit: 120, ticks: false, domain: false })
  const position = {
    x: { field: 'to', type: 'nominal', sort: regions, axis: axis('to', -40) },
    y: { field: 'from', type: 'nominal', sort: regions, axis: axis('from', 0) }
  }
  return {
    ...common,
    data: { values: values.map((value) => ({ ...value })) },
    width: step * regions.length,
    height: step * regions.length * 0.72,
    layer: [
      {
        mark: { type: 'rect', stroke: 'white', strokeWidth: 0.5, invalid: null },
        encoding: {
          ...position,
          color: { field: 'value', type: 'quantitative', scale: { scheme: 'viridis' }, title: label, legend: { gradientLength: 120 } }
        }
      },
      ...(regions.length > numberedMax
        ? []
        : [{
            transform: [{ filter: 'isValid(datum.value)' }],
            mark: { type: 'text', fontSize: 7.5 },
            encoding: {
              ...position,
              text: { field: 'value', type: 'quantitative', format: '.3~r' },
              color: { condition: { test: `datum.value > ${middle}`, value: 'black' }, value: 'white' }
            }
          }])
    ]
  } as TopLevelSpec
}
