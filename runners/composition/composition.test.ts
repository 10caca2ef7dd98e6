import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readComposition } from './index.ts'
import { group, head, makeDesk } from './files.test-helper.ts'
import type { Desk } from './files.test-helper.ts'

let desk: Desk
beforeAll(async () => { desk = await makeDesk() })
afterAll(async () => { await desk.clear() })

describe('a good composition', () => {
  it('makes one run "default" of the groups when there is no [[runs]]', async () => {
    const composition = await desk.read(head + group)
    expect(composition).toEqual({
      file: join(desk.directory, 'quick.toml'),
      name: 'quick',
      metadata: {},
      plan: 'peersdb',
      case: 'replication',
      runConfig: {},
      disableMetrics: false,
      runs: [{
        id: 'default',
        totalInstances: 4,
        groups: [{
          id: 'peers',
          count: 4,
          params: { n: '60', gap_ms: '100', loud: 'false', role: 'contributor', corpus: '', network: 'lan', regions: '["a","b"]' }
        }]
      }]
    })
    expect(Object.isFrozen(composition.runs[0]?.groups[0]?.params)).toBe(true)
  })

  it('may use every key of the format', async () => {
    const composition = await desk.read(`
[metadata]
name = "all keys"
author = "someone"
[global]
plan = "peersdb"
case = "replication"
runner = "local:docker"
builder = "docker:generic"
total_instances = 4
concurrent_builds = 2
disable_metrics = true
build_config = { path = "./" }
  [global.build]
  selectors = ["a"]
    [[global.build.dependencies]]
    module = "m"
    target = "t"
    version = "v1"
  [global.run_config]
  keep_containers = true
  exposed_ports = { pprof = "6060" }
  [global.run]
  artifact = "abc"
  test_params = { n = "5" }
  profiles = { cpu = "true" }
[[groups]]
id = "peers"
builder = "docker:generic"
instances = { percentage = 1.0 }
resources = { memory = "512Mi", cpu = "500m" }
  [groups.build]
  selectors = []
  dependencies = [{ module = "m", version = "v2" }]
  [groups.build_config]
  any.thing = 1
  [groups.run]
  artifact = "abc"
  test_params = { role = "reader" }
  profiles = { heap = "5s" }
[[runs]]
id = "one"
total_instances = 2
test_params = { n = "6" }
  [[runs.groups]]
  id = "half"
  group_id = "peers"
  instances = { percentage = 1.0 }
  resources = { memory = "1Gi", cpu = "1" }
  test_params = { loud = "true" }
  profiles = { cpu = "true" }
`)
    expect(composition).toMatchObject({
      metadata: { name: 'all keys', author: 'someone' },
      runner: 'local:docker',
      builder: 'docker:generic',
      runConfig: { keep_containers: true, exposed_ports: { pprof: '6060' } },
      disableMetrics: true,
      runs: [{ id: 'one', totalInstances: 2, groups: [{ id: 'half', count: 2, params: { n: '6', role: 'reader', loud: 'true' } }] }]
    })
  })

  it('may hold the zeros and empty strings that Testground writes when it saves a composition', async () => {
    const composition = await desk.read(`${head}runner = ""\nbuilder = ""\ntotal_instances = 0\nconcurrent_builds = 0
[metadata]\nname = ""\nauthor = ""
[[groups]]\nid = "peers"\nbuilder = ""\ninstances = { count = 3, percentage = 0.0 }
[[runs]]\nid = "one"\ntotal_instances = 0\n[[runs.groups]]\nid = "peers"\ngroup_id = ""\ninstances = { count = 0, percentage = 0.0 }\n`)
    expect(composition.runs).toMatchObject([{ id: 'one', totalInstances: 3, groups: [{ id: 'peers', count: 3 }] }])
    expect(composition).not.toHaveProperty('runner')
    expect(composition.metadata).toEqual({})
  })

  it('runs in file order', async () => {
    const run = (id: string): string => `[[runs]]\nid = "${id}"\n[[runs.groups]]\nid = "peers"\n`
    const composition = await desk.read(head + group + run('z') + run('a') + run('m'))
    expect(composition.runs.map(({ id }) => id)).toEqual(['z', 'a', 'm'])
  })
})

