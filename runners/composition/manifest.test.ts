import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CompositionError, readManifest } from './index.ts'

let directory: string
beforeAll(async () => { directory = await mkdtemp(join(tmpdir(), 'manifest-')) })
afterAll(async () => { await rm(directory, { recursive: true }) })

async function read (text: string) {
  const file = join(directory, 'manifest.toml')
  await writeFile(file, text)
  return readManifest(file)
}

const good = '[[testcases]]\nname = "link"\ninstances = { min = 2, max = 4 }\n'

describe('the manifest of the plan', () => {
  it('has the cases of the plan, every parameter with a description, a unit, and a default unless that depends on another one', async () => {
    const manifest = await readManifest(fileURLToPath(new URL('../../manifests/manifest.toml', import.meta.url)))
    expect(manifest.name).toBe('peersdb')
    expect(Object.keys(manifest.builders)).toEqual(['docker:generic'])
    expect(Object.keys(manifest.runners)).toEqual(['local:docker', 'cluster:k8s'])
    expect(Object.entries(manifest.testcases).map(([name, { instances }]) => [name, instances])).toEqual([
      ['replication', { min: 2, max: 1000, default: 6 }],
      ['bootstrapping', { min: 2, max: 1000, default: 8 }],
      ['churn', { min: 2, max: 1000, default: 12 }],
      ['partition', { min: 2, max: 1000, default: 6 }],
      ['modelling', { min: 2, max: 1000, default: 4 }],
      ['validation', { min: 2, max: 1000, default: 12 }],
      ['privacy', { min: 2, max: 100, default: 6 }],
      ['scale', { min: 2, max: 200, default: 5 }],
      ['transfer', { min: 2, max: 64, default: 10 }],
      ['link', { min: 2, max: 100, default: 6 }]
    ])
    const workload = ['network', 'region', 'shaping', 'role', 'contributions', 'interval_ms', 'corpus', 'seed', 'store', 'sync', 'timeout_secs', 'dials']
    const posting = [...workload, 'sabotage']
    expect(Object.keys(manifest.testcases.replication!.params)).toEqual(posting)
    expect(Object.keys(manifest.testcases.scale!.params)).toEqual(posting)
    expect(Object.keys(manifest.testcases.bootstrapping!.params)).toEqual([...posting, 'joins_at_once'])
    const underFaults = [...workload, 'faults', 'sample_ms', 'sabotage']
    expect(Object.keys(manifest.testcases.churn!.params))
      .toEqual([...underFaults, 'churn', 'duration_secs', 'time_scale', 'crash_ratio', 'disk_loss_ratio'])
    expect(Object.keys(manifest.testcases.partition!.params)).toEqual([...underFaults, 'isolate', 'cut_at_secs', 'cut_secs'])
    expect(Object.keys(manifest.testcases.privacy!.params)).toEqual([
      'network', 'region', 'shaping', 'role', 'file_bytes', 'seed', 'store', 'sync', 'timeout_secs', 'dials', 'sabotage'
    ])
    expect(Object.keys(manifest.testcases.modelling!.params)).toEqual([
      ...workload, 'job', 'flawed_share', 'flaws', 'models', 'test_share', 'checkpoints', 'shares', 'strategy', 'sabotage'
    ])
    expect(Object.keys(manifest.testcases.transfer!.params)).toEqual([
      'run_count', 'run_timeout_secs', 'leech_count', 'passive_count', 'roles_by', 'timeout_secs', 'seed_fraction', 'bstore_delay_ms', 'file_size',
      'latency_ms', 'leech_latency_ms', 'seed_latency_ms', 'jitter_pct', 'bandwidth_mb', 'parallel_gen_mb', 'validation_enabled', 'validation_algorithm',
      'sync', 'seed', 'sabotage'
    ])
    expect(Object.keys(manifest.testcases.validation!.params)).toEqual([
      ...workload, 'job', 'flawed_share', 'flaws', 'strategy', 'behaviour', 'error_rate', 'looks', 'washes', 'looks_by', 'wait_ms',
      'sample_size', 'audit_share', 'pre_trusted', 'decisions_at_once', 'first_peersdb', 'cost_law', 'cost_index', 'sabotage'
    ])
    expect(Object.keys(manifest.testcases.link!.params))
      .toEqual(['network', 'region', 'shaping', 'pings', 'throughput_bytes', 'seed', 'sabotage', 'timeout_secs'])
    for (const { params } of Object.values(manifest.testcases)) {
      for (const [name, param] of Object.entries(params)) {
        expect(param.default).toBeTypeOf(name === 'contributions' ? 'undefined' : 'string')
        expect(param.description).not.toBe('')
        expect(param.unit).not.toBe('')
      }
    }
  })
})

describe('a manifest', () => {
  it('turns defaults into text and leaves out what has none', async () => {
    const { testcases } = await read(`name = "p"\n${good}[testcases.params]
a = { type = "int", desc = "d", unit = "u", default = 5 }
b = { type = "list", desc = "d", default = [1, "x"] }
c = { type = "string", desc = "d", default = "text" }
d = { type = "string", desc = "d" }
e = { type = "bool", desc = "d", default = false }\n`)
    expect(testcases).toStrictEqual({
      link: {
        instances: { min: 2, max: 4, default: 2 },
        params: {
          a: { type: 'int', description: 'd', unit: 'u', default: '5' },
          b: { type: 'list', description: 'd', default: '[1,"x"]' },
          c: { type: 'string', description: 'd', default: 'text' },
          d: { type: 'string', description: 'd' },
          e: { type: 'bool', description: 'd', default: 'false' }
        }
      }
    })
  })

  it.each<[string, string, string]>([
    ['unknown key', `name = "p"\n${good}[testcases.params]\nn = { type = "int", dsc = "d" }`,
      '6: unknown key "dsc" in [testcases.params.n]; did you mean "desc"?'],
    ['unknown type', `name = "p"\n${good}[testcases.params]\nn = { type = "duration", desc = "d" }`,
      '6: "type" in [testcases.params.n] must be one of int, float, bool, string, profile, corpus, file, list; write type = "string" if it is none of the others'],
    ['default of another type', `name = "p"\n${good}[testcases.params]\nn.type = "int"\nn.desc = "d"\nn.default = "many"`,
      '8: the default of parameter "n" must be a whole number, but is "many"; correct the default or the type'],
    ['missing type', `name = "p"\n${good}[testcases.params]\nn = { desc = "d" }`, '6: [testcases.params.n] lacks "type"; add type = "..."'],
    ['sizes out of order', `name = "p"\n${good}`.replace('4', '1'),
      '4: instances must be min <= default <= max, but they are 2, 2 and 1; put them in order'],
    ['case twice', `name = "p"\n${good}${good}`, '6: test case "link" is there twice; rename or delete one of them'],
    ['no cases', 'name = "p"', '1: [[testcases]] is missing; add at least one, with name and instances']
  ])('is refused for: %s', async (_, text, sentence) => {
    const error: unknown = await read(text).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CompositionError)
    expect((error as CompositionError).message).toBe(`${join(directory, 'manifest.toml')}:${sentence}`)
  })
})
