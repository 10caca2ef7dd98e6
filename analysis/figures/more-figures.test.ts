import { describe, expect, it } from 'vitest'
import { peerRows, regions, row } from '../folder.test-helper.ts'
import { loadFonts } from '../fonts.ts'
import { prototypeBootstrapping, prototypeReplication } from '../prototype.ts'
import { atWidth, renderSvg, sizeOf } from '../render.ts'
import { scalingRuns } from '../scaling-runs.ts'
import { median, quantile } from '../statistics/index.ts'
import { figureOf, rowsOf } from './drawing.test-helper.ts'
import { drawAvailability } from './availability.ts'
import { boxOf } from './box-panel.ts'
import { drawBootstrappingCluster } from './bootstrapping-cluster.ts'
import { drawConvergence } from './convergence.ts'
import { column, page } from './figure.ts'
import { drawPrediction } from './prediction.ts'
import { drawReplicationByRegion } from './replication-by-region.ts'
import { drawReplicationMatrix } from './replication-matrix.ts'
import { replicationPairs } from './replication-pairs.ts'
import { drawReplicationPrototype } from './replication-prototype.ts'
import { drawScaling } from './scaling.ts'
import { drawTraffic } from './traffic.ts'
import { drawTransfer } from './transfer.ts'
import { drawValidation } from './validation.ts'
import type { Faults } from '../faults.ts'
import type { SizePoint } from './bootstrapping-size.ts'
import type { Caption, Drawing } from './figure.ts'
import type { PeerReplication } from './replication-prototype.ts'

const fonts = loadFonts()
const caption: Caption = { source: 'runner sim · seed 1', warnings: [], regions }

const peers = regions.flatMap((_, index) => rowsOf('peers', index, peerRows(index)))
const faults: Faults[] = [{
  run: 'main', endMs: 10_000, spans: [
    { kind: 'partition', fromMs: 2_000, toMs: 6_000, instances: ['peers/0'] },
    { kind: 'crashed', fromMs: 1_000, toMs: 3_000, instances: ['peers/1'] },
    { kind: 'not there yet', fromMs: 0, toMs: 4_000, instances: ['peers/10'] }
  ]
}]
/** Two peers at two times: one holds half of the files and then all, the other all and then nine tenths. */
const held = [[0.5, 1], [1, 0.9]].flatMap((values, index) => rowsOf('peers', index, values.map((value, time) =>
  row('files_held_ratio,region=r', { value, elapsed_ms: 1000 * (time + 1), of: 10 })).join('')))
const available = [
  ...rowsOf('peers', 0, [
    row('files_available_ratio,region=r', { value: 0.8, elapsed_ms: 1000, of: 10 }), row('peers_alive,region=r', { value: 3, elapsed_ms: 1000, of: 4 }),
    row('file_availability,region=r,cid=a', { value: 0.5 }), row('file_availability,region=r,cid=b', { value: 1 })
  ].join('')),
  ...rowsOf('peers', 1, [
    row('rejoin_ms,region=r,begins=join,disk=new', { value: 40 }), row('rejoin_ms,region=r,begins=restart,disk=kept', { value: 0 }),
    row('rejoin_ms,region=r,begins=restart,disk=new', { value: 900, censored: 1 }), row('rejoin_ms,region=r,begins=restart,disk=new', { value: 700 })
  ].join(''))
]
const traffic = rowsOf('peers', 0, [
  row('protocol_bytes_received,region=a,protocol=/big/1', { value: 800 }), row('protocol_bytes_received,region=a,protocol=/small/1', { value: 100 }),
  row('bytes_received,region=a,from=b', { value: 700 }), row('bytes_received,region=a,from=c', { value: 300 }), row('redundancy,region=a', { value: 1.25 })
].join(''))
const scaling = [4, 8, 16].map((instances) => ({
  run: `n${instances}`, instances, values: new Map([['replication_file_ms', { value: 50, isBound: false }], ['bytes_received', { value: 10 * instances ** 2, isBound: instances === 16 }]])
}))
const sizes = [1, 7, 13].flatMap((peersBefore) => (['log', 'files'] as const).map((what): SizePoint =>
  ({ what, run: 'main', newcomer: 'n/0', region: 'us-west1', peersBefore, seconds: what === 'log' ? 2 : 5, ranOut: peersBefore === 13 && what === 'files' })))
