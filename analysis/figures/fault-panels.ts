import { faultKinds } from '../faults.ts'
import type { FaultKind, Faults } from '../faults.ts'
import type { Caption, Cell } from './figure.ts'
import { isNarrow, legendBelow } from './figure.ts'

/** Instances of one panel; a page holds no more, and the CSV of what is drawn holds them all. */
const instancesMax = 40
const rowHeight = 7.5

/** Grey says it as colour does: what is worse is darker and taller. */
const looks: Record<FaultKind, { colour: string, halfHeight: number }> = {
  partition: { colour: '#d2d2d2', halfHeight: 0.45 },
  'degraded links': { colour: '#ebebeb', halfHeight: 0.45 },
  crashed: { colour: '#8c2d04', halfHeight: 0.42 },
  left: { colour: '#E69F00', halfHeight: 0.3 },
  paused: { colour: '#56B4E9', halfHeight: 0.18 },
  'not there yet': { colour: '#d9d9d9', halfHeight: 0.42 }
}
const ofLinks: readonly FaultKind[] = ['partition', 'degraded links']

/** The time axis of a run with faults, in s after the start mark. */
export function sinceStart (endMs: number, caption: Caption, title: string | null = 'time since all were connected (s)'): object {
  return {
    field: 'seconds', type: 'quantitative', title, scale: { domain: [0, endMs / 1000], nice: false, zero: false },
    axis: { tickCount: isNarrow(caption) ? 5 : 10, format: ',~r' }
  }
}

/**
 * Grey bands behind a plot while links are cut or slow, each with its name above it as far as there is room.
 *
 * @param width - of the plot, in points
 */
export function linkBands (faults: Faults | undefined, endMs: number, x: object, width: number): object[] {
  const spans = (faults?.spans ?? []).filter(({ kind }) => ofLinks.includes(kind))
  if (spans.length === 0) return []
  const values = spans.map(({ kind, fromMs, toMs, instances }) => ({ seconds: fromMs / 1000, until: toMs / 1000, kind, label: fitting(`${kind}: ${named(instances)}`, (toMs - fromMs) / endMs * width) }))
  return [
    ...ofLinks.filter((kind) => values.some((value) => value.kind === kind)).map((kind) => ({
      data: { values: values.filter((value) => value.kind === kind) },
      mark: { type: 'rect', opacity: 1, fill: looks[kind].colour },
      encoding: { x, x2: { field: 'until' } }
    })),
    {
      data: { values },
      mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 1, dy: -2, fontSize: 7, color: '#333' },
      encoding: { x, y: { value: 0 }, text: { field: 'label', type: 'nominal' } }
    }
  ]
}

/** A panel that shows who was not there, and why: one row for each instance of which something is known; undefined where there is none. */
export function presencePanel (faults: Faults | undefined, x: object, caption: Caption): object | undefined {
  const spans = (faults?.spans ?? []).filter(({ kind }) => !ofLinks.includes(kind))
  const all = [...new Set(spans.flatMap(({ instances }) => instances))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const instances = all.slice(0, instancesMax)
  if (instances.length === 0) return undefined
  const values = spans.flatMap(({ kind, fromMs, toMs, instances: own }) => own.filter((name) => instances.includes(name)).map((name) => ({
    kind, seconds: fromMs / 1000, until: toMs / 1000,
    low: instances.indexOf(name) - looks[kind].halfHeight, high: instances.indexOf(name) + looks[kind].halfHeight
  })))
  const kinds = faultKinds.filter((kind) => values.some((value) => value.kind === kind))
  const isDense = instances.length > 20
  return {
    height: Math.max(30, rowHeight * instances.length),
    data: { values },
    mark: { type: 'rect', opacity: 1 },
    encoding: {
      x, x2: { field: 'until' },
      y: {
        field: 'low', type: 'quantitative', scale: { domain: [-0.6, instances.length - 0.4], reverse: true, nice: false, zero: false },
        title: all.length > instances.length ? `not there (${instances.length} of ${all.length})` : 'not there',
        axis: {
          values: instances.map((_, row) => row).filter((row) => !isDense || row % 2 === 0), labelExpr: `${JSON.stringify(instances)}[datum.value]`,
          labelFontSize: 6.5, labelLimit: 60, grid: false, ticks: false
        }
      },
      y2: { field: 'high' },
      fill: {
        field: 'kind', type: 'nominal', title: null, scale: coloursOf(kinds),
        legend: legendBelow(caption, 'points', { symbolType: 'square', symbolSize: 50 })
      }
    }
  }
}

/** What went wrong, as rows of the CSV; keys of other rows are empty. */
export function faultRows (faults: readonly Faults[], empty: Readonly<Record<string, Cell>>): Array<Record<string, Cell>> {
  return faults.flatMap(({ run, spans }) => spans.map(({ kind, fromMs, toMs, instances }) =>
    ({ ...empty, run, what: kind, seconds: fromMs / 1000, until_seconds: toMs / 1000, instances: instances.join(' ') })))
}

function coloursOf (kinds: readonly FaultKind[]): object {
  return { domain: kinds, range: kinds.map((kind) => looks[kind].colour) }
}

/** A text cut to a width, at 7 points. */
function fitting (text: string, width: number): string {
  const characters = Math.floor(width / 3.7)
  return text.length <= characters ? text : characters < 6 ? '' : `${text.slice(0, characters - 1)}…`
}

function named (instances: readonly string[]): string {
  const shown = instances.slice(0, 3).join(', ')
  return instances.length > 3 ? `${shown} and ${instances.length - 3} more` : shown
}
