import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inflateSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { drawReplication } from './figures/ecdf.ts'
import { replicationPairs } from './figures/replication-pairs.ts'
import { column } from './figures/figure.ts'
import { peerRows, regions } from './folder.test-helper.ts'
import { interFiles, loadFonts } from './fonts.ts'
import { forms, printFigure } from './print.ts'
import { sizeOf } from './render.ts'
import { parseRow } from './rows.ts'
import type { Figure } from './figures/figure.ts'
import type { Fonts } from './fonts.ts'
import type { Printed } from './print.ts'
import type { Row } from './rows.ts'

const fonts = loadFonts()
const caption = { source: 'runner sim · seed 1', warnings: [], regions, layout: column }
const rows = regions.flatMap((_, index) => peerRows(index).trim().split('\n').map((line) => parseRow(line, { run: 'main', group: 'peers', index }) as Row))
const drawing = drawReplication(replicationPairs(rows), caption, {})
const figure = (drawing as { figure: Figure }).figure
const sketch = (more: object): Figure => ({
  name: 'sketch', title: 'Sketch', width: 252, drawn: [{ a: 1 }],
  spec: { data: { values: [{ a: 1, b: 2 }, { a: 2, b: 1 }] }, mark: 'line', encoding: { x: { field: 'a', type: 'quantitative' }, y: { field: 'b', type: 'quantitative' } }, ...more } as Figure['spec']
})
const digest = (printed: Printed): Record<string, string> =>
  Object.fromEntries(forms.map((form) => [form, createHash('sha256').update(printed[form] ?? '').digest('hex')]))

let printed: Printed
beforeAll(async () => { printed = await printFigure(figure, fonts) })

/** Prints the figure in a process of its own and tells the digests of its forms. */
async function digestElsewhere (spec: string): Promise<unknown> {
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  const script = `
    const { printFigure } = await import(${module('print.ts')})
    const { loadFonts } = await import(${module('fonts.ts')})
    const { createHash } = await import('node:crypto')
    const { readFileSync } = await import('node:fs')
    const printed = await printFigure(JSON.parse(readFileSync(${JSON.stringify(spec)}, 'utf8')), loadFonts())
    const digests = Object.entries(printed).filter(([form]) => form !== 'inline').map(([form, data]) => [form, createHash('sha256').update(data).digest('hex')])
    process.stdout.write(JSON.stringify(Object.fromEntries(digests)))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script])
  return JSON.parse(stdout)
}

describe('a printed figure', () => {
  it('has the same bytes in every form, in this process and in two others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peerslab-print-'))
    const spec = join(folder, 'figure.json')
    await writeFile(spec, JSON.stringify(figure))
    const elsewhere = await Promise.all([digestElsewhere(spec), digestElsewhere(spec)])
    expect(elsewhere).toEqual([digest(printed), digest(printed)])
    await rm(folder, { recursive: true })
  })

  it('is exactly as wide as its column, in points, in every form', () => {
    const [, heightPt = ''] = /^<svg[^>]* width="252pt" height="([\d.]+)pt"/.exec(printed.svg) ?? []
    const pdf = (printed.pdf as Buffer).toString('latin1')
    expect(pdf).toContain(`/MediaBox [0 0 252 ${heightPt}]`)
    const png = printed.png as Buffer
    expect(png.readUInt32BE(16)).toBe(4 * 252)
    // 288 dots an inch are 11,339 a metre.
    expect(png.subarray(37, 41).toString()).toBe('pHYs')
    expect([png.readUInt32BE(41), png.readUInt32BE(45), png[49]]).toEqual([11_339, 11_339, 1])
  })

  it('embeds Inter in its PDF, sets its text as text, and says no day', () => {
    const pdf = (printed.pdf as Buffer).toString('latin1')
    expect([...pdf.matchAll(/\/BaseFont \/[A-Z]{6}\+(Inter-\w+)/g)].map(([, name]) => name).sort()).toEqual(expect.arrayContaining(['Inter-Regular', 'Inter-SemiBold']))
    expect(pdf.match(/\/FontFile2/g)).toHaveLength(2)
    expect(pdf).not.toMatch(/Helvetica/)
    expect([...pdf.matchAll(/\((D:\d[^)]*)\)/g)].map(([, date]) => date)).toEqual(['D:20000101000000Z'])
    const [page = ''] = [...pdf.matchAll(/stream\n([\s\S]*?)\nendstream/g)].map(([, data]) => inflated(data ?? '')).filter((text) => text.includes(' Tf'))
    expect(page.match(/T[Jj]/g)?.length).toBeGreaterThan(20)
  })

  it('becomes smaller rather than cut where a name is very long', async () => {
    const { svg } = await printFigure(sketch({ title: { text: 'wide '.repeat(30), fontSize: 20 } }), fonts)
    expect(sizeOf(svg).width).toBe(252)
    const [, width = ''] = /viewBox="0 0 ([\d.]+) /.exec(svg) ?? []
    expect(Number(width)).toBeGreaterThan(1_000)
  })

  it('takes a dash without a gap, which pdfkit refuses, for a line', async () => {
    const { pdf } = await printFigure(sketch({ mark: { type: 'line', strokeDash: [1, 0] } }), fonts)
    expect(pdf?.length).toBeGreaterThan(1_000)
  })
})

describe('the font', () => {
  const [i, m] = [fonts.width('iiii', 8), fonts.width('mmmm', 8)]

  it('measures text: "i" is far narrower than "m", semi-bold wider than regular', () => {
    expect(fonts.width('', 8)).toBe(0)
    expect(m).toBeCloseTo(4 * fonts.width('m', 8), 9)
    expect(i).toBeLessThan(0.5 * m)
    expect(fonts.width('region of the newcomer', 8, true)).toBeGreaterThan(fonts.width('region of the newcomer', 8))
    // 13,680 units of 2,048 to the em, as the tables of the file have them.
    expect(fonts.width('europe-west3', 8)).toBeCloseTo(13_680 / 2_048 * 8, 9)
  })

  it.each<[string, Partial<Fonts['files']>, RegExp]>([
    ['is missing', { regular: 'nowhere/Inter.ttf' }, /^The font of the figures cannot be read from nowhere\/Inter\.ttf \(ENOENT\): install .*\.$/],
    ['is no font', { semiBold: import.meta.filename }, /^The file .*print\.test\.ts is no font that figures can be set in .*: install .*\.$/]
  ])('says in one sentence that it %s', (_, files, sentence) => {
    expect(() => loadFonts({ ...interFiles(), ...files })).toThrow(expect.objectContaining({ name: 'FontError', message: expect.stringMatching(sentence) as string }) as Error)
  })

  it('says in one sentence that its package is not installed', () => {
    const nowhere = (): never => { throw new Error('Cannot find module') }
    expect(() => interFiles(nowhere)).toThrow(expect.objectContaining({
      name: 'FontError', message: 'The font of the figures is missing, for @expo-google-fonts/inter/400Regular/Inter_400Regular.ttf is not installed: install the packages again with npm ci.'
    }) as Error)
  })
})

function inflated (latin1: string): string {
  try {
    return inflateSync(Buffer.from(latin1, 'latin1')).toString('latin1')
  } catch {
    // An embedded font, or what is no stream of zlib's.
    return ''
  }
}
