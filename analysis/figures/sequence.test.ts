import fc from 'fast-check'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { undefinedWhereAbsent } from '../absent.ts'
import { wholeFolder } from '../folder.test-helper.ts'
import { readSequence } from '../read-sequence.ts'
import { loadFonts } from '../fonts.ts'
import { renderPng, renderSvg } from '../render.ts'
import { drawSequence } from './sequence.ts'
import { arrowsOf, episodesOf } from './sequence-panels.ts'
import type { CarryingMessage, Sequence } from '../read-sequence.ts'
import type { Figure } from './figure.ts'

const fonts = loadFonts()
const caption = { source: 'runner sim · seed 1', warnings: [], regions: [] }

function message (what: CarryingMessage['what'], from: number, to: number, sentMs: number, receivedMs: number | undefined): CarryingMessage {
  return { sentMs, receivedMs, from: `peers/${from}`, to: `peers/${to}`, protocol: '/test/1.0.0', bytes: 1_200, what }
}

function sequence (messages: CarryingMessage[], run = 'default'): Sequence {
  return { run, name: 'job.zip', messages }
}

function figureOf (...sequences: Sequence[]): Figure {
  const drawing = drawSequence(sequences, caption)
  if ('missing' in drawing) throw new Error(drawing.missing)
  return drawing.figure
}

const small = sequence([
  message('entry and file', 0, 1, 1_000, 1_080), message('entry', 0, 2, 1_000, 1_100), message('want', 2, 0, 1_100, 1_200),
  message('file', 0, 2, 1_200, 1_300), message('entry', 1, 0, 1_090, 1_170), message('announcement', 0, 3, 9_000, 9_050),
  message('want', 3, 0, 9_050, undefined)
])
const many = sequence(Array.from({ length: 24 }, (_, i) => [
  message('entry', 0, i + 1, 0, 40 + 5 * i), message('file', i, i + 1, 50 + 40 * i, 80 + 40 * i), message('entry', i + 1, i, 60 + 40 * i, 90 + 40 * i)
]).flat())