const replications: PeerReplication[] = regions.map((region, index) => ({ run: 'main', region, peer: `peers/${index}`, meanMs: 20 * index + 5, minMs: 20 * index, isBound: index === 2 }))

const predictions = [0, 1].flatMap((peer) => rowsOf('peers', peer, ['gbm', 'ernest'].flatMap((model) => [
  row(`prediction_error_mape,region=r,job=sgd,model=${model},data=local,corpus_held=0.25,target=all,strategy=none`, { value: 60 + 10 * peer }),
  ...[0.5, 1].map((held) => row(`prediction_error_mape,region=r,job=sgd,model=${model},data=partial,corpus_held=${held},target=all,strategy=none`, { value: 40 - 20 * held + peer })),
  row(`prediction_error_mape,region=r,job=sgd,model=${model},data=full,corpus_held=1,target=own,strategy=none`, { value: 1 })
]).join('')))
const validated = [['honest', 'none', 0.4], ['wrong', 'peersdb', 0.2]].flatMap(([run, strategy, rate]) => [0, 1].flatMap((peer) => rowsOf('askers', peer, [
  row(`false_accept_rate,region=r,strategy=${strategy}`, { value: Number(rate) + 0.1 * peer }), row(`false_reject_rate,region=r,strategy=${strategy}`, { value: 0 }),
  row(`validation_messages,region=r,strategy=${strategy}`, { value: 80, contributions: 40 }), row(`validations_computed,region=r,strategy=${strategy}`, { value: 20, contributions: 40 })
].join(''), String(run))))
const transfers = [['seeds-1', 2], ['seeds-4', 1]].flatMap(([run, seconds]) => [0, 1].flatMap((attempt) => [1, 16].flatMap((megabytes) => {
  const tags = `region=r,run=${attempt},fileSize=${megabytes * 1e6}`
  return rowsOf('peers', 0, [
    row(`time_to_fetch,${tags},nodeType=Leech`, { value: Number(seconds) * (megabytes + attempt) * 1e9 }), row(`data_rcvd,${tags},nodeType=Leech`, { value: megabytes * 1.5e6 }),
    row(`time_to_fetch,${tags},nodeType=Seed`, { value: 1 })
  ].join(''), String(run))
})))
const validationRun = { runs: [
  { id: 'honest', groups: [{ id: 'askers', count: 2 }] },
  { id: 'wrong', groups: [{ id: 'askers', count: 2 }, { id: 'liars', count: 1, params: { behaviour: 'wrong' } }, { id: 'none', count: 0, params: { behaviour: 'sybil' } }] }
] }

const drawers: Record<string, (caption: Caption) => Drawing> = {
  'replication-by-region': (caption) => drawReplicationByRegion(replicationPairs(peers), caption),
  'replication-matrix': (caption) => drawReplicationMatrix(replicationPairs(peers), caption),
  convergence: (caption) => drawConvergence(held, faults, caption),
  availability: (caption) => drawAvailability(available, faults, caption),
  traffic: (caption) => drawTraffic(traffic, caption),
  scaling: (caption) => drawScaling(scaling, caption),
  'bootstrapping-cluster': (caption) => drawBootstrappingCluster(sizes, caption),
  prediction: (caption) => drawPrediction(predictions, caption),
  validation: (caption) => drawValidation(validated, validationRun, caption),
  transfer: (caption) => drawTransfer(transfers, caption),
  'replication-prototype': (caption) => drawReplicationPrototype(replications, caption)
}

describe.each(Object.entries(drawers))('%s', (name, draw) => {
  it('has a spec that stays as it is', async () => {
    await expect(`${JSON.stringify(figureOf(draw(caption)).spec, null, 1)}\n`).toMatchFileSnapshot(`snapshots/${name}.vl.json`)
  })

  it.each([['page', page], ['column of a paper', { ...column, isTitled: false }]])('fits its %s, and Vega has no complaint', async (_, layout) => {
    const complaints: string[] = []
    const { spec, width } = figureOf(draw({ ...caption, layout }))
    const svg = await renderSvg(spec, fonts, (complaint) => complaints.push(complaint))
    expect(complaints).toEqual([])
    expect(width).toBe(layout.width)
    expect(sizeOf(svg).width).toBeLessThanOrEqual(layout.width)
    expect(sizeOf(atWidth(svg, width)).width).toBe(width)
    expect(svg).toContain('runner sim · seed 1')
    expect(svg).not.toMatch(/NaN|undefined|null/)
  })
})