describe('the number of instances', () => {
  const groups = (...instances: string[]): string =>
    instances.map((text, index) => `[[groups]]\nid = "g${index}"\ninstances = { ${text} }\n`).join('')
  it.each([
    [10, ['percentage = 0.25', 'percentage = 0.7'], [3, 7]],
    [7, ['percentage = 0.5', 'count = 3'], [4, 3]],
    [9, ['percentage = 0.33', 'percentage = 0.67'], [3, 6]]
  ])('of %i in all is rounded like Go does: %j is %j', async (total, instances, counts) => {
    const { runs } = await desk.read(`${head}total_instances = ${total}\n${groups(...instances)}`)
    expect(runs[0]?.groups.map(({ count }) => count)).toEqual(counts)
    expect(runs[0]?.totalInstances).toBe(total)
  })

  it('of a run beats that of its group, and its total beats the global one', async () => {
    const { runs } = await desk.read(`${head}total_instances = 4\n${groups('percentage = 0.5', 'percentage = 0.5')}
[[runs]]\nid = "small"\n[[runs.groups]]\nid = "g0"\n[[runs.groups]]\nid = "g1"
[[runs]]\nid = "big"\ntotal_instances = 10\n[[runs.groups]]\nid = "g0"\ninstances.count = 9\n[[runs.groups]]\nid = "g1"\ninstances.percentage = 0.1`)
    expect(runs.map((run) => run.groups.map(({ count }) => count))).toEqual([[2, 2], [9, 1]])
  })
})

describe('a parameter', () => {
  it('is taken from: --set, run group, run, group, global, manifest', async () => {
    const all = {
      global: '[global.run.test_params]\nn = "1"\n',
      group: '[groups.run.test_params]\nn = "2"\n',
      run: '[runs.test_params]\nn = "3"\n',
      runGroup: '[runs.groups.test_params]\nn = "4"\n'
    }
    const n = async (levels: Partial<typeof all>, set = {}): Promise<string | undefined> => {
      const { global = '', group: ofGroup = '', run = '', runGroup = '' } = levels
      const text = `${head}${global}${group}${ofGroup}[[runs]]\nid = "one"\n${run}[[runs.groups]]\nid = "peers"\n${runGroup}`
      return (await desk.read(text, set)).runs[0]?.groups[0]?.params.n
    }
    expect(await n(all, { n: '5' })).toBe('5')
    expect(await n(all)).toBe('4')
    expect(await n({ ...all, runGroup: '' })).toBe('3')
    expect(await n({ global: all.global, group: all.group })).toBe('2')
    expect(await n({ global: all.global })).toBe('1')
    expect(await n({})).toBe('60')
  })

  it('that is a path counts from the composition, or on the command line from the working directory', async () => {
    await mkdir(join(desk.directory, 'deep'), { recursive: true })
    await writeFile(join(desk.directory, 'deep', 'c.toml'), `${head}[global.run.test_params]\ncorpus = "../data"\nnetwork = "net.json"\n${group}`)
    const from = async (set: Record<string, string>) =>
      (await readComposition('deep/c.toml', { manifest: desk.manifest, set, workingDirectory: desk.directory })).runs[0]?.groups[0]?.params
    expect(await from({})).toMatchObject({ corpus: join(desk.directory, 'data'), network: join(desk.directory, 'deep', 'net.json') })
    expect(await from({ corpus: 'data', network: './net.json' })).toMatchObject({ corpus: join(desk.directory, 'data'), network: join(desk.directory, 'net.json') })
    expect(await from({ corpus: '', network: 'wan' })).toMatchObject({ corpus: '', network: 'wan' })
    expect(await from({ corpus: '/data' })).toMatchObject({ corpus: '/data' })
  })

  it('that is a corpus is a path unless it is the name of a preset', async () => {
    const corpus = async (value: string) => (await desk.read(`${head}${group}`, { corpus: value })).runs[0]?.groups[0]?.params['corpus']
    for (const preset of ['', 'small', 'medium', 'paper', 'multi-node']) expect(await corpus(preset)).toBe(preset)
    for (const path of ['data', './paper', 'paper/', 'toString']) expect(await corpus(path)).toBe(resolve(desk.directory, path))
  })
})
