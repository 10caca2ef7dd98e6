import type { TopLevelSpec } from 'vega-lite'
import type { StudyComparison } from '../comparison/compare.ts'
import type { Effect } from '../comparison/effect.ts'
import type { Finding, Judged } from '../comparison/judge.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { frame, isNarrow, layoutOf, legendBelow } from './figure.ts'

interface Sign {
  finding: Finding
  shape: string
  colour: string
  isFilled: boolean
}

/** What matters most first; each has a shape of its own, so that colour is not needed to tell them apart. */
const signs: readonly Sign[] = [
  { finding: 'regression', shape: 'triangle-up', colour: '#D55E00', isFilled: true },
  { finding: 'unknown', shape: 'square', colour: '#7A3B69', isFilled: false },
  { finding: 'accepted', shape: 'triangle-up', colour: '#D55E00', isFilled: false },
  { finding: 'improvement', shape: 'triangle-down', colour: '#0072B2', isFilled: true },
  { finding: 'same', shape: 'circle', colour: '#000000', isFilled: true },
  { finding: 'not judged', shape: 'diamond', colour: '#777777', isFilled: false }
]
/** Values that fit a page, and the height of a column. */
const valuesMax = { page: 44, column: 22 }
/** Width of the plot in points, and height of a value: in a column its name and numbers stand above its interval. */
const sizes = { page: { width: 200, step: 14 }, column: { width: 226, step: 25 } }

/** A value as it is drawn, in per cent of base and within the axis. */
interface Mark {
  place: number
  /** The strip of the plot in which its interval lies, in places. */
  top: number
  bottom: number
  name: string
  numbers: string
  finding: Finding
  colour: string
  change: number | null
  low: number | null
  high: number | null
  /** Whether the interval, or the change itself, goes on beyond the axis. */
  goesOnBelow: boolean
  goesOnAbove: boolean
}

/** `forest`: how far head is from base in each metric, with its interval and the threshold below which a change does not matter. */
export function drawForest (comparison: StudyComparison, caption: Caption): Drawing {
  const { results, threshold, verdict, reason, isPaired } = comparison
  const rank = ({ finding }: Judged): number => signs.findIndex((sign) => sign.finding === finding)
  const ordered = results.toSorted((a, b) => rank(a) - rank(b))
  const shown = ordered.slice(0, valuesMax[isNarrow(caption) ? 'column' : 'page'])
  if (shown.every(({ effect }) => effect === undefined)) {
    return { name: 'forest', missing: 'There is no figure of the comparison, for of no metric both sides have values.' }
  }
  const title = 'Head against base: the change of each metric'
  const axis = axisOf(shown, threshold)
  const hasParts = new Set(results.map(({ part }) => part)).size > 1
  const marks = shown.map((judged, place) => markOf(judged, { place, axis, hasParts, isNarrow: isNarrow(caption) }))
  const signsOf = [
    `Grey: a change of less than ${percents(threshold)} %, which does not matter.`,
    `Lines and brackets: the interval of one metric alone${isPaired ? ', of runs compared in pairs' : ''}.`,
    ...(marks.some(({ goesOnBelow, goesOnAbove }) => goesOnBelow || goesOnAbove) ? ['◀ ▶ it goes on beyond the axis.'] : []),
    ...(marks.some(({ change }) => change === null) ? ['Without a sign: not known; the table says why.'] : []),
    ...(shown.some(({ better }) => better === 'higher') ? ['↑ more is better.'] : []),
    ...(shown.length < ordered.length ? [`${shown.length} of ${ordered.length} values are drawn; the table holds all.`] : [])
  ]
  const notes = [`${verdict}: ${reason}.`, signsOf.join(' ')]
  const drawn = shown.map(({ metric, part, better, finding, effect }): Record<string, Cell> => ({
    metric, part, better, finding, change: finite(effect?.relative), low: finite(effect?.low), high: finite(effect?.high),
    coverage: effect?.coverage ?? null, threshold
  }))
  const common = frame(title, caption, shown.map(({ metric }) => metric), notes)
  const spec = { ...common, ...panelOf(marks, axis, threshold, caption) } as unknown as TopLevelSpec
  return { figure: { name: 'forest', title, width: layoutOf(caption).width, spec, drawn } }
}

