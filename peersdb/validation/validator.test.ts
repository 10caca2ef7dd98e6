import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openCorpus } from '../../plans/corpus/index.ts'
import { storedZip } from '../records/zip.ts'
import { createRunHistory } from './run-history.ts'
import { createValidator } from './validator.ts'
import { memoryValues } from './verdict-store.ts'
import { alone, cid, contributionOf } from './world.test-helper.ts'
import type { NamedContent } from '../files/listing.ts'
import type { RunHistory } from './run-history.ts'
import type { Examination, ValidatorOptions } from './validator.ts'
import type { Contribution } from '../contribution.ts'

const signal = new AbortController().signal
const nowMs = Date.parse('2026-01-01T00:00:00Z')
const report = {
  completed: true, datasize: 'small', elapsed_time: '119.742', framework: 'spark', input_size: '3200000000', program: 'ScalaSparkTerasort',
  throughput_cluster: '26724123', throughput_node: '26724123', timestamp: '2017-09-24 14:05:47', workload: 'terasort'
}
const tableHeader = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tlines\tgross_runtime'

interface Options extends ValidatorOptions {
  history?: RunHistory
  contribution?: Partial<Contribution>
}

async function examine (name: string, content: string | Uint8Array, given: Options = {}): Promise<Examination> {
  const { history, contribution, ...options } = given
  const bytes = Buffer.from(content)
  return createValidator(options)({
    contribution: contributionOf({ name, size: bytes.byteLength, ...contribution }),
    files: alone([bytes.subarray(0, 100), bytes.subarray(100)]),
    history: history ?? createRunHistory(memoryValues()),
    nowMs
  }, { signal })
}

/** A table of runs on `machines` machines with 1,000 MB, each with its runtime in seconds. */
const table = (...runs: Array<[machines: number | string, seconds: number | string]>): string =>
  [tableHeader, ...runs.map(([machines, seconds]) => `${machines}\tm4.2xlarge\t16\t64000\t1000\t50\t${seconds}`)].join('\n') + '\n'

const sarHeader = 'timestamp,cpu.%usr,cpu.%idle,memory.%commit,disk.tps'
const sar = (...rows: string[]): string => [sarHeader, ...rows].join('\n') + '\n'

describe('a directory', () => {
  const good = JSON.stringify(report)
  const metrics = sar('2017-09-22 21:13:22,18.17,81.83,118.00,11.6')

  const zipOf = (name: string, content: string): Uint8Array => storedZip([{ name, bytes: Buffer.from(content) }])

  type Contents = Record<string, string | Uint8Array>

  async function examineAll (contents: Contents, given: ValidatorOptions & { size?: number } = {}): Promise<Examination> {
    const { size, ...options } = given
    const files = async function * (): AsyncGenerator<NamedContent> {
      for (const [path, content] of Object.entries(contents)) {
        yield { path, content: (async function * () { yield Buffer.from(content) }()) }
      }
    }
    const bytes = Object.values(contents).reduce((sum, content) => sum + Buffer.byteLength(content), 0)
    return createValidator(options)({
      contribution: contributionOf({ name: 'runs', size: size ?? bytes, mediaType: 'inode/directory' }),
      files: files(),
      history: createRunHistory(memoryValues()),
      nowMs
    }, { signal })
  }

  it.each<[string, Record<string, string | Uint8Array>, string, string?]>([
    ['of a whole record', { 'run/report.json': good, 'run/sar.csv': metrics }, 'valid'],
    ['with files beside it that have no checks', { 'report.json': good, 'notes.txt': 'slow' }, 'valid'],
    ['of tables and archives', { 'a.tsv': table([2, 150]), 'b.zip': zipOf('report.json', good) }, 'valid'],
    ['of which one file of many is bad', { 'a/report.json': good, 'b/report.json': good.replace('119.742', 'long'), 'c/sar.csv': metrics }, 'invalid', 'elapsed_time'],
    ['with a bad file in an archive', { 'b.zip': zipOf('report.json', '{') }, 'invalid', 'is not JSON'],
    ['in which nothing has checks', { 'notes.txt': 'slow', 'more.txt': 'slower' }, 'undecided', 'no file in it is of a kind that has checks']
  ])('%s is judged by all of its files, the worst of them', async (_what, contents, verdict, reason = '') => {
    const examined = await examineAll(contents)
    expect(examined.verdict).toBe(verdict)
    expect(examined.reasons.join()).toContain(reason)
  })

  it('of another size than the log says is invalid', async () => {
    expect(await examineAll({ 'report.json': good }, { size: 5 })).toMatchObject({ verdict: 'invalid', reasons: [expect.stringContaining('the log says 5 bytes')] })
  })

  it('is undecided where it has more files, or more bytes in all of them, packed or not, than are checked', async () => {
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`${index}/report.json`, good]))
    expect(await examineAll(many)).toMatchObject({ verdict: 'undecided', reasons: ['it has more than 256 files, which are as many as are checked'] })
    const large = { 'a.csv': metrics.padEnd(600, '\n'), 'b.csv': metrics.padEnd(600, '\n') }
    expect(await examineAll(large, { bytesMax: 1_000 })).toMatchObject({ verdict: 'undecided', reasons: ['it has more than 1000 bytes, which are as many as are checked'] })
    const packed = Object.fromEntries([1, 2, 3].map((index) => [`${index}.zip`, zipOf('x', 'x'.repeat(600))]))
    expect((await examineAll(packed, { bytesMax: 2_000 })).verdict).toBe('undecided')
  })

  it('has a digest of its own, which is that of another with the same files', async () => {
    const [one, other, same] = [await examineAll({ a: good }), await examineAll({ b: good }), await examineAll({ a: good })]
    expect(one.sha256).toBe(same.sha256)
    expect(new Set([one.sha256, other.sha256, createHash('sha256').update(good).digest('hex')]).size).toBe(3)
  })
})

