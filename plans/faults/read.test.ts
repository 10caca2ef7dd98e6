import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { churnTimeline, partitionTimeline, placeInstances } from './read.ts'

let directory: string
beforeAll(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-faults-')) })
afterAll(async () => { await rm(directory, { recursive: true }) })

const peers = (params: Record<string, string>, id = 'peers') => ({ id, count: 2, params: { network: 'gcp-six-regions', ...params } })

async function write (...events: object[]): Promise<string> {
  const file = join(directory, 'faults.json')
  await writeFile(file, JSON.stringify({ endMs: 5_000, events }))
  return file
}

describe('the faults of a composition', () => {
  it('are one partition, which the parameters say, unless a file is named', async () => {
    const [cut] = (await partitionTimeline([peers({ cut_at_secs: '3', cut_secs: '4', isolate: 'peers/1' })])).events
    expect(cut).toEqual({ atMs: 3_000, kind: 'partition', sides: [['peers/1'], ['peers/0']] })
    const faults = await write({ atMs: 1, kind: 'degrade', sides: [['us-west1']], latencyFactor: 2 })
    const { endMs, source, events } = await partitionTimeline([peers({ faults })])
    expect([endMs, source, events.map(({ kind }) => kind)]).toEqual([5_000, 'faults.json', ['degrade', 'restore']])
  })

  it('are drawn for the groups that have a churn alone, by the seed', async () => {
    const groups = [peers({ churn: 'exponential-10min', time_scale: '60', duration_secs: '600' }), peers({}, 'root')]
    const { events, endMs } = await churnTimeline(groups)
    const named = new Set(events.flatMap((event) => 'instances' in event ? event.instances : []))
    expect([endMs, [...named].sort()]).toEqual([600_000, ['peers/0', 'peers/1']])
    expect((await churnTimeline(groups)).events).toEqual(events)
  })

  it('know where instances stand as these will find when they meet', async () => {
    const places = await placeInstances('partition', [peers({ region: 'me-west1' }, 'a'), peers({}, 'b')])
    expect(places.map(({ index, name, region }) => [index, name, region])).toEqual([
      [0, 'a/0', 'me-west1'], [1, 'a/1', 'me-west1'], [2, 'b/0', 'europe-west3'], [3, 'b/1', 'us-west1']
    ])
  })
})

describe('the faults of a composition are refused for', () => {
  const leave = { atMs: 1, kind: 'leave', instances: ['peers/1'] }

  it.each<[string, object[], Record<string, string>, string]>([
    ['a part of a bandwidth without limit', [{ atMs: 7, kind: 'degrade', sides: [['peers/0']], bandwidthFactor: 0.1 }], { network: 'lan' },
      'faults.json: degrade at 7 ms: the network profile lan has no bandwidth of which a part could be left; leave bandwidthFactor out, or use another profile'],
    ['a disk that is memory', [leave, { ...leave, atMs: 2, kind: 'restart' }], { store: 'memory' },
      'faults.json: restart at 2 ms: peers/1 would find its disk, but parameter store is memory; set store = "disk"'],
    ['a file beside churn that is drawn', [], { churn: 'kad-first' }, 'parameter faults names a file, and group peers has a churn, too; set one of them'],
    ['a way of coming and going that there is not', [], { churn: 'often' }, 'parameter churn = "often" of case churn Invalid option']
  ])('%s', async (_, events, params, sentence) => {
    const faults = await write(...events)
    await expect(churnTimeline([peers({ ...params, faults })])).rejects.toThrow(sentence)
  })

  it('a file that is not there, or is no JSON', async () => {
    await expect(churnTimeline([peers({ faults: '/nowhere/faults.json' })])).rejects
      .toThrow('the file of faults /nowhere/faults.json cannot be read (ENOENT); check parameter faults')
    await writeFile(join(directory, 'half.json'), '{')
    await expect(churnTimeline([peers({ faults: join(directory, 'half.json') })])).rejects.toThrow(/^half\.json is not JSON \(.*\); mend it there$/)
  })

  it('a region that is not in the network', async () => {
    await expect(partitionTimeline([peers({ isolate: 'moon' })])).rejects
      .toThrow('parameter isolate = "moon": event 1 (partition at 10000 ms): there is no instance, group or region "moon"')
  })
})
