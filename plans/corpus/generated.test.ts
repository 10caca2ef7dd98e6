import { describe, expect, it } from 'vitest'
import { generatedItems, recordFiles } from './generated.ts'
import { machineTypes, recordAt, recordName, universeSize } from './scout-universe.ts'
import { scoutAttributes } from '../../peersdb/records/scout.ts'
import { reportText } from './scout-report.ts'
import { SAR_HEADER } from './sar-format.ts'
import { sha256, unzipStored } from '../../peersdb/records/zip.test-helper.ts'
import type { CorpusItem } from './item.ts'

/** The text of the file of this name in an item's archive. */
async function fileIn (item: CorpusItem, name: string): Promise<string | undefined> {
  const bytes = unzipStored(await item.bytes()).get(`${item.name.slice(0, -'.zip'.length)}/${name}`)
  return bytes === undefined ? undefined : Buffer.from(bytes).toString()
}

/** A sar.csv as rows of numbers by column. */
function parse (sar: string): Array<(column: string) => number> {
  const [header = '', ...lines] = sar.trimEnd().split('\n')
  const columns = header.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    expect(cells.length).toBe(73)
    return (column) => {
      const index = columns.indexOf(column)
      if (index < 0) throw new Error(`no column ${column}`)
      return Number(cells[index])
    }
  })
}

function quantile (values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(p * (values.length - 1))] ?? NaN
}

describe('generated records', () => {
  it('are the same bytes on every machine', async () => {
    const items = generatedItems({ count: 20, seed: 1 })
    const parts = await Promise.all(items.map(async (item) => [item.name, await item.bytes()] as const))
    expect(sha256(...parts.flat())).toBe('8c6ef1283cf93a02556bd4146cbc6c7bbd9996b5f6e129b8bc429fd700aa3269')
  })

  it('do not depend on how many there are, nor on when they are made', async () => {
    const few = generatedItems({ count: 5, seed: 9 })
    const many = generatedItems({ count: 50, seed: 9 })
    expect(many.slice(0, 5).map(({ name }) => name)).toEqual(few.map(({ name }) => name))
    const late = await many[4]?.bytes()
    await many[30]?.bytes()
    expect(Buffer.compare(await few[4]?.bytes() ?? Buffer.of(), late ?? Buffer.of(0))).toBe(0)
    expect(generatedItems({ count: 5, seed: 10 }).map(({ name }) => name)).not.toEqual(few.map(({ name }) => name))
  })

  it('number 206 x 18 x 3, each with a name of its own in the form of the data set', () => {
    expect(universeSize).toBe(11_124)
    const items = generatedItems({ count: 20_000, seed: 1 })
    expect(new Set(items.map(({ name }) => name)).size).toBe(11_124)
    for (const { name, attributes } of items) expect(scoutAttributes(name.slice(0, -'.zip'.length))).toEqual(attributes)
    expect(new Set(items.map(({ attributes }) => attributes['machine_type']))).toEqual(new Set(machineTypes.map(({ name }) => name)))
  })

  it('mix workloads, frameworks and machines from the start', () => {
    const attributes = generatedItems({ count: 60, seed: 1 }).map((item) => item.attributes)
    const distinct = (key: string): number => new Set(attributes.map((one) => one[key])).size
    expect(distinct('workload')).toBeGreaterThan(15)
    expect(distinct('machine_type')).toBeGreaterThan(14)
    expect(distinct('framework')).toBe(3)
    expect(distinct('size')).toBe(3)
  })

  it('have sizes and failures like those of the data set', async () => {
    const sizes: number[] = []
    let failed = 0
    let unreported = 0
    const items = generatedItems({ count: universeSize, seed: 2 }).filter(({ attributes }) => attributes['machine_type'] === 'c3.2xlarge')
    for (const item of items) {
      sizes.push((await fileIn(item, 'sar.csv') ?? '').length)
      const report = await fileIn(item, 'report.json')
      if (report === undefined) unreported++
      else if (report.length < 150) failed++
    }
    // The sample of the real data set: quartiles 6.8, 8.8 and 15.5 kB, most of it from this machine type.
    expect(quantile(sizes, 0.25)).toBeGreaterThan(3_500)
    expect(quantile(sizes, 0.5)).toBeGreaterThan(7_000)
    expect(quantile(sizes, 0.5)).toBeLessThan(11_000)
    expect(quantile(sizes, 0.75)).toBeLessThan(22_000)
    expect(failed / items.length).toBeGreaterThan(0.015)
    expect(failed / items.length).toBeLessThan(0.045)
    expect(unreported / items.length).toBeGreaterThan(0.08)
    expect(unreported / items.length).toBeLessThan(0.14)
  })
})