describe('a whole record is valid', () => {
  it.each([
    ['a report with strings', 'report.json', JSON.stringify(report)],
    ['a report with numbers and unknowns', 'report.json', JSON.stringify({ ...report, elapsed_time: 101.4, input_size: -1, throughput_cluster: -1, throughput_node: -1 })],
    ['a report of a failed run', 'a/report.json', '{"completed":false,"datasize":"small","framework":"spark","workload":"als"}'],
    ['system metrics', 'sar.csv', sar('2017-09-22 21:13:22,18.17,81.83,118.00,11.6', '2017-09-22 21:13:27,0.00,100.00,7.00,0')],
    ['a C3O table', 'sort.tsv', table([2, 150], [2, 152])]
  ])('%s', async (_what, name, content) => {
    expect(await examine(name, content)).toMatchObject({ verdict: 'valid', reasons: [] })
  })

  it('as a stored archive, the runs of which have the machine type of the attributes', async () => {
    const zip = storedZip([{ name: 'x/report.json', bytes: Buffer.from(JSON.stringify(report)) },
      { name: 'x/sar.csv', bytes: Buffer.from(sar('2017-09-22 21:13:22,18.17,81.83,26.97,11.6')) }])
    const { verdict, runs } = await examine('x.zip', zip, { contribution: { attributes: { machine_type: 'c3.large' } } })

    expect(verdict).toBe('valid')
    expect(runs).toMatchObject([{ machineCount: 1, size: 3.2e9, runtimeSeconds: 119.742, at: report.timestamp }])
    expect(runs[0]?.group).toContain('c3.large')
  })

  it('of the generator, all of a hundred', async () => {
    const { items } = await openCorpus({ count: 100, seed: 7 })
    const history = createRunHistory(memoryValues())

    for (const [i, item] of items.entries()) {
      const contribution = { attributes: { ...item.attributes } }
      const { verdict, reasons, sha256, runs } = await examine(item.name, await item.bytes(), { history, contribution })
      expect(verdict, `${item.name}: ${reasons.join('; ')}`).toBe('valid')
      history.add(`cid ${i}`, sha256, runs)
    }
  })
})