describe('the sequence of a contribution', () => {
  it('is drawn in panels without long pauses, its times counted from the first message', () => {
    const { drawn } = figureOf(small)
    expect(drawn).toHaveLength(6)
    expect(drawn.map(({ episode }) => episode)).toEqual([1, 1, 1, 1, 1, 2])
    expect(drawn[0]).toEqual({ run: 'default', episode: 1, sent_ms: 0, received_ms: 80, from: 'peers/0', to: 'peers/1', protocol: '/test/1.0.0', bytes: 1_200, what: 'entry and file' })
  })

  it('labels what was new to its receiver, of which the contributor is none', () => {
    expect(arrowsOf(small).filter(({ isFirst }) => isFirst).map(({ to, receivedMs }) => [to, receivedMs])).toEqual([['peers/1', 80], ['peers/2', 100], ['peers/2', 300]])
  })

  it('puts those that took part in the order in which they did, and leaves out the rest', () => {
    expect(episodesOf('default', arrowsOf(small)).map(({ instances }) => instances)).toEqual([
      ['peers/0', 'peers/1', 'peers/2'], ['peers/0', 'peers/3']
    ])
  })

  it('of many messages shows those that first brought something, and says so', () => {
    const { drawn, spec } = figureOf(many)
    expect(drawn).toHaveLength(48)
    expect(JSON.stringify(spec.title)).toContain('48 of 72 messages are drawn')
  })

  it('never draws a message twice, out of order or before its cause', () => {
    const some = fc.array(fc.record({
      what: fc.constantFrom<CarryingMessage['what']>('entry and file', 'entry', 'file', 'want', 'announcement'),
      from: fc.nat(8), to: fc.nat(8), sentMs: fc.nat(5_000), ms: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined })
    }), { minLength: 1, maxLength: 90 })
    fc.assert(fc.property(some, (list) => {
      const messages = list.map(({ what, from, to, sentMs, ms }) => message(what, from, to, sentMs, ms == null ? undefined : sentMs + ms))
      const arrows = arrowsOf(sequence(messages))
      const parts = episodesOf('default', arrows)
      const drawn = parts.flatMap((part) => part.arrows)
      expect(new Set(drawn).size).toBe(drawn.length)
      expect(drawn.map(({ sentMs }) => sentMs)).toEqual(drawn.map(({ sentMs }) => sentMs).sort((a, b) => a - b))
      expect(drawn.filter(({ isFirst }) => isFirst)).toEqual(arrows.filter(({ isFirst }) => isFirst))
      for (const { instances, arrows } of parts) expect(new Set(arrows.flatMap(({ from, to }) => [from, to]))).toEqual(new Set(instances))
    }))
  })

  it('says in words what all arrows are where they are of one kind, and by a legend where not', async () => {
    const one = figureOf(sequence([message('entry', 0, 1, 0, 10)])).spec
    expect(JSON.stringify(one.title)).toContain('Every arrow: entry.')
    expect(await renderSvg(one, fonts)).not.toContain('role-legend-entry')
    expect(JSON.stringify(figureOf(small).spec.title)).not.toContain('Every arrow')
    expect(await renderSvg(figureOf(small).spec, fonts)).toContain('role-legend-entry')
  })

  it('has a spec that stays as it is', async () => {
    await expect(`${JSON.stringify(figureOf(small).spec, null, 1)}\n`).toMatchFileSnapshot('snapshots/sequence.vl.json')
  })

  it('says what is missing where nothing was carried', () => {
    expect(drawSequence([], caption)).toMatchObject({ name: 'sequence', missing: expect.stringContaining('--contribution') as string })
  })

  it.each([['few', figureOf(small)], ['many', figureOf(many)], ['runs', figureOf(small, { ...small, run: 'other' })]])('%s: Vega has no complaint, and the bytes repeat', async (_, { spec }) => {
    const complaints: string[] = []
    const svg = await renderSvg(spec, fonts, (complaint) => complaints.push(complaint))
    expect(complaints).toEqual([])
    expect(await renderSvg(spec, fonts)).toBe(svg)
    expect(svg).toContain('time since the first message that carried it')
    expect(svg).not.toMatch(/NaN|undefined|null/)
    expect((await renderPng(svg, fonts)).length).toBeGreaterThan(10_000)
  })
})

describe('the file of a sequence', () => {
  it('is read line by line, and what is no message is counted', async () => {
    const folder = await wholeFolder()
    const [header, line] = ['sent_ms,received_ms,from,to,protocol,bytes,what', '1.000,2.500,peers/0,peers/1,/a/1.0.0,10,want']
    await mkdir(join(folder, 'instances', 'main'), { recursive: true })
    await writeFile(join(folder, 'instances', 'main', 'sequence.csv'), [header, line, 'nonsense', `${line},more`, line.replace('want', 'love'), line.replace('2.500', ''), ''].join('\n'))
    await writeFile(join(folder, 'instances', 'main', 'simulation.json'), JSON.stringify({ followed: { name: 'job.zip' } }))
    const problems: string[] = []
    const read = { sentMs: 1, receivedMs: 2.5, from: 'peers/0', to: 'peers/1', protocol: '/a/1.0.0', bytes: 10, what: 'want' }
    const textOf = (run: string) => (name: string) => readFile(join(folder, 'instances', run, name), 'utf8').catch(undefinedWhereAbsent)
    expect(await readSequence(textOf('main'), 'main', problems)).toEqual([{ run: 'main', name: 'job.zip', messages: [read, { ...read, receivedMs: undefined }] }])
    expect(problems).toEqual([expect.stringContaining('3 lines that are no messages')])
    expect(await readSequence(textOf('other'), 'other', problems)).toEqual([])
    await rm(folder, { recursive: true })
  })
})
