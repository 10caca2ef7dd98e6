import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { c3oFiles } from './c3o-generated.ts'
import { cutTable } from './c3o.ts'
import { generatedItems } from './generated.ts'
import { multiNodeFiles, multiNodeName, multiNodeRecords } from './multi-node.ts'
import { openCorpus } from './index.ts'
import { presetNames, presets } from './presets.ts'
import { scoutAttributes } from '../../peersdb/records/scout.ts'
import { sha256, unzipStored } from '../../peersdb/records/zip.test-helper.ts'
import type { Preset } from './presets.ts'

const all = Number.MAX_SAFE_INTEGER
const namesOf = (preset: Preset | undefined, seed = 1): string[] => generatedItems({ preset, count: all, seed }).map(({ name }) => name)

describe('a preset', () => {
  it.each(presetNames)('%s has as many contributions as it says, each with a name of its own', async (preset) => {
    const { items, description } = await openCorpus({ preset, count: all, seed: 1 })
    expect(new Set(items.map(({ name }) => name)).size).toBe(presets[preset])
    expect(items.length).toBe(presets[preset])
    expect(description).toBe(`${presets[preset]} of ${presets[preset]} generated contributions of preset ${preset}, seed 1`)
  })

  // A change of these means other CIDs than those of earlier runs.
  it.each<[Preset, number, string]>([
    ['small', 12, 'b269a6f67eb191c195f2e70fe64d917c79083e2f7b20e0f49b3b38af3e5fb769'],
    ['medium', 12, '7895d720c592fcf403a63b817bdcea5c392af6f9bb50bcf68b29289fcf60ccea'],
    ['paper', 12, '1917c12862247c40f0c78c79526d17eb48998f80b3a0f20c2a84f28eeb38f47c'],
    ['multi-node', 2, 'b125b4ddecacc31afad692a6e221ffbeb0e80f7a327d06671708dcdbf5dc605e']
  ])('%s begins with the same bytes on every machine', async (preset, count, digest) => {
    const items = generatedItems({ preset, count, seed: 1 })
    const parts = await Promise.all(items.map(async (item) => [item.name, await item.bytes()] as const))
    expect(sha256(...parts.flat())).toBe(digest)
  })

  it('of single-node records is a part of the next larger one, in the same order', () => {
    for (const [part, whole] of [['small', 'medium'], ['medium', 'paper']] as const) {
      const names = new Set(namesOf(part))
      expect(namesOf(whole).filter((name) => names.has(name))).toEqual(namesOf(part))
    }
    expect(namesOf('paper')).toEqual(['c3o-experiments.zip', ...namesOf(undefined)])
  })

  it('has the same content for a name whatever else is generated, and other content for another seed', async () => {
    await fc.assert(fc.asyncProperty(
      fc.constantFrom(...presetNames.filter((name) => name !== 'multi-node')), fc.nat(40), fc.nat(1000), async (preset, index, seed) => {
        const [long, other] = [generatedItems({ preset, count: 41, seed }), generatedItems({ preset, count: 41, seed: seed + 1 })]
        const short = generatedItems({ preset, count: index + 1, seed })
        const bytes = await long[index]?.bytes() ?? Buffer.of(0)
        await long[40 - index]?.bytes()
        expect(short[index]?.name).toBe(long[index]?.name)
        expect(Buffer.compare(await short[index]?.bytes() ?? Buffer.of(), bytes)).toBe(0)
        expect(other.map(({ name }) => name)).not.toEqual(long.map(({ name }) => name))
        expect(Buffer.compare(await other[index]?.bytes() ?? Buffer.of(), bytes)).not.toBe(0)
      }), { numRuns: 15 })
  })

  it('small has ten jobs of ten workloads, each on all machine types', () => {
    const attributes = generatedItems({ preset: 'small', count: all, seed: 1 }).map((item) => item.attributes)
    const distinct = (...keys: string[]): number => new Set(attributes.map((one) => keys.map((key) => one[key]).join(' '))).size
    expect([distinct('workload'), distinct('workload', 'framework', 'size'), distinct('machine_type'), distinct('framework')]).toEqual([10, 10, 18, 3])
  })
})