interface Axis {
  low: number
  high: number
}

/** As wide as what is judged asks; a single wide interval must not make all others points, so that it is cut there. */
function axisOf (results: readonly Judged[], threshold: number): Axis {
  const known = results.filter(({ effect }) => effect !== undefined)
  const judged = known.filter(({ isJudged }) => isJudged)
  const ends = (of: (effect: Effect) => number[]): number[] =>
    (judged.length > 0 ? judged : known).flatMap(({ effect }) => of(effect as Effect)).filter(Number.isFinite)
  const largest = ends(({ relative }) => [Math.abs(relative)]).reduce((most, size) => Math.max(most, size), 0)
  const most = Math.max(4 * threshold, 2.5 * Math.min(largest, 1))
  const all = ends(({ relative, low, high }) => [relative, low, high])
  const reach = (sign: 1 | -1): number =>
    1.08 * Math.min(most, all.reduce((furthest, end) => Math.max(furthest, sign * end), 1.5 * threshold))
  return { low: -100 * reach(-1), high: 100 * reach(1) }
}

interface Place {
  place: number
  axis: Axis
  hasParts: boolean
  isNarrow: boolean
}

function markOf ({ metric, part, better, finding, effect }: Judged, { place, axis, hasParts, isNarrow: narrow }: Place): Mark {
  const about = {
    place,
    top: narrow ? place : place - 0.5,
    bottom: place + 0.5,
    name: `${metric}${better === 'higher' ? ' ↑' : ''}${hasParts ? ` in ${part}` : ''}`,
    finding,
    colour: signs.find((sign) => sign.finding === finding)?.colour ?? ''
  }
  if (effect === undefined) return { ...about, numbers: 'not known', change: null, low: null, high: null, goesOnBelow: false, goesOnAbove: false }
  const { relative, low, high, coverage } = effect
  const within = (share: number, part = 1): number => Math.min(part * axis.high, Math.max(part * axis.low, 100 * share))
  return {
    ...about,
    numbers: `${signed(relative)} [${signed(low)}, ${signed(high)}]${coverage < 0.95 ? ` at ${percents(coverage)} %` : ''}`,
    // Beyond the axis: before the arrow that says so.
    change: within(relative, 0.95),
    low: within(low),
    high: within(high),
    goesOnBelow: Math.min(low, relative) * 100 < axis.low,
    goesOnAbove: Math.max(high, relative) * 100 > axis.high
  }
}

/** "+7.5", or "−∞", in per cent. */
function signed (share: number): string {
  const size = Number.isFinite(share) ? percents(Math.abs(share)) : '∞'
  return `${share < 0 ? '−' : share > 0 ? '+' : ''}${size}`
}

function percents (share: number): string {
  const value = 100 * share
  return value >= 99.5 ? value.toFixed(0) : String(Number(value.toFixed(value >= 1 ? 1 : 2)))
}

function finite (value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value
}

function panelOf (marks: readonly Mark[], axis: Axis, threshold: number, caption: Caption): object {
  const { width, step } = sizes[isNarrow(caption) ? 'column' : 'page']
  const x = {
    field: 'change', type: 'quantitative', title: 'change of head against base (%)', scale: { domain: [axis.low, axis.high], nice: false },
    axis: { format: '+,~r', labelExpr: 'datum.value === 0 ? "0" : datum.label', tickCount: 5, grid: false }
  }
  const y = { field: 'place', type: 'quantitative', scale: { domain: [-0.5, marks.length - 0.5], reverse: true, nice: false, zero: false }, axis: null }
  return {
    width,
    height: step * marks.length,
    data: { values: marks },
    layer: [...ground(x, y, threshold), ...intervals(marks, x, y, caption), ...words(y, width, caption)]
  }
}

