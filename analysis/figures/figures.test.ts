import { describe, expect, it } from 'vitest'
import type { Row } from '../rows.ts'
import { renderPng, renderSvg } from '../render.ts'
import { loadFonts } from '../fonts.ts'
import { wrap } from '../wrap.ts'
import { newcomerRows, peerRows, regions, row } from '../folder.test-helper.ts'
import { figureOf, rowsOf } from './drawing.test-helper.ts'
import { drawBootstrapping } from './bootstrapping.ts'
import { drawReplication } from './ecdf.ts'
import type { Figure } from './figure.ts'
import { drawnRegions, frame, logTicks, regionScales, wantsLog } from './figure.ts'
import { drawLink } from './link.ts'
import { replicationPairs } from './replication-pairs.ts'

const fonts = loadFonts()
const caption = { source: 'runner local · seed 1', warnings: [{ sentence: 'There is only one run.', brief: 'one run only' }, { sentence: 'It was late.', brief: 'late', metric: 'link_rtt_ms' }], regions }
const peers = regions.flatMap((_, index) => rowsOf('peers', index, peerRows(index)))
const newcomers = [0, 1].flatMap((index) => rowsOf('newcomers', index, newcomerRows(index)))
const links = rowsOf('peers', 0, [
  row('link_rtt_ms,from=a,to=b', { value: 101, asked: 100 }),
  row('link_rtt_ms,from=b,to=a', { value: 3, asked: 2 }),
  row('link_throughput_bits_per_second,from=a,to=b', { value: 9e7, asked: 1e8 }),
  row('link_throughput_bits_per_second,from=b,to=a', { value: 9e7, asked: 0 })
].join(''))

describe('replication', () => {
  const figure = figureOf(drawReplication(replicationPairs(peers), caption, { 'asia-east2': { 'us-west1': 50 } }))

  it('draws one curve per region and panel, which starts at 0 and ends at 1 or where waits ran out', () => {
    for (const panel of ['Log entry', 'File']) {
      for (const region of regions) {
        const curve = figure.drawn.filter((point) => point.panel === panel && point.region === region && point.kind !== 'asked')
        expect(curve[0]?.fraction).toBe(0)
        const ranOut = panel === 'File' && region === 'southamerica-east1'
        expect(curve.at(-1)).toMatchObject(ranOut ? { kind: 'ran out', ms: 3000, fraction: 0.8 } : { kind: 'step', fraction: 1 })
      }
    }
  })

  it('shows the latency asked only where the network says it', () => {
    expect(figure.drawn.filter(({ kind }) => kind === 'asked')).toEqual([
      { run: 'main', panel: 'Log entry', region: 'us-west1', ms: 50, fraction: 0, kind: 'asked' },
      { run: 'main', panel: 'File', region: 'us-west1', ms: 50, fraction: 0, kind: 'asked' }
    ])
  })

  it('names its source, how to read it and the warnings that concern it', () => {
    expect(figure.spec.title).toMatchObject({ subtitle: [
      'runner local · seed 1',
      '▲ one-way latency asked of the network, median over the drawn rows.',
      '○ the longest wait that ran out: the curve stays below 1.',
      '1 warning: one run only. See the report.'
    ] })
  })

  it('has no figure without rows', () => {
    expect(drawReplication(replicationPairs(newcomers), caption, {})).toMatchObject({ name: 'replication', missing: expect.stringContaining('no row has replication_entry_ms') as string })
  })
})