describe('the multi-node records', () => {
  it('are 1,242 directories of 19,602 files, named as in the data set', () => {
    expect(multiNodeRecords.length).toBe(1_242)
    expect(multiNodeRecords.reduce((sum, { nodes }) => sum + nodes + 1, 0)).toBe(19_602)
    for (const record of multiNodeRecords) {
      const { nodes, machine: { name } } = record
      expect(scoutAttributes(multiNodeName(record))).toMatchObject({ instance_count: String(nodes), machine_type: name })
    }
  })

  it('hold a report and a series of each node, which begin together before the job does', () => {
    const record = multiNodeRecords.find(({ nodes }) => nodes === 6)
    if (record === undefined) throw new Error('no record of six nodes')
    const [report, ...series] = [...multiNodeFiles(3, record)]
    const name = multiNodeName(record)
    expect(series.map((file) => file.name)).toEqual([1, 2, 3, 4, 5, 6].map((node) => `${name}/sar_node${node}.csv`))
    const { timestamp, workload, framework, datasize: size } = JSON.parse(Buffer.from(report?.bytes ?? []).toString())
    expect(record).toMatchObject({ workload, framework, size })
    const firsts = series.map(({ bytes }) => Buffer.from(bytes).toString().split('\n')[1]?.slice(0, 19))
    expect(new Set(firsts).size).toBe(1)
    expect(String(firsts[0]) < timestamp).toBe(true)
    expect(new Set(series.map(({ bytes }) => sha256(bytes))).size).toBe(6)
  })

  it('have series as large as those of the data set', () => {
    const sizes = multiNodeRecords.filter((_, index) => index % 97 === 0)
      .flatMap((record) => [...multiNodeFiles(1, record)].slice(1).map(({ bytes }) => bytes.byteLength)).sort((a, b) => a - b)
    const median = sizes[sizes.length >> 1] ?? 0
    // The sample of the data set: 26 to 636 kB, its median 109 kB.
    expect(sizes[0]).toBeGreaterThan(15_000)
    expect(median).toBeGreaterThan(70_000)
    expect(median).toBeLessThan(160_000)
    expect(sizes.at(-1)).toBeLessThan(750_000)
  })
})

describe('the archive of C3O-like tables', () => {
  it('has the shape of the data set: five tables of 930 configurations, five repetitions each', async () => {
    const [item] = generatedItems({ preset: 'paper', count: 1, seed: 4 })
    const files = unzipStored(await item?.bytes() ?? Buffer.of())
    const counts = Object.fromEntries([...files].filter(([name]) => name.endsWith('.tsv')).map(([name, bytes]) => {
      const configurations = cutTable(bytes, name, name.slice(0, -'.tsv'.length))
      const rows = Buffer.from(bytes).toString().trimEnd().split('\n').length - 1
      expect(rows).toBe(5 * configurations.length)
      return [name, configurations.length]
    }))
    expect(counts).toEqual({
      'c3o-experiments/sort.tsv': 126, 'c3o-experiments/grep.tsv': 162, 'c3o-experiments/sgd.tsv': 180, 'c3o-experiments/kmeans.tsv': 180,
      'c3o-experiments/pagerank.tsv': 282
    })
    expect([...files.keys()]).toContain('c3o-experiments/README.md')
    // The repository has 236,538 bytes in six files.
    expect(item === undefined ? 0 : (await item.bytes()).byteLength).toBeGreaterThan(220_000)
  })

  it('has run times that repeat within a few per cent and fall with more machines', () => {
    const table = c3oFiles(2).find(({ name }) => name.endsWith('/sort.tsv'))
    const [, ...rows] = Buffer.from(table?.bytes ?? []).toString().trimEnd().split('\n').map((line) => line.split('\t'))
    const meanOf = (count: string): number => {
      const seconds = rows.filter(([instances]) => instances === count).map((row) => Number(row.at(-1)))
      return seconds.reduce((sum, one) => sum + one, 0) / seconds.length
    }
    expect(meanOf('2')).toBeGreaterThan(1.5 * meanOf('4'))
    expect(meanOf('4')).toBeGreaterThan(1.5 * meanOf('12'))
    for (let first = 0; first < rows.length; first += 5) {
      const seconds = rows.slice(first, first + 5).map((row) => Number(row.at(-1)))
      expect(Math.max(...seconds) / Math.min(...seconds)).toBeLessThan(1.2)
      expect(Math.min(...seconds)).toBeGreaterThan(20)
    }
  })
})
