import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCorpus } from '../../plans/corpus/index.ts'
import { unzipStored } from './zip.test-helper.ts'
import { UnfinishedRecordError } from './record.ts'
import { scan } from './scan.ts'
import { storedZip } from './zip.ts'
import type { JobRecord } from './record.ts'

const header = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tlines\tgross_runtime\n'
const report = '{"completed": true, "workload": "sort"}'
const series = 'timestamp,cpu.%usr\n2017-09-24 14:05:47,1.00\n'
let directory: string

beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peersdb-records-')) })
afterEach(async () => { await rm(directory, { recursive: true }) })

async function put (files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, path, '..'), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

async function records (from = directory): Promise<JobRecord[]> {
  return (await Promise.all((await scan(from)).map((candidate) => candidate.read()))).flat().sort((a, b) => a.name < b.name ? -1 : 1)
}

describe('a scout record', () => {
  const name = 'r4.xlarge_i-0f4e4b248a6aa957a_terasort_spark_small_1'

  it('becomes one archive, with the attributes of its name', async () => {
    await put({ [`a/${name}/report.json`]: report, [`a/${name}/sar.csv`]: series, [`a/${name}/notes.txt`]: 'mine' })

    const [record, ...others] = await records()

    expect(others).toEqual([])
    expect(record).toMatchObject({ name: `a/${name}.zip`, attributes: { machine_type: 'r4.xlarge', workload: 'terasort', framework: 'spark', size: 'small', run: '1' } })
    expect([...unzipStored(record!.bytes)].map(([file, bytes]) => [file, Buffer.from(bytes).toString()]))
      .toEqual([[`${name}/report.json`, report], [`${name}/sar.csv`, series]])
  })

  it.each([
    ['without a report', { 'sar.csv': series }, /has no report\.json yet/],
    ['with half a report', { 'report.json': report.slice(0, 12), 'sar.csv': series }, /report\.json: is no whole JSON yet/],
    ['of a job that failed', { 'report.json': '{"completed": false}', 'sar.csv': series }, /does not say that the job completed/],
    ['with a report that is no object', { 'report.json': '[1]', 'sar.csv': series }, /does not say that the job completed/],
    ['without a series', { 'report.json': report }, /has 0 of 1 sar series/],
    ['with half a row', { 'report.json': report, 'sar.csv': series.slice(0, -9) }, /sar\.csv: does not end with a whole row/],
    ['with a row that is cut', { 'report.json': report, 'sar.csv': `${series}2017\n` }, /sar\.csv: does not end with a whole row/]
  ])('%s is not finished', async (_, files, sentence) => {
    await put(Object.fromEntries(Object.entries(files).map(([file, content]) => [`${name}/${file}`, content])))
    const reading = records()
    await expect(reading).rejects.toThrow(UnfinishedRecordError)
    await expect(reading).rejects.toThrow(sentence)
  })

  it('of several nodes needs as many series', async () => {
    const multi = '2_m4.large_join_spark_huge_1'
    await put({ [`${multi}/report.json`]: report, [`${multi}/sar_node1.csv`]: series })
    await expect(records()).rejects.toThrow(`${multi}: has 1 of 2 sar series`)
    await put({ [`${multi}/sar_node2.csv`]: series })
    expect((await records())[0]).toMatchObject({ name: `${multi}.zip`, attributes: { instance_count: '2', machine_type: 'm4.large' } })
  })

  it('that was written to while it was read is not finished', async () => {
    await put({ [`${name}/report.json`]: report, [`${name}/sar.csv`]: series })
    const [candidate] = await scan(directory)
    await put({ [`${name}/sar.csv`]: `${series}2017-09-24 14:05:52,2.00\n` })
    await expect(candidate!.read()).rejects.toThrow('was written to while it was read')
  })
})

describe('a C3O table', () => {
  it('becomes one record for each configuration', async () => {
    await put({ 'x/sort.tsv': `${header}2\tm4.xlarge\t1\t1\t1\t1e7\t340\n4\tm4.xlarge\t1\t1\t1\t1e7\t99\n2\tm4.xlarge\t1\t1\t1\t1e7\t348\n` })

    const [two, four] = await records()

    expect(Buffer.from(two!.bytes).toString()).toBe(`${header}2\tm4.xlarge\t1\t1\t1\t1e7\t340\n2\tm4.xlarge\t1\t1\t1\t1e7\t348\n`)
    expect(two).toMatchObject({
      name: 'x/sort/2-m4.xlarge-1-1-1-1e7.tsv',
      attributes: { workload: 'sort', framework: 'spark', instance_count: '2', machine_type: 'm4.xlarge', slots: '1', memory: '1', data_size_MB: '1', lines: '1e7' }
    })
    expect(four?.name).toBe('x/sort/4-m4.xlarge-1-1-1-1e7.tsv')
  })

  it('that does not end with a whole row is not finished', async () => {
    await put({ 'sort.tsv': `${header}2\tm4.xlarge\t1\t1\t1\t1e7\t34` })
    await expect(records()).rejects.toThrow('sort.tsv: does not end with a whole row')
    await put({ 'sort.tsv': `${header}2\tm4\n` })
    await expect(records()).rejects.toThrow('sort.tsv:2: has 2 columns where the header has 7')
  })
})

describe('a scan', () => {
  it('leaves out what is no record, hidden, or a link', async () => {
    await put({ 'table.tsv': 'a\tb\n1\t2\n', '.hidden/sort.tsv': `${header}1\n`, 'notes.txt': 'x', 'report.json': report })
    await symlink(join(directory, '.hidden'), join(directory, 'link'))
    await symlink(join(directory, '.hidden', 'sort.tsv'), join(directory, 'sort.tsv'))
    expect(await records()).toEqual([])
  })

  it('of a directory that is not there fails', async () => {
    await expect(scan(join(directory, 'none'))).rejects.toThrow(/^the directory of records cannot be read: ENOENT.*; name one that is there$/)
  })
})

const data = join(import.meta.dirname, '../../../shared/data')

describe.skipIf(!existsSync(data))('the real data sets', () => {
  it.each([['c3o', 930], ['scout', 1]])('%s gives the very files that the testbed posts', async (name, count) => {
    const corpus = await openCorpus({ directory: join(data, name), count: 2000, seed: 1 })
    const items = new Map(corpus.items.map((item) => [item.name, item]))
    const readings = await Promise.allSettled((await scan(join(data, name))).map((candidate) => candidate.read()))
    const finished = readings.flatMap((reading) => reading.status === 'fulfilled' ? reading.value : [])

    for (const { name: path, attributes, bytes } of finished) {
      expect(attributes, path).toEqual(items.get(path)?.attributes)
      expect(Buffer.compare(bytes, await items.get(path)!.bytes()), path).toBe(0)
    }
    expect(finished.length).toBeGreaterThanOrEqual(count)
  })
})

describe('storedZip', () => {
  it('refuses two entries of one name', () => {
    const entry = { name: 'a', bytes: Buffer.from('1') }
    expect(() => storedZip([entry, entry])).toThrow('cannot hold "a" twice')
  })
})
