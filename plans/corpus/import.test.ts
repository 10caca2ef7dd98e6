import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CorpusError } from './item.ts'
import { importCorpus } from './import.ts'
import type { ImportKind } from './import.ts'

const HEADER = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tgross_runtime\n'
const ROW = '2\tm4.2xlarge\t16\t64000\t9530\t340\n'
const SINGLE = 'c3.2xlarge_i-01b4d2897a2e9ffe7_kmeans_spark1.5_small_1'
const MULTI = '4_m4.large_lr_spark_huge_1'
const progress = { onProgress: () => {}, signal: new AbortController().signal }

let directory: string
let from: string
let to: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'peerslab-import-'))
  from = join(directory, 'from')
  to = join(directory, 'to')
  await mkdir(from)
})
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

async function put (name: string, content = name): Promise<void> {
  await mkdir(dirname(join(from, name)), { recursive: true })
  await writeFile(join(from, name), content)
}

async function imported (): Promise<Record<string, string>> {
  const files = (await readdir(to, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file.slice(to.length + 1), await readFile(file, 'utf8')] as const)))
}

async function refusal (kind: ImportKind, unchecked = false): Promise<string> {
  const error = await importCorpus({ kind, from, to, unchecked }, progress).then(() => undefined, (reason: unknown) => reason)
  if (!(error instanceof CorpusError)) throw new Error('it was imported, or failed in another way', { cause: error })
  expect(error.message).toMatch(/^[^\n]*\.$/)
  expect((await readdir(directory)).sort()).toEqual(['from'])
  return error.message
}

describe('an import of scout', () => {
  it('takes the records of both layouts, byte for byte, and nothing else', async () => {
    await put('README.md')
    await put(`dataset/osr_single_node/${SINGLE}/report.json`)
    await put(`dataset/osr_single_node/${SINGLE}/sar.csv`, 'ÿ\n')
    await put(`dataset/osr_multiple_nodes/${MULTI}/sar_node1.csv`)
    await put(`dataset/osr_multiple_nodes/${MULTI}/sar_node2.csv`)
    await put('dataset/osr_single_node.md')
    expect(await importCorpus({ kind: 'scout', from, to, unchecked: false }, progress)).toMatchObject({ contributions: 2, files: 4 })
    expect(await imported()).toEqual({
      [`${SINGLE}/report.json`]: `dataset/osr_single_node/${SINGLE}/report.json`,
      [`${SINGLE}/sar.csv`]: 'ÿ\n',
      [`${MULTI}/sar_node1.csv`]: `dataset/osr_multiple_nodes/${MULTI}/sar_node1.csv`,
      [`${MULTI}/sar_node2.csv`]: `dataset/osr_multiple_nodes/${MULTI}/sar_node2.csv`
    })
  })

  it('refuses a directory without records, and two records of one name', async () => {
    await put('README.md')
    expect(await refusal('scout')).toMatch(/^Directory \S+from holds no scout record, .*\. Name a clone of github\.com\/oxhead\/scout/)
    await put(`a/${SINGLE}/sar.csv`)
    await put(`b/${SINGLE}/sar.csv`)
    expect(await refusal('scout')).toMatch(/^Two files would be imported as c3\S+\/sar\.csv: \S+from\/a\S+ and \S+from\/b\S+\. Take one/)
  })
})

describe('an import of C3O', () => {
  it('refuses what lacks tables, naming them, and a table of another MD5', async () => {
    await put('README.md')
    expect(await refusal('c3o')).toMatch(/lacks grep\.tsv, kmeans\.tsv, pagerank\.tsv, sgd\.tsv, sort\.tsv\. Name a copy .* --unchecked/)
    await put('data/sort.tsv', HEADER + ROW)
    expect(await refusal('c3o')).toMatch(/^Table \S+data\/sort\.tsv is not the one of the C3O data set: its MD5 is [0-9a-f]{32}, not 477d442a\w+\. .* --unchecked/)
  })

  it('takes any C3O table unchecked, but neither other files nor malformed tables', async () => {
    await put('README.md')
    await put('other.tsv', 'a\tb\n1\t2\n')
    expect(await refusal('c3o', true)).toMatch(/lacks C3O tables\. Name a copy/)
    await put('mine.tsv', HEADER + ROW)
    expect(await importCorpus({ kind: 'c3o', from, to, unchecked: true }, progress)).toMatchObject({ contributions: 1, files: 1 })
    expect(await imported()).toEqual({ 'mine.tsv': HEADER + ROW })
    await rm(to, { recursive: true })
    await put('mine.tsv', `${HEADER}${ROW}short\n`)
    expect(await refusal('c3o', true)).toMatch(/mine\.tsv:3 has 1 column /)
  })

  const c3o = join(import.meta.dirname, '../../../shared/data/c3o')
  it.skipIf(!existsSync(c3o))('takes the real tables as they are', async () => {
    await cp(c3o, from, { recursive: true })
    expect(await importCorpus({ kind: 'c3o', from, to, unchecked: false }, progress)).toEqual({ contributions: 930, files: 5, bytes: 234_596 })
  })
})

describe('an import of a directory', () => {
  it('takes every file under its own name but hidden ones, and of a link its content', async () => {
    await put('a.txt')
    await put('b/c/d.bin', '\0')
    await put(`b/${SINGLE}/sar.csv`)
    await put('.git/config')
    await symlink('a.txt', join(from, 'link'))
    const counts: number[][] = []
    const written = await importCorpus({ kind: 'directory', from, to, unchecked: false }, { ...progress, onProgress: (...done) => { counts.push(done) } })
    expect(written).toMatchObject({ contributions: 4, files: 4 })
    expect(counts).toEqual([[1, 4], [2, 4], [3, 4], [4, 4]])
    expect(await imported()).toEqual({ 'a.txt': 'a.txt', 'b/c/d.bin': '\0', [`b/${SINGLE}/sar.csv`]: `b/${SINGLE}/sar.csv`, link: 'a.txt' })
  })

  it('refuses what could not be a corpus, and a target that is not empty', async () => {
    expect(await refusal('directory')).toMatch(/holds no file to contribute/)
    await symlink('nowhere', join(from, 'link'))
    expect(await refusal('directory')).toMatch(/link cannot be read/)
    await rm(join(from, 'link'))
    await put('a.txt')
    await mkdir(to)
    await writeFile(join(to, 'kept'), '')
    await expect(importCorpus({ kind: 'directory', from, to, unchecked: false }, progress)).rejects.toThrow(/to is not empty\./)
    expect(await readdir(to)).toEqual(['kept'])
  })
})
