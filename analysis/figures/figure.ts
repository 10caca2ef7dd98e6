import type { TopLevelSpec } from 'vega-lite'
import type { Warning } from '../warnings.ts'
import { warningsInBrief } from '../warnings.ts'
import { wrap } from '../wrap.ts'

/** How a figure is set. */
export interface Layout {
  /** Printed width in points; one unit of the SVG is a point. */
  width: number
  /** Whether the figure has its title in itself; where it has a caption of its own, as in a paper, it need not. */
  isTitled: boolean
}

/** The whole page of a two-column journal, and one column of it. */
export const page: Layout = { width: 516, isTitled: true }
export const column: Layout = { width: 252, isTitled: true }

/** By the name of their width: as a report shows figures, and as a paper sets them, which says in a caption what they show. */
export const layouts = { page, column: { ...column, isTitled: false } } as const
export type Width = keyof typeof layouts

/** What every figure says about where it comes from, and how it is set. */
export interface Caption {
  /** The whole page where nothing is said. */
  layout?: Layout
  /** "runner local · fidelity bandwidth · seed 1 · network gcp-six-regions". */
  source: string
  warnings: readonly Warning[]
  /** What holds the warnings in full; the report, or the tables of a paper, where nothing is said. */
  fullWarnings?: string
  /** Regions in the order in which they are given colours. */
  regions: readonly string[]
}

/** A value of a CSV cell or of a Vega-Lite datum. */
export type Cell = string | number | boolean | null

export interface Figure {
  /** File name without extension. */
  name: string
  title: string
  /** Printed width in points. */
  width: number
  spec: TopLevelSpec
  /** The rows that are drawn, for the CSV; all have the keys of the first. */
  drawn: ReadonlyArray<Readonly<Record<string, Cell>>>
}

/** A figure, or the sentence that says why there is none. */
export type Drawing = { figure: Figure } | { name: string, missing: string }

/** More regions than this cannot be told apart; the tables hold them all. */
export const regionsMax = 14
/** What figures of replication show side by side. */
export const replicationPanels = [
  { metric: 'replication_entry_ms', label: 'Log entry' },
  { metric: 'replication_file_ms', label: 'File' }
] as const
/** Points of one curve; more than a printed figure can show. */
export const pointsMax = 400

/** Okabe and Ito (2008), "Color Universal Design", without the yellow that white paper swallows. */
const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000']
const dashes = [[], [5, 3], [1.5, 1.5], [9, 2.5, 1.5, 2.5], [12, 3], [9, 2, 1.5, 2, 1.5, 2], [3, 6]]
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right']
/** Characters of a line that fit a page and a column, at the sizes of `frame`. */
const lineLengths = { page: { title: 96, subtitle: 116 }, column: { title: 52, subtitle: 63 } }
const warningLines = 2

/** Fonts that are nearly as narrow as Inter stand before the browser's own, where Inter is not installed. */
const fonts = 'Inter, Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif'

/** Runs that one figure shows; each has a row of its own, and more would not fit a page, or the height of a column. */
const runsMax = { page: 4, column: 1 }

/** Colour, dash and shape of every region; the second round over the colours has other dashes and shapes. */
export function regionScales (regions: readonly string[]): { colour: object, dash: object, shape: object } {
  const pick = <T>(from: readonly T[]): T[] => regions.map((_, index) => from[(index + Math.floor(index / from.length)) % from.length] as T)
  return {
    colour: { domain: regions, range: regions.map((_, index) => colours[index % colours.length]) },
    dash: { domain: regions, range: pick(dashes) },
    shape: { domain: regions, range: pick(shapes) }
  }
}

/** Colour, dash and shape of each of some names that are no regions, such as models and strategies. */
export const modelScales = regionScales

/** The shape of every run, where runs share a panel. */
export function runShapes (runs: readonly string[]): object {
  return { domain: runs, range: runs.map((_, index) => shapes[index % shapes.length]) }
}

/** The colour of every run, where runs share a panel. */
export function runColours (runs: readonly string[]): object {
  return { domain: runs, range: runs.map((_, index) => colours[index % colours.length]) }
}

/** Says that regions are left out of a figure, when some are. */
export function regionRemarks (occurring: Iterable<string>, drawn: readonly string[]): string[] {
  const all = new Set(occurring).size
  return all <= drawn.length ? [] : [`${drawn.length} of ${all} regions are drawn, for more cannot be told apart; the tables hold all.`]
}

/** The regions that occur, in the network's order, then by name; at most `regionsMax`. */
export function drawnRegions (occurring: Iterable<string>, order: readonly string[]): string[] {
  const place = (region: string): number => order.includes(region) ? order.indexOf(region) : order.length
  return [...new Set(occurring)].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1)).slice(0, regionsMax)
}