describe('bootstrapping', () => {
  it('draws what was held over time and the time over cluster size', () => {
    const { drawn } = figureOf(drawBootstrapping(newcomers, caption))
    expect(drawn.filter(({ panel }) => panel === 'over cluster size')).toHaveLength(4)
    expect(drawn.filter(({ panel, what }) => panel === 'over time' && what === 'files').at(-1)).toMatchObject({ newcomer: 'main/newcomers/1', seconds: 1.85, fraction_held: 1 })
  })

  it('starts every curve with nothing at 0 s, unless it says itself what was held then', () => {
    const curve = (elapsedMs: number): number[][] => {
      const rows = rowsOf('newcomers', 0, row('bootstrap_files_held,region=r', { value: 6, of: 30, elapsed_ms: elapsedMs }))
      return figureOf(drawBootstrapping(rows, caption)).drawn.map((point) => [point.seconds as number, point.fraction_held as number])
    }
    expect(curve(300)).toEqual([[0, 0], [0.3, 0.2]])
    expect(curve(0)).toEqual([[0, 0.2]])
  })

  it('marks a wait that ran out', () => {
    const late = rowsOf('newcomers', 0, row('bootstrap_log_ms,region=r,peers_before=6', { value: 30_000, censored: 1 }))
    const figure = figureOf(drawBootstrapping(late, caption))
    expect(figure.drawn).toMatchObject([{ ran_out: true, seconds: 30 }])
    expect(JSON.stringify(figure.spec.title)).toContain('↑ the wait ran out')
  })
})

it('says when there are more regions than can be told apart', () => {
  const many = Array.from({ length: 20 }, (_, index) => rowsOf('peers', index, row(`replication_entry_ms,from=a,region=r${index}`, { value: index + 1 })))
  const { spec, drawn } = figureOf(drawReplication(replicationPairs(many.flat()), caption, {}))
  expect(new Set(drawn.map(({ region }) => region)).size).toBe(14)
  expect(JSON.stringify(spec.title)).toContain('14 of 20 regions are drawn')
})

describe('link', () => {
  it('draws pairs of which something was asked, in readable units', () => {
    expect(figureOf(drawLink(links, caption)).drawn).toEqual([
      { run: 'main', panel: 'Round trip', from: 'a', to: 'b', asked: 100, measured: 101, unit: 'ms' },
      { run: 'main', panel: 'Round trip', from: 'b', to: 'a', asked: 2, measured: 3, unit: 'ms' },
      { run: 'main', panel: 'Throughput', from: 'a', to: 'b', asked: 100, measured: 90, unit: 'Mbit/s' }
    ])
  })
})

describe('several runs', () => {
  const names = ['first', 'second']
  const both = (group: string, text: (index: number) => string, indices: readonly number[]): Row[] =>
    names.flatMap((run, nth) => indices.flatMap((index) => rowsOf(group, index, text(index + nth), run)))
  const figures = {
    replication: figureOf(drawReplication(replicationPairs(both('peers', peerRows, [0, 1])), caption, {})),
    bootstrapping: figureOf(drawBootstrapping(both('newcomers', newcomerRows, [0, 1]), caption)),
    link: figureOf(drawLink(both('peers', () => row('link_rtt_ms,from=a,to=b', { value: 101, asked: 100 }), [0]), caption))
  }

  it('are drawn apart, each with its name, and rows of one are never counted with those of another', async () => {
    for (const figure of Object.values(figures)) {
      expect([...new Set(figure.drawn.map(({ run }) => run))]).toEqual(names)
      expect(await renderSvg(figure.spec, fonts)).toMatch(/first[^]*second/)
    }
    const alone = figureOf(drawReplication(replicationPairs([0, 1].flatMap((index) => rowsOf('peers', index, peerRows(index), 'first'))), caption, {}))
    // Of the peers of both runs one has the same region, and other rows.
    expect(figures.replication.drawn.filter(({ run }) => run === 'first')).toEqual(alone.drawn)
    expect(figures.link.drawn).toHaveLength(2)
  })

  it('have rows of panels of their own, whose data are of one run', () => {
    interface Panel { layer: Array<{ data?: { values: Row[] } }> }
    const { vconcat } = figures.bootstrapping.spec as unknown as { vconcat: Array<{ hconcat: Panel[] }> }
    const runsOf = (row: { hconcat: Panel[] }): string[][] =>
      row.hconcat.map(({ layer }) => [...new Set(layer[0]?.data?.values.map(({ run }) => run))])
    expect(vconcat.slice(0, 2).map(runsOf)).toEqual([[['first'], ['first']], [['second'], ['second']]])
  })

  it('beyond what a page holds are left out, and the figure says so', () => {
    const many = Array.from({ length: 6 }, (_, index) => rowsOf('peers', 0, peerRows(0), `run${index}`)).flat()
    const { drawn, spec } = figureOf(drawReplication(replicationPairs(many), caption, {}))
    expect(new Set(drawn.map(({ run }) => run)).size).toBe(4)
    expect(JSON.stringify(spec.title)).toContain('4 of 6 runs are drawn; the tables hold all.')
  })

  it.each(Object.entries(figures))('%s: Vega has no complaint', async (_, { spec }) => {
    const complaints: string[] = []
    await renderSvg(spec, fonts, (complaint) => complaints.push(complaint))
    expect(complaints).toEqual([])
  })
})

