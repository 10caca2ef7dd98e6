import type { TopLevelSpec } from 'vega-lite'
import type { RunRecord } from '../records.ts'
import type { Row } from '../rows.ts'
import { groupBy } from '../rows.ts'
import { mean } from '../statistics/index.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { frame, layoutOf, legendBelow, modelScales, panelRows, panelTitle } from './figure.ts'

const errors = [
  { metric: 'false_accept_rate', label: 'Flawed ones taken for valid' },
  { metric: 'false_reject_rate', label: 'Sound ones taken for invalid' }
]
const costs = [
  { metric: 'validation_messages', label: 'requests for votes per contribution' },
  { metric: 'validations_computed', label: 'looks at content per contribution' }
]

/** What one run says: means over its peers. */
interface Outcome {
  run: string
  strategy: string
  adversary: string
  rates: ReadonlyMap<string, number>
  costs: ReadonlyMap<string, number>
}

/**
 * `validation`: how often a strategy is wrong, against what it costs: a sign for each run, means over its peers. Above by requests
 * for votes, below by looks at the content; letters name what adversaries did.
 */
export function drawValidation (rows: readonly Row[], run: RunRecord, caption: Caption): Drawing {
  const byRun = groupBy(rows.filter(({ metric }) => [...errors, ...costs].some((each) => each.metric === metric)), (row) => row.run)
  const outcomes = [...byRun].map(([id, own]) => outcomeOf(id, own, run)).filter(({ rates }) => rates.size > 0)
  if (outcomes.length === 0) {
    return { name: 'validation', missing: 'There is no figure of validation, for no row has false_accept_rate or false_reject_rate: the case "validation" measures them.' }
  }
  const adversaries = [...new Set(outcomes.map(({ adversary }) => adversary))]
  const letter = (adversary: string): string => String.fromCharCode('a'.charCodeAt(0) + adversaries.indexOf(adversary) % 26)
  const title = 'Validation: how often a strategy is wrong, against what it costs'
  const notes = [`Letters: what voters do. ${adversaries.map((adversary) => `${letter(adversary)} ${adversary}`).join(', ')}.`, 'One sign per run, means over its peers.']
  const points = outcomes.flatMap(({ run, strategy, adversary, rates, costs: spent }) => errors.flatMap((error) => costs.flatMap((cost) => {
    const [rate, amount] = [rates.get(error.metric), spent.get(cost.metric)]
    return rate === undefined || amount === undefined
      ? []
      : [{ run, strategy, adversary, error: error.label, rate, cost: cost.label, amount, letter: letter(adversary) }]
  })))
  if (points.length === 0) {
    return { name: 'validation', missing: 'There is no figure of validation, for no run has both rates of error and what validation cost.' }
  }
  const drawn = points.map(({ letter: _, ...point }): Record<string, Cell> => point)
  const common = frame(title, caption, [...errors, ...costs].map(({ metric }) => metric), notes)
  return { figure: { name: 'validation', title, width: layoutOf(caption).width, spec: specOf(points, caption, common), drawn } }
}

function outcomeOf (id: string, rows: readonly Row[], run: RunRecord): Outcome {
  const meanOf = (metric: string, of: (row: Row) => number | undefined): number | undefined => {
    const values = rows.filter((row) => row.metric === metric).flatMap((row) => of(row) ?? [])
    return values.length === 0 ? undefined : mean(values)
  }
  const found = (metrics: ReadonlyArray<{ metric: string }>, of: (row: Row) => number | undefined): Map<string, number> =>
    new Map(metrics.flatMap(({ metric }) => {
      const value = meanOf(metric, of)
      return value === undefined ? [] : [[metric, value] as const]
    }))
  return {
    run: id,
    strategy: rows.find(({ tags }) => tags.strategy !== undefined)?.tags.strategy ?? '-',
    adversary: adversaryOf(id, run),
    rates: found(errors, ({ measures }) => measures.value),
    costs: found(costs, ({ measures: { value, contributions = 0 } }) =>
      value === undefined || contributions <= 0 ? undefined : value / contributions)
  }
}