it.each([
  [drawReplicationByRegion([], caption), 'replication_entry_ms'], [drawReplicationMatrix([], caption), 'replication_entry_ms'],
  [drawConvergence([], faults, caption), 'files_held_ratio'], [drawAvailability([], faults, caption), 'files_available_ratio'],
  [drawTraffic([], caption), 'protocol_bytes_received'], [drawScaling(scaling.slice(0, 1), caption), 'two numbers of instances'],
  [drawPrediction([], caption), 'prediction_error_mape'], [drawValidation([], {}, caption), 'false_accept_rate'],
  [drawTransfer(transfers.filter(({ tags }) => tags.nodeType === 'Seed'), caption), 'time_to_fetch'],
  [drawBootstrappingCluster(sizes.slice(0, 2), caption), 'at least 3 sizes'], [drawReplicationPrototype([], caption), 'replication_entry_ms']
])('says in one sentence what is missing: %o', (drawing, what) => {
  expect(drawing).toMatchObject({ missing: expect.stringMatching(new RegExp(`^There is no .*${what}.*\\.$`)) as string })
})

describe('what is drawn', () => {
  it('of a box are quartiles, and a bound where a wait that ran out decides', () => {
    const samples = Array.from({ length: 200 }, (_, index) => ({ value: index + 1, censored: false }))
    const values = samples.map(({ value }) => value)
    expect(boxOf('r', samples)).toMatchObject({ n: 200, p5: quantile(values, 0.05), q1: 50.75, median: 100.5, q3: 150.25, isBound: false })
    expect(boxOf('r', samples).points).toHaveLength(120)
    expect(boxOf('r', samples.map((sample) => ({ ...sample, censored: sample.value > 180 }))).isBound).toBe(true)
  })

  it('of a transfer are the fetches of leeches, what came for each byte, and the middle of each size', () => {
    const { drawn } = figureOf(drawTransfer(transfers, caption))
    const of = (kind: string, panel: RegExp) => drawn.filter((point) => point.kind === kind && point.run === 'seeds-1' && panel.test(String(point.panel)))
    expect(of('fetch', /^Time/).map(({ megabytes, value }) => [megabytes, value])).toEqual([[1, 2], [16, 32], [1, 4], [16, 34]])
    expect(of('middle', /^Time/).map(({ megabytes, value }) => [megabytes, value])).toEqual([[1, 3], [16, 33]])
    expect(of('middle', /^Bytes/).map(({ value }) => value)).toEqual([1.5, 1.5])
  })

  it('of a matrix is the median of each pair, and nothing where nothing went', () => {
    const { drawn } = figureOf(drawReplicationMatrix(replicationPairs(peers), caption))
    const from = (from: string, to: string) => drawn.find((cell) => cell.panel === 'Log entry' && cell.from === from && cell.to === to)
    expect(from('asia-east2', 'europe-west3')).toMatchObject({ median_ms: median([56, 63, 70, 77, 84]), n: 5, lower_bound: false })
    expect(from('us-west1', 'us-west1')).toMatchObject({ median_ms: null, n: 0 })
  })

  it('of convergence is how many hold all, the mean and the least, and what went wrong', () => {
    const { drawn } = figureOf(drawConvergence(held, faults, caption))
    const at = (time: number): unknown[] =>
      drawn.flatMap(({ seconds, fraction }) => seconds === time && fraction !== null ? [fraction] : [])
    expect([at(1), at(2)]).toEqual([[0.5, 0.75, 0.5], [0.5, 0.95, 0.9]])
    expect(drawn.filter(({ until_seconds: until }) => until !== null)).toMatchObject([
      { what: 'partition', seconds: 2, until_seconds: 6, instances: 'peers/0' }, { what: 'crashed', seconds: 1 }, { what: 'not there yet', until_seconds: 4 }
    ])
  })

  it('of availability is what a live peer holds, for how long, and how fast peers come back, of which some do not', () => {
    const { drawn } = figureOf(drawAvailability(available, faults, caption))
    expect(drawn.filter(({ panel }) => panel === 'over time')).toMatchObject([{ seconds: 1, fraction: 0.8 }, { seconds: 1, fraction: 0.75 }])
    expect(drawn.filter(({ panel }) => panel === 'by file').map(({ availability, fraction }) => [availability, fraction])).toEqual([[0, 1], [0.5, 1], [1, 0.5]])
    expect(drawn.filter(({ what }) => what === 'comes back without').at(-1)).toMatchObject({ rejoin_ms: 700, fraction: 0.5 })
  })

  it('of traffic is each protocol, and what connections carried beyond them', () => {
    const { drawn } = figureOf(drawTraffic(traffic, caption))
    expect(drawn.map(({ protocol, bytes, redundancy }) => [protocol, bytes, redundancy])).toEqual([
      ['/big/1', 800, null], ['/small/1', 100, null], ['encryption, framing and negotiation', 100, null], [null, null, 1.25]
    ])
  })

  it('of scaling is the ideal, and the power law with its exponent', () => {
    const { drawn, spec } = figureOf(drawScaling(scaling, caption))
    expect(drawn.filter(({ kind, panel }) => kind === 'ideal' && panel === 'Bytes received by all').map(({ value }) => value)).toEqual([160, 640])
    expect(drawn.filter(({ kind, panel }) => kind === 'ideal' && String(panel).startsWith('Replication')).map(({ value }) => value)).toEqual([50, 50])
    expect(JSON.stringify(spec)).toContain('grows as n^2.00 [2.00, 2.00]')
  })

  it('of scaling are the runs of a folder with as many instances as were planned', () => {
    const rows = [...rowsOf('peers', 0, peerRows(0), 'n2'), ...rowsOf('peers', 1, row('replication_file_ms,region=r', { value: 8 }), 'n9')]
    const instances = [{ run: 'n2', group: 'peers', index: 0 }, { run: 'n9', group: 'peers', index: 1 }]
    const runs = scalingRuns({ rows, instances, run: { runs: [{ id: 'n9', groups: [{ id: 'peers', count: 7 }, { id: 'newcomers', count: 2 }] }] } })
    expect(runs.map(({ run, instances, values }) => [run, instances, values.get('replication_file_ms')?.value])).toEqual([['n2', 1, 306], ['n9', 9, 8]])
  })

  it('of predictions is the mean over peers by part of the corpus, and apart what own data alone gave', () => {
    const { drawn } = figureOf(drawPrediction(predictions, caption))
    expect(drawn.filter(({ model }) => model === 'gbm').map(({ data, fraction, mape, peers }) => [data, fraction, mape, peers])).toEqual([
      ['local', 0.25, 65, 2], ['shared', 0.5, 30.5, 2], ['shared', 1, 20.5, 2]
    ])
  })

  it('of validation is each run\'s error against its cost per contribution, and what its liars did', () => {
    const { drawn } = figureOf(drawValidation(validated, validationRun, caption))
    expect(drawn).toHaveLength(8)
    expect(drawn.find(({ run, error, cost }) => run === 'wrong' && String(error).startsWith('Flawed') && String(cost).startsWith('requests'))).toEqual({
      run: 'wrong', strategy: 'peersdb', adversary: 'wrong', error: 'Flawed ones taken for valid', rate: 0.25, cost: 'requests for votes per contribution', amount: 2
    })
    expect(drawn.filter(({ run }) => run === 'honest').every(({ adversary }) => adversary === 'honest')).toBe(true)
  })

  it('of the prototype is what its raw results say, without those that say nothing', () => {
    const seconds = prototypeBootstrapping.flatMap((each) => each.seconds ?? [])
    expect([prototypeBootstrapping.length, seconds.length, Math.round(10 * median(seconds)) / 10]).toEqual([54, 49, 92.2])
    expect(figureOf(drawBootstrappingCluster(sizes, caption)).drawn.filter(({ series }) => String(series).startsWith('prototype'))).toHaveLength(49)
    const means = prototypeReplication.map(({ meanSeconds }) => meanSeconds)
    expect([means.length, Math.round(1000 * means.reduce((sum, mean) => sum + mean, 0) / means.length)]).toEqual([24, 133])
  })
})
