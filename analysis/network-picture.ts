import type { Table } from './table.ts'
import { columnsOf, tableText } from './table.ts'
import { embedFont } from './embed-font.ts'
import { heatMap } from './figures/heat-map.ts'
import { loadFonts } from './fonts.ts'
import { renderPdf } from './render-pdf.ts'
import { atWidth, renderPng, renderSvg, titledSvg } from './render.ts'
import { formatNumber } from './units.ts'

/** What is drawn of a network. */
export interface NetworkFacts {
  readonly name: string
  readonly description: string
  readonly regions: readonly string[]
  readonly links: readonly LinkFacts[]
}

export interface LinkFacts {
  readonly from: string
  readonly to: string
  readonly roundTripMs: number
  /** Null where nothing limits it. */
  readonly bitsPerSecond: number | null
}

const bitsPerMegabit = 1e6

/** The round trips of a network, and its rates where it limits them, as text. */
export function networkTables (network: NetworkFacts): string {
  const hasRates = network.links.some(({ bitsPerSecond }) => bitsPerSecond != null)
  return [
    matrixOf(network, 'Round trips in ms', ({ roundTripMs }) => formatNumber(roundTripMs)),
    ...(hasRates ? [matrixOf(network, 'Rates of one flow in Mbit/s', ({ bitsPerSecond }) => bitsPerSecond == null ? '-' : formatNumber(bitsPerSecond / bitsPerMegabit))] : [])
  ].map(tableText).join('\n\n')
}

function matrixOf ({ regions, links }: NetworkFacts, title: string, cell: (link: LinkFacts) => string): Table {
  const shown = new Map(links.map((link) => [JSON.stringify([link.from, link.to]), cell(link)]))
  return {
    title,
    note: 'Row: from. Column: to, by the number of its row.',
    columns: columnsOf(['from'], regions.map((_, index) => String(index + 1))),
    rows: regions.map((from, index) => [`${index + 1} ${from}`, ...regions.map((to) => shown.get(JSON.stringify([from, to])) ?? '-')])
  }
}

/**
 * The round trips as a picture: SVG, PDF, or PNG at 288 dpi.
 *
 * @throws FontError where the font is missing
 */
export async function networkPicture ({ name, description, regions, links }: NetworkFacts, format: 'svg' | 'pdf' | 'png'): Promise<Buffer> {
  const figure = heatMap({
    name: 'network',
    title: `Network ${name}: round trips`,
    regions,
    cells: links.map(({ from, to, roundTripMs }) => ({ from, to, value: roundTripMs })),
    label: 'ms',
    caption: { source: description, warnings: [], regions }
  })
  const fonts = loadFonts()
  const svg = titledSvg(atWidth(await renderSvg(figure.spec, fonts), figure.width), figure.title)
  return {
    svg: () => Buffer.from(embedFont(svg, fonts)),
    png: () => renderPng(svg, fonts),
    pdf: () => renderPdf(svg, figure.title, fonts)
  }[format]()
}
