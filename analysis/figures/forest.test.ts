import { describe, expect, it } from 'vitest'
import { loadFonts } from '../fonts.ts'
import { atWidth, renderSvg, sizeOf } from '../render.ts'
import { figureOf } from './drawing.test-helper.ts'
import { layouts } from './figure.ts'
import { drawForest } from './forest.ts'
import type { StudyComparison } from '../comparison/compare.ts'
import type { Effect } from '../comparison/effect.ts'
import type { Finding, Judged } from '../comparison/judge.ts'
import type { Caption } from './figure.ts'

const fonts = loadFonts()
const caption: Caption = { source: 'runner sim · seeds 1 to 9', warnings: [{ sentence: 'It drifts.', brief: 'drift' }], regions: [], fullWarnings: 'comparison.txt' }

const judged = (metric: string, finding: Finding, [relative, low, high]: readonly number[] = [], more: Partial<Judged> = {}): Judged => ({
  metric, part: 'main', unit: 'ms', better: 'lower', isJudged: finding !== 'not judged', bounds: { base: 0, head: 0 }, finding, reason: 'because',
  ...(relative === undefined ? {} : { effect: { relative, low, high, coverage: 0.96, n: { base: 9, head: 9 } } as Effect }), ...more
})
const comparisonOf = (results: Judged[], more: Partial<StudyComparison> = {}): StudyComparison => ({
  verdict: 'fail', reason: '1 of 6 judged values got worse', threshold: 0.05, alpha: 0.05, source: 's', isPaired: true, results, warnings: [],
  base: { path: 'base', runs: 9, commits: ['a'] }, head: { path: 'head', runs: 9, commits: ['b'] }, ...more
})
const comparison = comparisonOf([
  judged('bytes_sent', 'improvement', [-0.2, -0.25, -0.15]),
  judged('converged', 'same', [0, 0, 0], { better: 'higher' }),
  judged('cpu_ms', 'not judged', [0.75, -0.5, 4]),
  judged('rejoin_ms', 'accepted', [0.125, 0.1, 0.15]),
  judged('replication_entry_ms', 'regression', [0.25, 0.125, 0.375]),
  judged('replication_file_ms', 'unknown', [0.03125, -0.0625, 3]),
  judged('verdict_ms', 'unknown', [], { lacking: 'only head recorded it' })
])

describe('a comparison as a forest plot', () => {
  const { drawn, spec, width } = figureOf(drawForest(comparison, caption))
  const marks = (spec as unknown as { data: { values: Array<Record<string, unknown>> } }).data.values
  const mark = (name: string): Record<string, unknown> => marks.find((each) => String(each.name).startsWith(name)) ?? {}

  it('has a spec that stays as it is', async () => {
    await expect(`${JSON.stringify(spec, null, 1)}\n`).toMatchFileSnapshot('snapshots/forest.vl.json')
  })

  it.each(Object.entries(layouts))('fits its %s, and Vega has no complaint', async (_, layout) => {
    const complaints: string[] = []
    const figure = figureOf(drawForest(comparison, { ...caption, layout }))
    const svg = await renderSvg(figure.spec, fonts, (complaint) => complaints.push(complaint))
    expect(complaints).toEqual([])
    expect(sizeOf(svg).width).toBeLessThanOrEqual(layout.width)
    expect(sizeOf(atWidth(svg, figure.width)).width).toBe(layout.width)
    expect(svg).toContain('1 warning: drift. See comparison.txt.')
    expect(svg).not.toMatch(/NaN|undefined|null/)
  })

  it('shows what matters most first, and has its numbers as they are in the CSV', () => {
    expect(width).toBe(516)
    expect(drawn.map(({ finding }) => finding)).toEqual(['regression', 'unknown', 'unknown', 'accepted', 'improvement', 'same', 'not judged'])
    expect(drawn[0]).toEqual({
      metric: 'replication_entry_ms', part: 'main', better: 'lower', finding: 'regression', change: 0.25, low: 0.125, high: 0.375, coverage: 0.96, threshold: 0.05
    })
    expect(drawn.find(({ metric }) => metric === 'verdict_ms')).toMatchObject({ change: null, low: null, high: null })
  })

  it('has a shape for each finding that no other has in the same filling', () => {
    const text = JSON.stringify(spec)
    const rangeOf = (channel: string): string[] => (JSON.parse(`[${new RegExp(`"${channel}":\\{[^}]*"range":\\[([^\\]]*)\\]`).exec(text)?.[1] ?? ''}]`)) as string[]
    const [shapes, fills] = [rangeOf('shape'), rangeOf('fill')]
    const looks = shapes.map((shape, index) => `${shape} ${fills[index] === '#ffffff'}`)
    expect(looks).toHaveLength(6)
    expect(new Set(looks).size).toBe(6)
  })

  it('cuts an interval that would make all others points, and says where it goes on', () => {
    expect(mark('replication_file_ms')).toMatchObject({ low: -6.25, goesOnBelow: false, goesOnAbove: true, numbers: '+3.1 [−6.3, +300]' })
    expect(mark('replication_file_ms').high).toBeLessThan(100)
    expect(mark('cpu_ms')).toMatchObject({ goesOnBelow: true, goesOnAbove: true })
    expect(mark('replication_entry_ms')).toMatchObject({ change: 25, low: 12.5, high: 37.5, goesOnAbove: false })
    expect(JSON.stringify(spec.title)).toContain('◀ ▶ it goes on beyond')
  })

  it('says what is not known, and of which metric more is better', () => {
    expect(mark('verdict_ms')).toMatchObject({ change: null, numbers: 'not known' })
    expect(mark('converged')).toMatchObject({ name: 'converged ↑', numbers: '0 [0, 0]' })
    const few = figureOf(drawForest(comparisonOf([judged('bytes_sent', 'unknown', [0.5, -Infinity, Infinity], { effect: { relative: 0.5, low: -1, high: Infinity, coverage: 0.5 } as Effect })]), caption))
    expect(JSON.stringify(few.spec)).toContain('+50 [−100, +∞] at 50 %')
  })

  it('names parts where there are several, and leaves out what no page holds', () => {
    const many = Array.from({ length: 60 }, (_, index) => judged('rejoin_ms', 'same', [0, 0, 0], { part: `main/r${index}` }))
    const figure = figureOf(drawForest(comparisonOf(many), caption))
    expect(figure.drawn).toHaveLength(44)
    expect(JSON.stringify(figure.spec)).toContain('rejoin_ms in main/r0')
    expect(JSON.stringify(figure.spec.title)).toContain('44 of 60 values are drawn; the table holds all.')
  })

  it('is none where no metric has values on both sides', () => {
    expect(drawForest(comparisonOf([judged('verdict_ms', 'unknown')]), caption)).toEqual({ name: 'forest', missing: expect.stringMatching(/^There is no figure .*\.$/) as string })
  })
})