describe('a faulty record is invalid, for one reason', () => {
  it.each([
    ['report.json', '{', 'schema: report.json is not JSON'],
    ['report.json', JSON.stringify({ ...report, completed: 'yes' }), /^schema: report.json: completed: /],
    ['report.json', JSON.stringify({ ...report, elapsed_time: 'long' }), 'schema: report.json: elapsed_time: is no decimal number'],
    ['report.json', JSON.stringify({ ...report, elapsed_time: -3, input_size: -1 }), /^range: report.json: elapsed_time -3 s is not between/],
    ['report.json', JSON.stringify({ ...report, elapsed_time: 1197.42 }), /^range: .*throughput_cluster 26724123 is not input_size divided by/],
    ['report.json', JSON.stringify({ ...report, timestamp: '2031-01-01 00:00:00' }), /^range: .*timestamp 2031-01-01 00:00:00 is no time/],
    ['sar.csv', sar('2017-09-22 21:13:22,18.17,81.83,1,'), 'schema: sar.csv: line 2: "disk.tps" cannot be ""'],
    ['sar.csv', sar('2017-09-22 21:13:22,18.17,81.83,1'), 'schema: sar.csv has another number of columns in line 2 than in its header'],
    ['sar.csv', sar('2017-09-22 21:13:22,118.17,1,1,1'), 'range: sar.csv: line 2: cpu.%usr cannot be 118.17'],
    ['sar.csv', sar('2017-09-22 21:13:22,18.17,1.83,1,1'), 'range: sar.csv: line 2: the shares of the processor add up to 20.00'],
    ['sar.csv', sar('2017-09-22 21:13:22,0,100,1,1', '2017-09-22 21:13:22,0,100,1,1'), /^range: sar.csv: line 3: .* not later than the line before/],
    ['sar.csv', sar(), 'schema: sar.csv has a header and no rows'],
    ['sort.tsv', table([0, 150]), /^range: sort.tsv: line 2: instance_count 0/],
    ['sort.tsv', table([2.5, 150]), /^range: sort.tsv: line 2: instance_count 2.5/],
    ['sort.tsv', table([2, 0]), /^range: sort.tsv: line 2: gross_runtime 0 s/],
    ['sort.tsv', table([2, 'NaN']), 'schema: sort.tsv: line 2: "gross_runtime" cannot be "NaN"'],
    ['sort.tsv', table([2, '1e99']), /^range: sort.tsv: line 2: gross_runtime/],
    ['sort.tsv', tableHeader.replace('slots', 'spots') + '\n', 'schema: sort.tsv lacks the column slots']
  ])('%s %j', async (name, content, reason) => {
    const { verdict, reasons } = await examine(name, content)
    expect(verdict).toBe('invalid')
    expect(reasons).toEqual([typeof reason === 'string' ? reason : expect.stringMatching(reason)])
  })

  it('where the log says another size', async () => {
    const { reasons } = await examine('sort.tsv', table([2, 150]), { contribution: { size: 5 } })
    expect(reasons).toEqual([expect.stringMatching(/^size: the log says 5 bytes and the content has \d+$/)])
  })
})

