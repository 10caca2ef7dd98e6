import { Resvg } from '@resvg/resvg-js'
import * as vega from 'vega'
import type { TopLevelSpec } from 'vega-lite'
import { compile } from 'vega-lite'
import { fontFiles, textWidth } from './fonts.ts'

/** Pixels of the PNG per point of the figure: 288 dpi, which print accepts. */
const pngScale = 4

/**
 * Vega guesses text widths where there is no canvas (0.8 em a character, some 55 to 75 % too wide for
 * Inter), so that legends and titles are laid out wrong; its hook takes the widths of the font itself.
 */
function measureWithFont (): void {
  const { textMetrics } = vega as unknown as { textMetrics: { width: (item: TextItem, text?: unknown) => number } }
  textMetrics.width = (item, text) => {
    const shown = text == null ? '' : String(text as string | number).trim()
    const width = textWidth(shown, item.fontSize ?? 11, item.fontWeight === 'bold' || Number(item.fontWeight) >= 600)
    return item.limit !== undefined && item.limit > 0 ? Math.min(width, item.limit) : width
  }
}

interface TextItem {
  fontSize?: number
  fontWeight?: string | number
  limit?: number
}

/**
 * The figure as SVG, its font named and not embedded; the same spec gives the same bytes.
 *
 * @param onComplaint - hears what Vega finds odd about the spec; a sound spec gives no cause
 */
export async function renderSvg (spec: TopLevelSpec, onComplaint: (complaint: string) => void = () => {}): Promise<string> {
  measureWithFont()
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

/** The SVG with a title, which a browser and a screen reader show as the name of the picture. */
export function titledSvg (svg: string, title: string): string {
  const name = title.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
  return svg.replace(/<svg([^>]*)>/, (_, attributes: string) => `<svg role="img" aria-label="${name}"${attributes}><title>${name}</title>`)
}

/** The SVG as PNG at 288 dpi, with the bundled font and no other. */
export function renderPng (svg: string): Buffer {
  const image = new Resvg(svg, {
    font: { loadSystemFonts: false, fontFiles: [...fontFiles], defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
    fitTo: { mode: 'zoom', value: pngScale },
    background: 'white'
  })
  return image.render().asPng()
}
