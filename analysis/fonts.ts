import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Inter (SIL Open Font License), the one font of all figures, from the npm package that carries it. */
const require = createRequire(import.meta.url)
const files = {
  regular: require.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
  bold: require.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf')
}

/** Paths of the font files, for the renderer of the PNG. */
export const fontFiles: readonly string[] = Object.values(files)

interface Font {
  unitsPerEm: number
  /** Advance width of a character, in font units. */
  advance: (codePoint: number) => number
}

const loaded = new Map<keyof typeof files, Font>()

/**
 * Width of a text in Inter, in the unit of `fontSize`. Kerning, which mostly draws
 * letters together, is left out: figures rather keep room than overlap.
 */
export function textWidth (text: string, fontSize: number, bold = false): number {
  const weight = bold ? 'bold' : 'regular'
  let font = loaded.get(weight)
  if (font === undefined) {
    font = readFont(readFileSync(files[weight]))
    loaded.set(weight, font)
  }
  let units = 0
  for (const character of text) units += font.advance(character.codePointAt(0) as number)
  return units * fontSize / font.unitsPerEm
}

/**
 * Reads what widths need from a TrueType file: `head`, `hhea`, `hmtx` and the character map of
 * format 12.
 *
 * Source: OpenType specification 1.9, https://learn.microsoft.com/typography/opentype/spec/
 */
function readFont (file: Buffer): Font {
  const tables = new Map<string, number>()
  for (let index = 0; index < file.readUInt16BE(4); index++) {
    const record = 12 + 16 * index
    tables.set(file.toString('latin1', record, record + 4), file.readUInt32BE(record + 8))
  }
  const at = (name: string): number => {
    const offset = tables.get(name)
    if (offset === undefined) throw new Error(`The font of the figures has no table "${name}": install the packages again with npm ci.`)
    return offset
  }
  const widths = file.readUInt16BE(at('hhea') + 34)
  const hmtx = at('hmtx')
  const glyphOf = readCharacterMap(file, at('cmap'))
  return {
    unitsPerEm: file.readUInt16BE(at('head') + 18),
    advance: (codePoint) => file.readUInt16BE(hmtx + 4 * Math.min(glyphOf(codePoint), widths - 1))
  }
}

function readCharacterMap (file: Buffer, cmap: number): (codePoint: number) => number {
  const ranges: Array<{ start: number, end: number, glyph: number }> = []
  for (let index = 0; index < file.readUInt16BE(cmap + 2) && ranges.length === 0; index++) {
    const table = cmap + file.readUInt32BE(cmap + 4 + 8 * index + 4)
    if (file.readUInt16BE(table) !== 12) continue
    for (let group = 0; group < file.readUInt32BE(table + 12); group++) {
      const record = table + 16 + 12 * group
      ranges.push({ start: file.readUInt32BE(record), end: file.readUInt32BE(record + 4), glyph: file.readUInt32BE(record + 8) })
    }
  }
  return (codePoint) => {
    const range = ranges.find(({ start, end }) => codePoint >= start && codePoint <= end)
    return range === undefined ? 0 : range.glyph + codePoint - range.start
  }
}