describe('hostile content', () => {
  const nothingKnown = { contribution: contributionOf(), history: createRunHistory(memoryValues()), nowMs }

  it('of unknown kind is undecided, or valid where the options say so', async () => {
    const noise = Buffer.from([0xff, 0xfe, 0, 1])
    expect(await examine('noise.bin', noise)).toMatchObject({ verdict: 'undecided', reasons: ['kind: no file in it is of a kind that has checks'] })
    expect(await examine('noise.bin', noise, { unknownContent: 'valid' })).toMatchObject({ verdict: 'valid' })
  })

  it('that does not end is read up to the limit', async () => {
    let chunks = 0
    const endless = async function * (): AsyncGenerator<Uint8Array> {
      while (true) {
        chunks++
        yield new Uint8Array(1000)
      }
    }
    const examined = await createValidator({ bytesMax: 10_000 })({ ...nothingKnown, files: alone(endless()) }, { signal })
    expect(examined).toMatchObject({ verdict: 'undecided', reasons: [expect.stringContaining('more than 10000 bytes')] })
    expect(chunks).toBe(11)
  })

  it('that never comes ends with the signal', async () => {
    const over = new AbortController()
    const never: AsyncIterable<never> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
    const examining = [never, alone(never)].map((files) => createValidator()({ ...nothingKnown, files }, { signal: over.signal }))
    over.abort(new Error('enough'))
    await Promise.all(examining.map((examined) => expect(examined).rejects.toThrow('enough')))
  })

  it('nested deeply is refused before it is parsed', async () => {
    const { reasons } = await examine('report.json', '{"a":'.repeat(9_000) + '1' + '}'.repeat(9_000))
    expect(reasons).toEqual(['schema: report.json is nested more than 16 levels deep'])
    expect(await examine('report.json', JSON.stringify({ ...report, program: '[{'.repeat(30) }))).toMatchObject({ verdict: 'valid' })
  })

  it('does not reach the prototype of objects', async () => {
    const { verdict, reasons } = await examine('report.json', `{"__proto__":{"polluted":1},${JSON.stringify(report).slice(1)}`)
    expect([verdict, ...reasons]).toEqual(['invalid', 'schema: report.json has the key __proto__'])
    expect((await examine('sort.tsv', table([2, 5]).replace('lines', '__proto__'))).verdict).toBe('valid')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('that unpacks to much more than its archive is refused', async () => {
    const bomb = deflated('report.json', Buffer.alloc(20_000_000))
    expect(bomb.byteLength).toBeLessThan(25_000)
    expect(await examine('bomb.zip', bomb)).toMatchObject({
      verdict: 'invalid', reasons: ['schema: bomb.zip is a damaged archive, or one that unpacks to too much']
    })
    expect(await examine('good.zip', deflated('report.json', Buffer.from(JSON.stringify(report))))).toMatchObject({ verdict: 'valid' })
  })

  it('of any bytes never makes it fail', async () => {
    const zip = Buffer.from(storedZip([{ name: 'report.json', bytes: Buffer.from(JSON.stringify(report)) }]))
    const names = fc.constantFrom('report.json', 'sar.csv', 'x.tsv', 'x.zip', 'x')
    const damaged = fc.tuple(fc.nat(zip.length - 1), fc.nat(255)).map(([at, byte]) => zip.map((old, i) => i === at ? byte : old))
    const content = fc.oneof(damaged, fc.uint8Array({ maxLength: 300 }), fc.json().map((text) => Buffer.from(text)),
      fc.string().map((text) => Buffer.from(`${tableHeader}\n${text}`)))

    await fc.assert(fc.asyncProperty(names, content, async (name, bytes) => {
      expect(['valid', 'invalid', 'undecided']).toContain((await examine(name, bytes)).verdict)
    }), { numRuns: 300 })
  })
})

describe('compared with what is known', () => {
  async function historyOf (...tables: string[]): Promise<RunHistory> {
    const history = createRunHistory(memoryValues())

    for (const [i, content] of tables.entries()) {
      const { sha256, runs } = await examine('sort.tsv', content)
      history.add(`earlier ${i}`, sha256, runs)
    }

    return history
  }

  it('the same content under another CID is a duplicate, under its own it is not', async () => {
    const content = table([2, 150])
    const history = createRunHistory(memoryValues())
    history.add(cid, createHash('sha256').update(content).digest('hex'), [])

    expect(await examine('sort.tsv', content, { history })).toMatchObject({ verdict: 'valid' })
    expect(await examine('sort.tsv', content, { history, contribution: { cid: 'bafkother' } }))
      .toMatchObject({ verdict: 'invalid', reasons: [`duplicate: its content is that of ${cid}`] })
  })

  it('the same configurations and runtimes in other bytes are a duplicate, where that is no coincidence', async () => {
    const history = await historyOf(table([2, 150], [4, 90], [8, 60.5]))
    expect(await examine('sort.tsv', table([4, 90], [2, 150], [8, 60.5]), { history })).toMatchObject({ verdict: 'invalid' })
    expect(await examine('sort.tsv', table([8, 60.5]), { history })).toMatchObject({ verdict: 'invalid' })
    expect(await examine('sort.tsv', table([4, 90]), { history })).toMatchObject({ verdict: 'undecided' })
    expect(await examine('sort.tsv', table([4, 91]), { history })).toMatchObject({ verdict: 'valid' })
    expect(await examine('sort.tsv', table([4, 90], [4, 90], [2, 150]), { history })).toMatchObject({ verdict: 'valid' })
  })

  const law = (machines: number): number => 20 + 1000 / machines + 3 * machines
  const measured = [1, 2, 3, 4, 6, 8, 10, 12].map((machines): [number, number] => [machines, law(machines)])

  it('a runtime that is three times the expected one or a third of it is an outlier', async () => {
    const history = await historyOf(table(...measured))
    const verdictAt = async (factor: number): Promise<string> => (await examine('sort.tsv', table([5, law(5) * factor]), { history })).verdict

    expect(await Promise.all([0.1, 0.32, 0.35, 1, 2.9, 3.1, 10].map(verdictAt)))
      .toEqual(['invalid', 'invalid', 'valid', 'valid', 'valid', 'invalid', 'invalid'])
    expect((await examine('sort.tsv', table([5, 2350]), { history })).reasons)
      .toEqual(['outlier: a run on 5 machines took 2350 s where 235 s are expected'])
  })

  it('twice the model\'s own error is allowed where the model is bad', async () => {
    const bad = await historyOf(table(...measured.map(([machines], i): [number, number] => [machines, i % 2 === 0 ? 30 : 3000])))
    expect(await examine('sort.tsv', table([5, law(5) * 10]), { history: bad })).toMatchObject({ verdict: 'valid' })
  })

  it('without eight others it is valid or undecided, as the options say', async () => {
    const seven = await historyOf(table(...measured.slice(1)))
    const eight = await historyOf(table(...measured))
    const strict = { withoutModel: 'undecided' } as const

    expect(await examine('sort.tsv', table([5, 9999]), { history: seven })).toMatchObject({ verdict: 'valid' })
    expect(await examine('sort.tsv', table([5, 9999]), { history: seven, ...strict }))
      .toMatchObject({ verdict: 'undecided', reasons: ['outlier: a model of such runs needs 8 others and there are 7'] })
    expect(await examine('sort.tsv', table([5, law(5)]), { history: eight, ...strict })).toMatchObject({ verdict: 'valid' })
  })
})

/** An archive of one deflated entry (PKWARE APPNOTE 6.3). */
function deflated (name: string, bytes: Buffer): Buffer {
  const zip = Buffer.from(storedZip([{ name, bytes }]))
  const packed = deflateRawSync(bytes)
  const header = 30 + name.length
  const directory = Buffer.from(zip.subarray(header + bytes.length))
  directory.writeUInt16LE(8, 10)
  directory.writeUInt32LE(packed.length, 20)
  directory.writeUInt32LE(header + packed.length, 46 + name.length + 16)
  return Buffer.concat([zip.subarray(0, header), packed, directory])
}

const data = join(import.meta.dirname, '../../../shared/data')
if (!existsSync(data)) process.stderr.write('Skipped: validating the real data sets, because ../shared/data is not there.\n')

describe.skipIf(!existsSync(data))('the real data sets', () => {
  it('the two scout records are valid', async () => {
    const single = join(data, 'scout/osr_single_node')
    const [whole, reportOnly] = ['c3.2xlarge_i-01b4d2897a2e9ffe7_kmeans_spark1.5_small_1', 'c3.2xlarge_i-025eeca8cae72f6a0_join_hadoop_small_2']

    for (const path of [`${whole}/report.json`, `${whole}/sar.csv`, `${reportOnly}/report.json`]) {
      expect(await examine(path, readFileSync(join(single, path)))).toMatchObject({ verdict: 'valid', reasons: [] })
    }
  })

  it('of C3O few configurations are rejected as they arrive, and nearly all whose runtimes were multiplied by ten', async () => {
    const { items } = await openCorpus({ directory: join(data, 'c3o'), count: 930, seed: 1 })
    const history = createRunHistory(memoryValues())
    const contents = await Promise.all(items.map(async (item, i) => ({
      name: item.name, text: String(await item.bytes()), contribution: { cid: `cid ${i}`, attributes: { ...item.attributes } }
    })))
    const rejected: string[] = []

    for (const { name, text, contribution } of contents) {
      const { verdict, sha256, runs } = await examine(name, text, { history, contribution })

      if (verdict === 'valid') {
        history.add(contribution.cid, sha256, runs)
      } else {
        rejected.push(name)
      }
    }

    const forged = await Promise.all(contents.map(({ name, text, contribution }) =>
      examine(name, text.replace(/\d+$/gm, (seconds) => `${seconds}0`), { history, contribution })))
    expect(rejected.length).toBeLessThan(0.03 * 930)
    expect(forged.filter(({ verdict }) => verdict === 'invalid').length).toBeGreaterThan(0.95 * 930)
  })
})