describe('sar.csv', () => {
  const texts = Array.from({ length: 40 }, (_, index) =>
    Buffer.from(recordFiles(5, recordAt(5, index * 271)).at(-1)?.bytes ?? []).toString())

  it('has the header of the data set and rows of its size', () => {
    expect(SAR_HEADER.length).toBe(996)
    expect(SAR_HEADER.split(',').length).toBe(73)
    for (const sar of texts) {
      expect(sar.startsWith(SAR_HEADER)).toBe(true)
      const rows = sar.trimEnd().split('\n').length - 1
      expect((sar.length - 996) / rows).toBeGreaterThan(380)
      expect((sar.length - 996) / rows).toBeLessThan(450)
    }
  })

  it('does not contradict itself', () => {
    for (const at of texts.flatMap(parse)) {
      const cpu = ['usr', 'nice', 'sys', 'iowait', 'steal', 'irq', 'soft', 'guest', 'gnice', 'idle'].map((part) => at(`cpu.%${part}`))
      expect(Math.abs(cpu.reduce((sum, share) => sum + share, 0) - 100)).toBeLessThan(1e-9)
      expect(Math.min(...cpu)).toBeGreaterThanOrEqual(0)
      const total = at('memory.kbmemfree') + at('memory.kbmemused')
      expect(machineTypes.some(({ memoryKb }) => memoryKb === total)).toBe(true)
      expect(Math.abs(at('memory.%memused') - 100 * at('memory.kbmemused') / total)).toBeLessThan(0.0051)
      for (const part of ['memfree', 'cached', 'anonpg', 'dirty', 'active', 'inact']) expect(at(`memory.kb${part}`)).toBeGreaterThanOrEqual(0)
      expect(at('memory.kbdirty')).toBeLessThanOrEqual(at('memory.kbcached'))
      expect(at('memory.kbactive') + at('memory.kbinact')).toBe(at('memory.kbanonpg') + at('memory.kbcached') + at('memory.kbbuffers'))
      expect(at('io.tps')).toBeCloseTo(at('io.rtps') + at('io.wtps'), 9)
      expect(at('disk.tps')).toBe(at('io.tps'))
      expect(at('disk.rd_sec/s')).toBe(at('io.bread/s'))
      expect(at('paging.pgpgout/s')).toBeCloseTo(at('io.bwrtn/s') / 2, 9)
      expect(at('disk.%util')).toBeLessThanOrEqual(100)
      expect(at('paging.pgsteal/s')).toBeLessThanOrEqual(at('paging.pgscank/s'))
    }
  })

  it('moves like a host at work: what it does now, it mostly does five seconds later', () => {
    const autocorrelation = (values: readonly number[]): number => {
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length
      const apart = values.map((x) => x - mean)
      const lagged = apart.slice(1).reduce((sum, x, index) => sum + x * (apart[index] ?? 0), 0)
      return lagged / apart.reduce((sum, x) => sum + x * x, 0)
    }
    const long = texts.map(parse).filter((rows) => rows.length >= 20)
    expect(long.length).toBeGreaterThan(10)
    expect(quantile(long.map((rows) => autocorrelation(rows.map((at) => at('cpu.%usr')))), 0.5)).toBeGreaterThan(0.5)
    for (const rows of long) {
      const heap = rows.map((at) => at('memory.kbanonpg'))
      expect(Math.max(...heap)).toBeGreaterThan(1.2 * (heap[0] ?? 0))
      expect(heap.at(-1)).toBeLessThan(Math.max(...heap))
    }
  })

  it('has a row every five seconds, but for a missed tick now and then', () => {
    const steps = texts.flatMap((sar) => {
      const times = sar.trimEnd().split('\n').slice(1).map((line) => Date.parse(`${line.slice(0, 19).replace(' ', 'T')}Z`) / 1000)
      return times.slice(1).map((time, index) => time - (times[index] ?? 0))
    })
    expect(new Set(steps)).toEqual(new Set([5, 10]))
    expect(steps.filter((step) => step === 10).length / steps.length).toBeLessThan(0.02)
  })
})

describe('report.json', () => {
  const machine = machineTypes[2]
  if (machine === undefined) throw new Error('no machine type')
  const startMs = Date.UTC(2017, 8, 22, 21, 13, 16)

  it('of a Hadoop run is text figures in 4-space indent, as in the data set', () => {
    const record = { machine, instanceId: 'i-0', workload: 'join', framework: 'hadoop', size: 'small', run: 1 }
    expect(reportText(record, { outcome: 'completed', elapsedSeconds: 310.202, inputBytes: 3777029616, startMs })).toBe(`{
    "completed": true,
    "datasize": "small",
    "elapsed_time": "310.202",
    "framework": "hadoop",
    "input_size": "3777029616",
    "program": "HadoopJoin",
    "throughput_cluster": "12176032",
    "throughput_node": "12176032",
    "timestamp": "2017-09-22 21:13:16",
    "workload": "join"
}`)
  })

  it('of a Spark 1.5 run has numbers, and -1 for what was not measured', () => {
    const record = { machine, instanceId: 'i-0', workload: 'kmeans', framework: 'spark1.5', size: 'small', run: 1 }
    const text = reportText(record, { outcome: 'completed', elapsedSeconds: 39.627940215000024, inputBytes: 1, startMs }) ?? ''
    expect(text.length).toBe(289)
    expect(JSON.parse(text)).toMatchObject({ elapsed_time: 39.627940215000024, input_size: -1, throughput_node: -1, program: 'kmeans' })
  })

  it('of a failed run has four keys, of a lost one is missing, of one cut off says so', () => {
    const record = { machine, instanceId: 'i-0', workload: 'terasort', framework: 'spark', size: 'small', run: 1 }
    const facts = { elapsedSeconds: 7200.53, inputBytes: 1, startMs }
    expect(Object.keys(JSON.parse(reportText(record, { ...facts, outcome: 'failed' }) ?? ''))).toEqual(['completed', 'datasize', 'framework', 'workload'])
    expect(reportText(record, { ...facts, outcome: 'unreported' })).toBeUndefined()
    expect(JSON.parse(reportText(record, { ...facts, outcome: 'timed out' }) ?? '')).toMatchObject({ completed: false, elapsed_time: '7200.53' })
  })

  it('names the record that its directory names', async () => {
    for (const item of generatedItems({ count: 40, seed: 3 })) {
      const report = await fileIn(item, 'report.json')
      if (report === undefined) continue
      const { workload, framework, size } = item.attributes
      expect(JSON.parse(report)).toMatchObject({ workload, framework, datasize: size })
    }
    expect(recordName(recordAt(3, 0))).toMatch(/^c3\.large_i-0[0-9a-f]{16}_aggregation_hadoop_small_1$/)
  })
})