/** What the voters of a run do that are not honest, from its parameters. */
function adversaryOf (id: string, { runs = [] }: RunRecord): string {
  const behaviours = (runs.find((run) => run.id === id)?.groups ?? []).flatMap(({ count, params = {} }) => {
    const { behaviour, error_rate: errorRate } = params
    if (count === 0) return []
    if (typeof behaviour === 'string' && behaviour !== 'honest') return [behaviour]
    return Number(errorRate ?? 0) > 0 ? ['mistaken'] : []
  })
  return behaviours.length === 0 ? 'honest' : [...new Set(behaviours)].join(' and ')
}

interface Point {
  strategy: string
  error: string
  rate: number
  cost: string
  amount: number
  letter: string
}

function specOf (points: readonly Point[], caption: Caption, common: object): TopLevelSpec {
  const strategies = [...new Set(points.map(({ strategy }) => strategy))].sort()
  const most = points.reduce((largest, { rate }) => Math.max(largest, rate), 0.1)
  const rows = costs.map((cost) => errors.map((error) => {
    const own = points.filter((point) => point.cost === cost.label && point.error === error.label)
    return own.length === 0 ? [] : [panel(own, { cost: cost.label, error: error.label, most, strategies, caption })]
  }).flat())
  return { ...common, spacing: 14, vconcat: panelRows(caption, rows) } as unknown as TopLevelSpec
}

interface PanelLook {
  cost: string
  error: string
  /** The top of the axis of errors. */
  most: number
  strategies: readonly string[]
  caption: Caption
}

function panel (points: readonly Point[], { cost, error, most, strategies, caption }: PanelLook): object {
  const { colour, shape } = modelScales(strategies)
  const dearest = points.reduce((largest, { amount }) => Math.max(largest, amount), 0.1)
  const x = { field: 'amount', type: 'quantitative', title: cost, scale: { domain: [-0.04 * dearest, dearest * 1.1], nice: false }, axis: { tickCount: 5, format: ',~r' } }
  const y = { field: 'rate', type: 'quantitative', title: 'rate', scale: { domain: [-0.04 * most, most * 1.12], nice: false }, axis: { tickCount: 5, format: '~r' } }
  const by = (scale: object): object => ({ field: 'strategy', type: 'nominal', title: 'strategy', scale, legend: legendBelow(caption, 'points', { symbolStrokeWidth: 1.2, symbolSize: 36 }) })
  const labels = labelsOf(points, 0.13 * dearest, 0.06 * most)
  return {
    height: 120,
    title: panelTitle(error),
    layer: [
      { data: { values: points }, mark: { type: 'point', filled: false, size: 30, strokeWidth: 1.2, opacity: 1 }, encoding: { x, y, color: by(colour), shape: by(shape) } },
      { data: { values: labels }, mark: { type: 'text', align: 'left', dx: 5, dy: -5, fontSize: 7, color: '#222' }, encoding: { x, y, text: { field: 'text', type: 'nominal' } } }
    ]
  }
}

/** Letters of signs that are near each other stand beside each other, at the rightmost of them, and not over each other. */
function labelsOf (points: readonly Point[], nearAmount: number, nearRate: number): Array<{ amount: number, rate: number, text: string }> {
  const groups: Point[][] = []
  for (const point of points.toSorted((a, b) => a.amount - b.amount || a.rate - b.rate)) {
    const isNear = ({ amount, rate }: Point): boolean => point.amount - amount < nearAmount && Math.abs(point.rate - rate) < nearRate
    const near = groups.find((group) => group.some(isNear))
    if (near === undefined) groups.push([point])
    else near.push(point)
  }
  return groups.map((group) => {
    const { amount, rate } = group.at(-1) as Point
    return { amount, rate, text: [...new Set(group.map(({ letter }) => letter))].sort().join('') }
  })
}