describe('rendering', () => {
  it.each([
    ['replication', figureOf(drawReplication(replicationPairs(peers), caption, {}))],
    ['bootstrapping', figureOf(drawBootstrapping(newcomers, caption))],
    ['link', figureOf(drawLink(links, caption))]
  ])('%s: the spec stays as it is, Vega has no complaint, the bytes repeat, the PNG is not empty', async (name, { spec }) => {
    await expect(`${JSON.stringify(spec, null, 1)}\n`).toMatchFileSnapshot(`snapshots/${name}.vl.json`)
    const complaints: string[] = []
    const svg = await renderSvg(spec, fonts, (complaint) => complaints.push(complaint))
    expect(complaints).toEqual([])
    expect(await renderSvg(spec, fonts)).toBe(svg)
    expect(svg).toContain('font-family="Inter, ')
    expect(svg).not.toMatch(/NaN|undefined|null/)
    expect((await renderPng(svg, fonts)).length).toBeGreaterThan(10_000)
  })

  it('repeats the bytes of a clipped mark, too, though Vega numbers clip paths', async () => {
    const spec = { data: { values: [{ a: 1 }] }, mark: { type: 'point', clip: true }, encoding: { x: { field: 'a', type: 'quantitative' } } } as Figure['spec']
    const svg = await renderSvg(spec, fonts)
    expect(svg).toContain('clip-path')
    expect(await renderSvg(spec, fonts)).toBe(svg)
  })
})

describe('what figures share', () => {
  it('gives every region its own pair of colour and dash, in the order of the network', () => {
    const names = drawnRegions(['b', 'z', 'a', 'c', 'b'], ['z', 'b'])
    expect(names).toEqual(['z', 'b', 'a', 'c'])
    const many = Array.from({ length: 14 }, (_, index) => `r${index}`)
    const { colour, dash } = regionScales(many) as { colour: { range: string[] }, dash: { range: number[][] } }
    expect(new Set(many.map((_, index) => JSON.stringify([colour.range[index], dash.range[index]]))).size).toBe(14)
  })

  it('takes a logarithmic axis where the range asks for one', () => {
    expect([wantsLog([1, 31]), wantsLog([1, 30]), wantsLog([0, 100])]).toEqual([true, false, false])
    expect(logTicks(4, 220)).toEqual([5, 10, 20, 50, 100, 200])
    expect(logTicks(0.9, 2e6)).toEqual([1, 10, 100, 1000, 10000, 100000, 1000000])
  })

  it('wraps a sentence and cuts a word that has no room', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrap('a'.repeat(10), 4)).toEqual(['aaaa', 'aaaa', 'aa'])
  })

  it('tells the warnings in two lines at most', () => {
    const warnings = Array.from({ length: 9 }, (_, index) => ({ sentence: 'Long.', brief: `doubt ${index} about ${'something '.repeat(4)}` }))
    const { title } = frame('Title', { ...caption, warnings }, [], [])
    const lines = (title as { subtitle: string[] }).subtitle
    expect(lines).toHaveLength(3)
    expect(lines[1]).toMatch(/^9 warnings: doubt 0/)
    expect(lines[2]).toMatch(/something ; … See the report\.$/)
  })
})
