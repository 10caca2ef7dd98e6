import { create } from 'fontkit'
import { describe, expect, it } from 'vitest'
import { embedFont, pageFont } from './embed-font.ts'
import { loadFonts } from './fonts.ts'
import { renderPdf } from './render-pdf.ts'
import { renderPng } from './render.ts'
import type { Font } from 'fontkit'

const fonts = loadFonts()
const open = (bytes: Buffer): Font => create(bytes) as Font
const charactersOf = (bytes: Buffer): string => String.fromCodePoint(...open(bytes).characterSet)
/** The fonts that are within a text of CSS, by weight. */
const facesOf = (css: string): Map<string, Buffer> => new Map([
  ...css.matchAll(/@font-face\{font-family:Inter;font-weight:(\d+);src:url\(data:font\/ttf;base64,([^)]+)\) format\("truetype"\)\}/g)
].map(([, weight = '', data = '']) => [weight, Buffer.from(data, 'base64')]))
const wordsOf = (bytes: Buffer): number[] => Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(4 * index))
const sumOf = (bytes: Buffer): number => wordsOf(bytes).reduce((sum, word) => (sum + word) >>> 0, 0)

describe('a font of some letters', () => {
  const letters = 'replication é ▶ −∞'
  const subset = fonts.subset(letters)

  it('has these letters, as wide as they are in the whole, and no others', () => {
    expect(charactersOf(subset)).toBe([...new Set(letters)].sort().join(''))
    const font = open(subset)
    for (const letter of letters) {
      expect(font.glyphForCodePoint(letter.codePointAt(0)!).advanceWidth / font.unitsPerEm * 8).toBeCloseTo(fonts.width(letter, 8), 9)
    }
    expect(font.glyphForCodePoint('é'.codePointAt(0)!).path.commands.length).toBeGreaterThan(10)
    expect(font.glyphForCodePoint('z'.codePointAt(0)!).id).toBe(0)
    expect(subset.length).toBeLessThan(8_000)
  })

  it('has the same bytes whatever the order of the letters, other bytes in semi-bold, and its name', () => {
    expect(fonts.subset([...letters].reverse())).toEqual(subset)
    expect(fonts.subset(letters, true)).not.toEqual(subset)
    expect(open(subset).familyName).toBe('Inter')
  })

  it('has tables in order, whole words apart, with the sums that the format asks for', () => {
    expect(subset.length % 4).toBe(0)
    expect(sumOf(subset)).toBe(0xB1B0AFBA)
    const names = Array.from({ length: subset.readUInt16BE(4) }, (_, index) => subset.toString('latin1', 12 + 16 * index, 16 + 16 * index))
    expect(names).toEqual(['OS/2', 'cmap', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'name', 'post', 'prep'])
  })

  it('leaves out what the whole does not have', () => {
    expect(charactersOf(fonts.subset('a\u{10ffff}b'))).toBe('ab')
  })
})

describe('a figure with its font', () => {
  const svg = '<svg width="90" height="30" viewBox="0 0 90 30" xmlns="http://www.w3.org/2000/svg"><title>Letters</title><g>' +
    '<text font-family="Inter, Arial, sans-serif" font-size="8px" y="10">a &amp; <tspan>b</tspan> &lt; c</text><text font-weight="600" y="20" font-family="Inter, Arial">Head</text></g></svg>'
  const embedded = embedFont(svg, fonts)

  it('has the letters of its texts, by weight', () => {
    const faces = facesOf(embedded)
    expect([...faces.keys()]).toEqual(['400', '600'])
    expect(charactersOf(faces.get('400')!)).toBe(' &<abc')
    expect(charactersOf(faces.get('600')!)).toBe('Hade')
    expect(facesOf(embedFont(svg.replace(' font-weight="600"', ''), fonts)).size).toBe(1)
  })

  it('has the same picture and the same PDF as without', async () => {
    expect(/^<svg[^>]*><title>[^<]*<\/title><style>@font-face/.test(embedded)).toBe(true)
    expect((await renderPng(embedded, fonts)).equals(await renderPng(svg, fonts))).toBe(true)
    expect((await renderPdf(embedded, 'x', fonts)).equals(await renderPdf(svg, 'x', fonts))).toBe(true)
  })

  it('shares the font of a page, which has all letters of western Europe as well', () => {
    const css = pageFont([svg.replace('Head', 'Head ▶')], fonts)
    expect(charactersOf(facesOf(css).get('600')!)).toMatch(/^ !"#.*Zz?.*éê.*Žž.*▶$/su)
    // A report has room for 3 MB in all.
    expect(css.length).toBeLessThan(100_000)
  })
})
