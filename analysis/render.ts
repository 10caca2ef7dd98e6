import { renderAsync } from '@resvg/resvg-js'
import * as vega from 'vega'
import type { TopLevelSpec } from 'vega-lite'
import { compile } from 'vega-lite'
import type { Fonts } from './fonts.ts'
import { withDensity } from './png-density.ts'

/** Pixels of the PNG per point of the figure: 288 dpi, which print accepts. */
const pngScale = 4
const pointsPerInch = 72

/**
 * Vega guesses text widths where there is no canvas (0.8 em a character, some 55 to 75 % too wide for
 * Inter), so that legends and titles are laid out wrong; its hook takes the widths of the font itself.
 */
function measureWith (fonts: Fonts): void {
  const { textMetrics } = vega as unknown as { textMetrics: { width: (item: TextItem, text?: unknown) => number } }
  textMetrics.width = (item, text) => {
    const shown = text == null ? '' : String(text as string | number).trim()
    const width = fonts.width(shown, item.fontSize ?? 11, item.fontWeight === 'bold' || Number(item.fontWeight) >= 600)
    return item.limit !== undefined && item.limit > 0 ? Math.min(width, item.limit) : width
  }
}

interface TextItem {
  fontSize?: number
  fontWeight?: string | number
  limit?: number
}

/**
 * The figure as SVG, its font named and not yet embedded; the same spec gives the same bytes.
 *
 * @param onComplaint - hears what Vega finds odd about the spec; a sound spec gives no cause
 */
export async function renderSvg (spec: TopLevelSpec, fonts: Fonts, onComplaint: (complaint: string) => void = () => {}): Promise<string> {
  measureWith(fonts)
  // Clip paths are numbered over the life of the process; from one again, bytes repeat.
  vega.resetSVGDefIds()
  const logger = vega.logger(vega.Warn, undefined, (_method, _level, parts) => { onComplaint([...parts].map(String).join(' ')) })
  const view = new vega.View(vega.parse(compile(spec, { logger }).spec), { renderer: 'none', logger })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

/** Size of an SVG as Vega writes it, in points. */
export interface SvgSize {
  width: number
  height: number
}

export function sizeOf (svg: string): SvgSize {
  const [, width, height] = /^<svg[^>]*? width="([\d.]+)(?:pt)?" height="([\d.]+)(?:pt)?"/.exec(svg) ?? []
  return { width: Number(width), height: Number(height) }
}

/**
 * The SVG at its printed size, in points and exactly as wide as is asked: a narrower one gets paper at its right, and a wider
 * one, such as one with very long names, is made smaller, so that nothing is cut.
 */
export function atWidth (svg: string, width: number): string {
  const own = sizeOf(svg)
  const scale = Math.min(1, width / own.width)
  const height = own.height * scale
  return svg.replace(/ width="[^"]*" height="[^"]*" viewBox="[^"]*"/, ` width="${width}pt" height="${short(height)}pt" viewBox="0 0 ${short(width / scale)} ${own.height}"`)
}

function short (value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** The SVG with a title, which a browser and a screen reader show as the name of the picture. */
export function titledSvg (svg: string, title: string): string {
  const name = title.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
  return svg.replace(/<svg([^>]*)>/, (_, attributes: string) => `<svg role="img" aria-label="${name}"${attributes}><title>${name}</title>`)
}

/** The SVG as PNG at 288 dpi, with the given font and no other; on a thread of its own. */
export async function renderPng (svg: string, { files }: Fonts): Promise<Buffer> {
  const image = await renderAsync(svg, {
    font: { loadSystemFonts: false, fontFiles: Object.values(files) as string[], defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
    dpi: pointsPerInch,
    fitTo: { mode: 'zoom', value: pngScale },
    background: 'white'
  })
  return withDensity(image.asPng(), pngScale * pointsPerInch)
}
