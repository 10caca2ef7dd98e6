import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CorpusError } from './item.ts'
import { cutTable, isC3oTable } from './c3o.ts'
import { openCorpus } from './index.ts'

const HEADER = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tlines\tgross_runtime\n'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What each configuration of a table would contain, by name. */
function cut (text: string): Map<string, string> {
  const table = Buffer.from(text)
  return new Map(cutTable(table, 'dir/sort.tsv', 'sort').map(({ name, ranges }) =>
    [name, ranges.map(({ start, end }) => table.subarray(start, end).toString()).join('')]))
}

describe('isC3oTable', () => {
  it('judges by the header, not by the name', () => {
    expect(isC3oTable(bytes(HEADER))).toBe(true)
    expect(isC3oTable(bytes(HEADER.replace('slots', 'cores')))).toBe(false)
    expect(isC3oTable(bytes(''))).toBe(false)
  })
})

describe('cutTable', () => {
  it('makes one file of all repetitions of a configuration, and keeps their bytes', () => {
    const a = '2\tm4.2xlarge\t16\t64000\t9530\t1e7\t340\n2\tm4.2xlarge\t16\t64000\t9530\t1e7\t348\n'
    const b = '4\tr4.xlarge\t16\t64000\t9530\t1e7\t99.50\n'
    const late = '2\tm4.2xlarge\t16\t64000\t9530\t1e7\t341'
    expect(cut(HEADER + a + b + late)).toEqual(new Map([
      ['sort/2-m4.2xlarge-16-64000-9530-1e7.tsv', HEADER + a + late],
      ['sort/4-r4.xlarge-16-64000-9530-1e7.tsv', HEADER + b]
    ]))
  })

  it('names every column but the measured one as an attribute', () => {
    const [configuration] = cutTable(bytes(`${HEADER}2\tm4.2xlarge\t16\t64000\t9530\t1e7\t340\r\n`), 'x/sort.tsv', 'x/sort')
    expect(configuration?.attributes).toEqual({
      workload: 'sort', framework: 'spark', instance_count: '2', machine_type: 'm4.2xlarge', slots: '16', memory: '64000', data_size_MB: '9530', lines: '1e7'
    })
  })

  it('loses no row and invents none', () => {
    const row = fc.tuple(fc.constantFrom('2', '4', 'a/b'), fc.constantFrom('m4.xlarge', 'r4.xlarge'), fc.integer({ min: 1, max: 99 }))
    fc.assert(fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
      const lines = rows.map(([count, machine, runtime]) => `${count}\t${machine}\t1\t1\t1\t1\t${runtime}\n`)
      const files = [...cut(HEADER + lines.join('')).values()]
      expect(files.every((file) => file.startsWith(HEADER))).toBe(true)
      expect(files.flatMap((file) => file.slice(HEADER.length).split(/(?<=\n)/)).sort()).toEqual(lines.sort())
      expect(files.length).toBe(new Set(rows.map(([count, machine]) => `${count} ${machine}`)).size)
    }))
  })

  it('refuses a row that does not fit the header, by file and line', () => {
    const good = '2\tm4.2xlarge\t16\t64000\t9530\t1e7\t340\n'
    expect(() => cut(`${HEADER}${good}2\tm4.2xlarge\n`)).toThrow(CorpusError)
    expect(() => cut(`${HEADER}${good}2\tm4.2xlarge\n`)).toThrow(/^dir\/sort\.tsv:3 has 2 columns where the header .* has 7\. Repair the row/)
    expect(() => cut(`${HEADER}${good}\n${good}`)).toThrow(/:3 has 1 column /)
    expect(() => cut(HEADER)).toThrow(/^dir\/sort\.tsv:1 is the header of a C3O table, but no row follows\./)
  })
})

const c3o = join(import.meta.dirname, '../../../shared/data/c3o')
if (!existsSync(c3o)) process.stderr.write('Skipped: cutting the real C3O tables, because ../shared/data/c3o is not there.\n')

describe.skipIf(!existsSync(c3o))('the real C3O tables', () => {
  it('give 930 contributions with five repetitions each', async () => {
    const corpus = await openCorpus({ directory: c3o, count: 2000, seed: 1 })
    const counts: Record<string, number> = {}
    for (const item of corpus.items) {
      const workload = item.attributes['workload'] ?? ''
      counts[workload] = (counts[workload] ?? 0) + 1
      const lines = Buffer.from(await item.bytes()).toString().split('\n')
      expect(lines.length).toBe(7)
      expect(item.name.startsWith(`${workload}/`)).toBe(true)
    }
    expect(counts).toEqual({ sort: 126, grep: 162, sgd: 180, kmeans: 180, pagerank: 282 })
    expect(corpus.description).toContain('930 of 930 contributions')
    const first = await openCorpus({ directory: c3o, count: 60, seed: 1 })
    expect(first.items.map(({ name }) => name)).toEqual(corpus.items.slice(0, 60).map(({ name }) => name))
    expect(new Set(first.items.map(({ attributes }) => attributes['workload'])).size).toBe(5)
  })
})
