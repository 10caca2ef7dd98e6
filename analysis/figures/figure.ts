import type { TopLevelSpec } from 'vega-lite'
import type { Warning } from '../warnings.ts'

/** What every figure says about where it comes from. */
export interface Caption {
  /** "runner local · fidelity bandwidth · seed 1 · network gcp-six-regions". */
  source: string
  warnings: readonly Warning[]
  /** Regions in the order in which they are given colours. */
  regions: readonly string[]
}

/** A value of a CSV cell or of a Vega-Lite datum. */
export type Cell = string | number | boolean | null

export interface Figure {
  /** File name without extension. */
  name: string
  title: string
  spec: TopLevelSpec
  /** The rows that are drawn, for the CSV; all have the keys of the first. */
  drawn: ReadonlyArray<Readonly<Record<string, Cell>>>
}

/** A figure, or the sentence that says why there is none. */
export type Drawing = { figure: Figure } | { name: string, missing: string }

/** More regions than this cannot be told apart; the tables hold them all. */
export const regionsMax = 14
/** Points of one curve; more than a printed figure can show. */
export const pointsMax = 400

/** Okabe and Ito (2008), "Color Universal Design", without the yellow that white paper swallows. */
const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000']
const dashes = [[], [5, 3], [1.5, 1.5], [9, 2.5, 1.5, 2.5], [12, 3], [9, 2, 1.5, 2, 1.5, 2], [3, 6]]
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right']
/** Printed width of a full page, in points; one unit of the SVG is a point. */
const subtitleColumns = 118
const subtitleWarnings = 3

/** Colour, dash and shape of every region; the second round over the colours has other dashes and shapes. */
export function regionScales (regions: readonly string[]): { colour: object, dash: object, shape: object } {
  const pick = <T>(from: readonly T[]): T[] => regions.map((_, index) => from[(index + Math.floor(index / from.length)) % from.length] as T)
  return {
    colour: { domain: regions, range: regions.map((_, index) => colours[index % colours.length]) },
    dash: { domain: regions, range: pick(dashes) },
    shape: { domain: regions, range: pick(shapes) }
  }
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

/** What of a spec is the same for all figures. */
export type Frame = Pick<TopLevelSpec, '$schema' | 'background' | 'padding' | 'title' | 'config'>

/**
 * What all figures share: title with source and warnings, white paper, 8 to 9 points, Inter.
 *
 * @param metrics - what is drawn; a warning about another metric does not concern the figure
 * @param remarks - how to read signs of the figure
 */
export function frame (title: string, caption: Caption, metrics: readonly string[], remarks: readonly string[]): Frame {
  const concerning = caption.warnings.filter(({ metric }) => metric === undefined || metrics.includes(metric))
  const warnings = concerning.slice(0, subtitleWarnings).map(({ sentence }) => `Warning: ${sentence}`)
  const rest = concerning.length - warnings.length
  if (rest > 0) warnings.push(`${rest} more ${rest === 1 ? 'warning stands' : 'warnings stand'} in the report.`)
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 8,
    title: { text: title, subtitle: [caption.source, ...remarks, ...warnings].flatMap((sentence) => wrap(sentence, subtitleColumns)) },
    config: {
      font: 'Inter, sans-serif',
      title: {
        anchor: 'start', frame: 'group', fontSize: 10, fontWeight: 600, offset: 10,
        subtitleFontSize: 8, subtitleColor: '#444', subtitleLineHeight: 11, subtitlePadding: 4
      },
      axis: {
        labelFontSize: 8, titleFontSize: 8.5, titleFontWeight: 400, titlePadding: 5, labelColor: '#222', titleColor: '#222',
        gridColor: '#e4e4e4', domainColor: '#555', tickColor: '#555', tickSize: 4
      },
      axisY: { minExtent: 26 },
      legend: {
        labelFontSize: 8, titleFontSize: 8.5, titleFontWeight: 400, labelLimit: 150, labelColor: '#222', titleColor: '#222',
        symbolSize: 60, symbolStrokeWidth: 1.5, columnPadding: 14, rowPadding: 3
      },
      view: { stroke: null }
    }
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

/** Breaks a sentence into lines of at most `columns` characters; a longer word is cut. */
export function wrap (sentence: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of sentence.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [])) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return line === '' ? lines : [...lines, line]
}