/** The runs that occur, by name, as many as fit, and a remark when some are left out; runs are never drawn as one. */
export function drawnRuns (rows: ReadonlyArray<{ run: string }>, caption: Caption): { runs: string[], remarks: string[] } {
  const all = [...new Set(rows.map(({ run }) => run))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const runs = all.slice(0, runsMax[isNarrow(caption) ? 'column' : 'page'])
  return { runs, remarks: all.length <= runs.length ? [] : [`${runs.length} of ${all.length} runs are drawn; the tables hold all.`] }
}

/** What of a spec is the same for all figures. */
export type Frame = Pick<TopLevelSpec, '$schema' | 'background' | 'padding' | 'title' | 'config'>

/**
 * What all figures share: title with source and, in two lines at most, the warnings; white paper, 7 to 9 points, Inter.
 *
 * @param metrics - what is drawn; a warning about another metric does not concern the figure
 * @param remarks - how to read signs of the figure
 */
export function frame (title: string, caption: Caption, metrics: readonly string[], remarks: readonly string[]): Frame {
  const { isTitled } = layoutOf(caption)
  const small = isNarrow(caption) ? 7 : 7.5
  const lengths = lineLengths[isNarrow(caption) ? 'column' : 'page']
  const concerning = caption.warnings.filter(({ metric }) => metric === undefined || metrics.includes(metric))
  const notes = [
    ...[caption.source, ...remarks].flatMap((sentence) => wrap(sentence, lengths.subtitle)),
    ...warningsOf(concerning, lengths.subtitle, caption.fullWarnings ?? (isTitled ? 'the report' : 'the tables'))
  ]
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 4,
    title: isTitled
      ? { text: wrap(title, lengths.title), subtitle: notes }
      : { text: notes, fontSize: small, fontWeight: 400, color: '#444', lineHeight: small + 2.5 },
    config: {
      font: fonts,
      title: {
        anchor: 'start', frame: 'bounds', fontSize: 9, fontWeight: 600, lineHeight: 11.5, offset: 8,
        subtitleFontSize: small, subtitleColor: '#444', subtitleLineHeight: small + 2.5, subtitlePadding: 3
      },
      axis: {
        labelFontSize: small, titleFontSize: 8, titleFontWeight: 400, titlePadding: 4, labelColor: '#222', titleColor: '#222',
        gridColor: '#e4e4e4', domainColor: '#555', tickColor: '#555', tickSize: 4, labelFlush: false
      },
      axisY: { minExtent: 26 },
      legend: {
        labelFontSize: small, titleFontSize: 8, titleFontWeight: 400, labelLimit: 150, labelColor: '#222', titleColor: '#222',
        symbolSize: 60, symbolStrokeWidth: 1.5, offset: 10, columnPadding: isNarrow(caption) ? 8 : 14, rowPadding: 2,
        // Several legends stand below each other: beside each other they would not fit. The types do not know it.
        layout: { bottom: { direction: 'vertical', margin: 5, anchor: 'start' } } as unknown as undefined
      },
      view: { stroke: null }
    }
  }
}

export function layoutOf ({ layout = page }: Caption): Layout {
  return layout
}

/** Whether the figure is set in a column, where panels stand below and not beside each other. */
export function isNarrow (caption: Caption): boolean {
  return layoutOf(caption).width < 400
}

/** The legend below a figure, as wide as the figure is. */
export function legendBelow (caption: Caption, signs: 'strokes' | 'points', more: object = {}): object {
  const columns = isNarrow(caption) ? 2 : 4
  const length = isNarrow(caption) ? 15 : 20
  return { orient: 'bottom', columns, ...signs === 'strokes' ? strokeSigns(length) : { symbolStrokeWidth: 0 }, ...more }
}

/** Signs of a legend that are lines of a length in points; Vega's own, which are as high as they are long, take rows apart. */
export function strokeSigns (length: number): object {
  const height = 9
  return { symbolType: `M-1,0L${2 * length / height - 1},0`, symbolSize: height ** 2, labelOffset: length - height + 4 }
}

/** Width of the plot of one panel in points, where so many stand beside each other on a page. */
export function plotWidth (caption: Caption, panels: number): number {
  return isNarrow(caption) ? 196 : panels > 1 ? 200 : 456
}

/**
 * Rows of panels on a page; in a column each panel is a row of its own.
 *
 * @param spacing - between panels of a row, in points: room for the names of an axis
 */
export function panelRows (caption: Caption, rows: ReadonlyArray<readonly object[]>, spacing = 52): object[] {
  const inRows = isNarrow(caption) ? rows.flatMap((row) => row.map((panel) => [panel])) : rows
  return inRows.filter((row) => row.length > 0).map((row) => ({
    spacing,
    bounds: 'flush',
    hconcat: row.map((panel) => ({ width: plotWidth(caption, row.length), ...panel }))
  }))
}

/** The warnings in two lines, cut after a whole one where they are more. */
function warningsOf (warnings: readonly Warning[], lineLength: number, where: string): string[] {
  if (warnings.length === 0) return []
  const pointer = ` See ${where}.`
  const lines = wrap(warningsInBrief(warnings), lineLength - pointer.length)
  const kept = lines.slice(0, warningLines)
  const last = kept.pop() ?? ''
  // Half a doubt could say the opposite of the whole one.
  return [...kept, (lines.length > warningLines ? last.replace(/;[^;]*$/, '; …') : last) + pointer]
}

/** The title of one panel, cut where it would run into the next one. */
export function panelTitle (text: string): object {
  return { text, fontSize: 8.5, fontWeight: 400, anchor: 'start', frame: 'group', offset: 4, limit: 236 }
}

/** The axis of a fraction: a little above 1.0, so that curves and signs there are whole. */
export function fractionAxis (title: string | null): object {
  return {
    field: 'fraction', type: 'quantitative', title, scale: { domain: [0, 1.04], nice: false },
    axis: { format: '.1f', values: [0, 0.2, 0.4, 0.6, 0.8, 1] }
  }
}

/** A logarithmic axis where values spread over more than a factor of 30 and none is zero or below. */
export function wantsLog (values: readonly number[]): boolean {
  let least = Infinity
  let most = -Infinity
  for (const value of values) {
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  return least > 0 && most / least > 30
}

/** Ticks of a logarithmic axis at 1, 2 and 5 times powers of ten, or at the powers alone where that is many. */
export function logTicks (least: number, most: number): number[] {
  const powers = Array.from({ length: 40 }, (_, index) => index - 15)
  const within = (ticks: readonly number[]): number[] => ticks.filter((tick) => tick >= least && tick <= most)
  const fine = within(powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`))))
  return fine.length <= 9 ? fine : within(powers.map((power) => Number(`1e${power}`)))
}
