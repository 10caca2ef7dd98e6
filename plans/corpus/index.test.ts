import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CorpusError, openCorpus } from './index.ts'
import { MAX_BYTES } from './files.ts'
import { unzipStored } from '../../peersdb/records/zip.test-helper.ts'

const HEADER = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tgross_runtime\n'
const ROW = '2\tm4.2xlarge\t16\t64000\t9530\t340\n'
const RECORD = 'c3.2xlarge_i-01b4d2897a2e9ffe7_kmeans_spark1.5_small_1'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'peerslab-corpus-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

async function put (name: string, content: string): Promise<string> {
  const path = join(directory, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

async function names (init: { count?: number, seed?: number } = {}): Promise<string[]> {
  const { items } = await openCorpus({ directory, count: 100, seed: 1, ...init })
  return items.map(({ name }) => name)
}

/** The sentence with which the corpus is refused. */
async function refusal (init: { directory?: string, count?: number } = {}): Promise<string> {
  const error = await openCorpus({ directory, count: 100, seed: 1, ...init }).then(() => undefined, (reason: unknown) => reason)
  if (!(error instanceof CorpusError)) throw new Error('the corpus was accepted, or failed in another way', { cause: error })
  expect(error.name).toBe('CorpusError')
  expect(error.message).toMatch(/^[^\n]*\.$/)
  return error.message
}

describe('openCorpus without a directory', () => {
  it('generates records, as many as are asked for and can be had', async () => {
    const corpus = await openCorpus({ count: 3, seed: 1 })
    expect(corpus.description).toBe('3 of 11124 generated scout-like records, seed 1')
    expect((await openCorpus({ directory: '', count: 3, seed: 1 })).items.map(({ name }) => name)).toEqual(corpus.items.map(({ name }) => name))
    expect((await openCorpus({ count: 20_000, seed: 1 })).items.length).toBe(11_124)
  })

  it('refuses a count that is none', async () => {
    for (const count of [-1, 1.5, NaN]) expect(await refusal({ directory: '', count })).toContain('whole number')
  })
})

describe('openCorpus with a directory', () => {
  it('takes every file but hidden ones, byte for byte, in an order that the seed decides', async () => {
    await put('b.bin', '\0ÿ')
    await put('a/c.txt', 'c')
    await put('a/é.txt', 'e')
    await put('.git/config', 'hidden')
    await put('a/.hidden', 'hidden')
    await put('empty', '')
    const corpus = await openCorpus({ directory, count: 100, seed: 1 })
    expect(corpus.description).toBe(`4 of 4 contributions from ${directory} (4 files), seed 1`)
    const contents = await Promise.all(corpus.items.map(async ({ name, bytes }) => [name, Buffer.from(await bytes()).toString()]))
    expect(Object.fromEntries(contents)).toEqual({ 'b.bin': '\0ÿ', 'a/c.txt': 'c', 'a/é.txt': 'e', empty: '' })
    const orders = await Promise.all(Array.from({ length: 20 }, (_, seed) => names({ seed })))
    expect(new Set(orders.map(String)).size).toBeGreaterThan(5)
    expect(await names({ seed: 7 })).toEqual(orders[7])
    expect(await names({ seed: 7, count: 2 })).toEqual(orders[7]?.slice(0, 2))
  })

  it('chooses the same on every machine', async () => {
    for (let index = 0; index < 12; index++) await put(`file-${index}`, String(index))
    expect(await names({ count: 4 })).toEqual(['file-4', 'file-9', 'file-11', 'file-7'])
  })

  it('makes one archive of a scout record, of either layout, with a report or without', async () => {
    const other = '4_m4.large_lr_spark_huge_1'
    await put(`dataset/${RECORD}/sar.csv`, 'timestamp\n')
    await put(`dataset/${RECORD}/report.json`, '{}')
    await put(`${RECORD.replace('_1', '_2')}/sar.csv`, 'timestamp\n')
    await put(`${other}/sar_node1.csv`, '1')
    await put(`${other}/sar_node2.csv`, '2')
    await put('plain/sar.csv', 'no record, only a name')
    const corpus = await openCorpus({ directory, count: 100, seed: 1 })
    expect(corpus.description).toContain('(3 scout records, 1 file)')
    const record = corpus.items.find(({ name }) => name === `dataset/${RECORD}.zip`)
    expect(record?.attributes).toEqual({ machine_type: 'c3.2xlarge', workload: 'kmeans', framework: 'spark1.5', size: 'small', run: '1' })
    const files = unzipStored(await record?.bytes() ?? Buffer.of())
    expect([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
      [`${RECORD}/report.json`, '{}'], [`${RECORD}/sar.csv`, 'timestamp\n']
    ])
    const multi = corpus.items.find(({ name }) => name === `${other}.zip`)
    expect(multi?.attributes).toMatchObject({ instance_count: '4', machine_type: 'm4.large', workload: 'lr' })
    expect([...unzipStored(await multi?.bytes() ?? Buffer.of()).keys()]).toEqual([`${other}/sar_node1.csv`, `${other}/sar_node2.csv`])
  })

  it('cuts a C3O table where it finds one, and takes other tables whole', async () => {
    await put('sort.tsv', `${HEADER}${ROW}${ROW.replace('340', '348')}`)
    await put('other.tsv', 'a\tb\n1\t2\n')
    expect((await names()).sort()).toEqual(['other.tsv', 'sort/2-m4.2xlarge-16-64000-9530.tsv'])
  })

  it('follows a link to a file inside, and leaves out a link to a directory inside', async () => {
    await put('data/a', 'a')
    await symlink('data/a', join(directory, 'link'))
    await symlink('data', join(directory, 'again'))
    await symlink('..', join(directory, 'data/up'))
    expect((await names()).sort()).toEqual(['data/a', 'link'])
  })
})

describe('openCorpus refuses', () => {
  it('a directory that is missing, is a file, or is empty', async () => {
    expect(await refusal({ directory: join(directory, 'gone') })).toMatch(/^Corpus directory .*\/gone does not exist\. Name one /)
    expect(await refusal({ directory: await put('file', '') })).toMatch(/^Corpus .*\/file is not a directory\. Name the directory /)
    await rm(join(directory, 'file'))
    await mkdir(join(directory, 'hollow'))
    await put('.hidden', 'x')
    expect(await refusal()).toMatch(/holds no file to contribute .* Put files there, or leave "corpus" empty/)
  })

  it('links that lead nowhere, in a circle, or outside', async () => {
    await put('a', 'a')
    const link = join(directory, 'link')
    await symlink('gone', link)
    expect(await refusal()).toMatch(/\/link cannot be read: it is not there, or is a link to a file that is not there\./)
    await rm(link)
    await symlink('link', link)
    expect(await refusal()).toMatch(/\/link cannot be read: it is a link that leads back to itself\./)
    await rm(link)
    const inside = join(directory, 'inside')
    await mkdir(inside)
    await symlink('../a', join(inside, 'link'))
    expect(await refusal({ directory: inside })).toMatch(/\/inside\/link leads out of the corpus directory, to .*\/a\. Put the file itself/)
  })

  it('a file or directory that this user may not read', async () => {
    const path = await put('sub/secret', 'x')
    const mayNotRead = 'this user may not read it. Give the permission'
    await chmod(directory, 0o755)
    // The superuser may read everything, so the test becomes nobody for as long as it takes.
    const superuser = process.geteuid?.() === 0
    try {
      await chmod(path, 0)
      if (superuser) process.seteuid?.(65534)
      expect(await refusal()).toContain(`${path} cannot be read: ${mayNotRead}`)
      if (superuser) process.seteuid?.(0)
      await chmod(dirname(path), 0)
      if (superuser) process.seteuid?.(65534)
      expect(await refusal()).toContain(`${dirname(path)} cannot be read: ${mayNotRead}`)
    } finally {
      if (superuser) process.seteuid?.(0)
      await chmod(dirname(path), 0o755)
    }
  })

  it('what is too large to be one contribution, without reading it', async () => {
    await truncate(await put('large', ''), MAX_BYTES + 1)
    expect(await refusal()).toMatch(/\/large makes a contribution of 65 MiB, more than the 64 MiB that one may hold\. Split it/)
    await rm(join(directory, 'large'))
    for (const file of ['report.json', 'sar.csv']) await truncate(await put(`${RECORD}/${file}`, ''), MAX_BYTES / 2 + 1)
    expect(await refusal()).toMatch(/\/sar\.csv makes a contribution of 65 MiB/)
  })

  it('two contributions of one name', async () => {
    await put(`${RECORD}/sar.csv`, 'x')
    await put(`${RECORD}.zip`, 'x')
    expect(await refusal()).toMatch(/would be named c3.*_1\.zip: one from .*, one from .*\. Rename or remove one of them\./)
  })

  it('a C3O table with a broken row, by file and line', async () => {
    const path = await put('sort.tsv', `${HEADER}${ROW}broken\n`)
    expect(await refusal()).toContain(`${path}:3 has 1 column where`)
  })
})

describe('bytes of an item', () => {
  it('are refused in a sentence when the file went away or the table changed since', async () => {
    const plain = await put('plain', 'x')
    const table = await put('sort.tsv', `${HEADER}${ROW}`)
    const { items } = await openCorpus({ directory, count: 100, seed: 1 })
    await rm(plain)
    await writeFile(table, `${HEADER}${ROW}${ROW}`)
    const problem = async (name: string): Promise<unknown> =>
      items.find((item) => item.name.startsWith(name))?.bytes().then(() => undefined, (error: unknown) => error)
    expect(await problem('plain')).toBeInstanceOf(CorpusError)
    expect(String(await problem('plain'))).toContain('is not there')
    expect(String(await problem('sort'))).toContain(`${table} changed while the corpus was in use`)
  })
})