/** The band in which changes do not matter, and the line of no change, where intervals lie. */
function ground (x: object, y: object, threshold: number): object[] {
  const [strip, to] = [{ ...y, field: 'top' }, { field: 'bottom' }]
  const rule = (at: number, look: object): object =>
    ({ mark: { type: 'rule', ...look }, encoding: { x: { ...x, field: undefined, datum: at }, y: strip, y2: to } })
  const edge = 100 * threshold
  return [
    { mark: { type: 'rect', color: '#e6e6e6' }, encoding: { x: { ...x, field: undefined, datum: -edge }, x2: { datum: edge }, y: strip, y2: to } },
    rule(-edge, { color: '#999', strokeWidth: 0.7 }), rule(edge, { color: '#999', strokeWidth: 0.7 }), rule(0, { color: '#222', strokeWidth: 0.8 })
  ]
}

function intervals (marks: readonly Mark[], x: object, y: object, caption: Caption): object[] {
  const yOffset = isNarrow(caption) ? 5 : 0
  const occurring = signs.filter(({ finding }) => marks.some((mark) => mark.finding === finding))
  const scaleOf = (of: (sign: Sign) => string): object => ({ domain: occurring.map(({ finding }) => finding), range: occurring.map(of) })
  const by = { field: 'finding', type: 'nominal', title: 'finding' }
  const stroke = { ...by, scale: scaleOf(({ colour }) => colour) }
  const legend = { ...legendBelow(caption, 'points', { columns: isNarrow(caption) ? 3 : 6, symbolStrokeWidth: 1.2, symbolSize: 32 }) }
  const known = { filter: 'datum.change !== null' }
  const arrow = (field: 'goesOnBelow' | 'goesOnAbove', end: 'low' | 'high', angle: number): object => ({
    transform: [known, { filter: `datum.${field}` }],
    mark: { type: 'point', shape: 'triangle-up', angle, filled: true, size: 22, yOffset, opacity: 1 },
    encoding: { x: { ...x, field: end }, y, color: { field: 'colour', type: 'nominal', scale: null } }
  })
  return [
    ...(['unknown', undefined] as const).map((finding) => ({
      transform: [known, { filter: `datum.finding ${finding === undefined ? '!==' : '==='} "unknown"` }],
      mark: { type: 'rule', strokeWidth: 1.3, yOffset, ...(finding === undefined ? {} : { strokeDash: [3, 2] }) },
      encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color: { field: 'colour', type: 'nominal', scale: null } }
    })),
    arrow('goesOnBelow', 'low', 270), arrow('goesOnAbove', 'high', 90),
    {
      transform: [known],
      mark: { type: 'point', size: 26, strokeWidth: 1.2, yOffset, opacity: 1 },
      encoding: {
        x,
        y,
        stroke: { ...stroke, legend },
        fill: { ...by, scale: scaleOf(({ colour, isFilled }) => isFilled ? colour : '#ffffff'), legend },
        shape: { ...by, scale: scaleOf(({ shape }) => shape), legend }
      }
    }
  ]
}

/** Names at the left and numbers at the right; above the interval where there is no room beside it. */
function words (y: object, width: number, caption: Caption): object[] {
  const narrow = isNarrow(caption)
  const text = { type: 'text', baseline: 'middle', color: '#222', ...(narrow ? { fontSize: 7, yOffset: -6 } : { fontSize: 7.5 }) }
  const of = (field: 'name' | 'numbers'): object => ({ field, type: 'nominal' })
  return [
    { mark: { ...text, align: narrow ? 'left' : 'right', limit: narrow ? 150 : 165 }, encoding: { x: { value: narrow ? 0 : -8 }, y, text: of('name') } },
    { mark: { ...text, align: narrow ? 'right' : 'left' }, encoding: { x: { value: narrow ? width : width + 8 }, y, text: of('numbers') } }
  ]
}
