import type { Font, Glyph } from 'fontkit'

/** Tables that a browser wants and a subset as fontkit makes it, which is for PDF, does not have. */
const copied = ['OS/2', 'name'] as const
const checksumAt = 8
/** What head.checkSumAdjustment makes the sum of a whole font; OpenType 1.9, "head". */
const wholeSum = 0xB1B0AFBA

/**
 * A TrueType font with no more than the letters of a text, as a browser takes it; the same letters give the same bytes. Without
 * kerning and ligatures, so that its texts are as wide as they were measured.
 *
 * @param source - the bytes of the whole font
 * @param characters - letters that the font does not have are left out
 */
export function subsetFont (font: Font, source: Buffer, characters: Iterable<string>): Buffer {
  // Its types say that it returns whether; it returns the glyph's place in the subset.
  const subset = font.createSubset() as unknown as { includeGlyph: (glyph: Glyph) => number, encode: () => Uint8Array }
  const codes = [...new Set(characters)].map((character) => character.codePointAt(0) as number).sort((a, b) => a - b)
  const glyphs = codes.filter((code) => font.hasGlyphForCodePoint(code))
    .map((code): [number, number] => [code, subset.includeGlyph(font.glyphForCodePoint(code))])
  const tables = tablesOf(Buffer.from(subset.encode()))
  const whole = tablesOf(source)
  for (const name of copied) tables.set(name, whole.get(name) ?? Buffer.alloc(0))
  tables.set('cmap', characterMap(glyphs))
  tables.set('post', withoutNames(whole.get('post') ?? Buffer.alloc(32)))
  return fontOf(tables)
}

/** The tables of a font file, by their names. */
function tablesOf (file: Buffer): Map<string, Buffer> {
  return new Map(Array.from({ length: file.readUInt16BE(4) }, (_, index) => {
    const at = 12 + 16 * index
    const start = file.readUInt32BE(at + 8)
    return [file.toString('latin1', at, at + 4), file.subarray(start, start + file.readUInt32BE(at + 12))]
  }))
}

/** A table "cmap" of format 12: a group for each run of letters whose glyphs follow each other as well. */
function characterMap (glyphs: ReadonlyArray<readonly [code: number, glyph: number]>): Buffer {
  const groups: Array<{ first: number, last: number, glyph: number }> = []
  for (const [code, glyph] of glyphs) {
    const before = groups.at(-1)
    if (before !== undefined && code === before.last + 1 && glyph === before.glyph + code - before.first) before.last = code
    else groups.push({ first: code, last: code, glyph })
  }
  // Version, one table; Unicode of the full range on platform 3, encoding 10, at offset 12.
  const head = bytesOf([[0, 2], [1, 2], [3, 2], [10, 2], [12, 4]])
  const table = bytesOf([[12, 2], [0, 2], [16 + 12 * groups.length, 4], [0, 4], [groups.length, 4]])
  return Buffer.concat([head, table, ...groups.map(({ first, last, glyph }) => bytesOf([[first, 4], [last, 4], [glyph, 4]]))])
}

/** The table "post" in its version 3, which has no names of glyphs. */
function withoutNames (post: Buffer): Buffer {
  const short = Buffer.from(post.subarray(0, 32))
  short.writeUInt32BE(0x00030000, 0)
  return short
}

/** A font file of tables, in the order of their names. */
function fontOf (tables: ReadonlyMap<string, Buffer>): Buffer {
  const entries = [...tables].sort(([a], [b]) => a < b ? -1 : 1)
  const power = Math.floor(Math.log2(entries.length))
  const header = bytesOf([[0x00010000, 4], [entries.length, 2], [16 * 2 ** power, 2], [power, 2], [16 * (entries.length - 2 ** power), 2]])
  const directory: Buffer[] = []
  const bodies: Buffer[] = []
  let at = header.length + 16 * entries.length
  for (const [name, table] of entries) {
    const body = Buffer.concat([table, Buffer.alloc(-table.length & 3)])
    if (name === 'head') body.writeUInt32BE(0, checksumAt)
    directory.push(Buffer.from(name, 'latin1'), bytesOf([[sumOf(body), 4], [at, 4], [table.length, 4]]))
    bodies.push(body)
    at += body.length
  }
  const file = Buffer.concat([header, ...directory, ...bodies])
  const head = tablesOf(file).get('head')
  head?.writeUInt32BE((wholeSum - sumOf(file)) >>> 0, checksumAt)
  return file
}

/** The sum of a table's words, as the directory of a font has it. */
function sumOf (bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 4) sum = (sum + bytes.readUInt32BE(at)) >>> 0
  return sum
}

/** Whole numbers of so many bytes each, most significant byte first. */
function bytesOf (numbers: ReadonlyArray<readonly [value: number, bytes: number]>): Buffer {
  const buffer = Buffer.alloc(numbers.reduce((sum, [, bytes]) => sum + bytes, 0))
  let at = 0
  for (const [value, bytes] of numbers) at = buffer.writeUIntBE(value, at, bytes)
  return buffer
}
