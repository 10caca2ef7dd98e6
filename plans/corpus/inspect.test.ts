import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inspectCorpus } from './inspect.ts'
import { sha256 } from '../../peersdb/records/zip.test-helper.ts'

const progress = { onProgress: () => {}, signal: new AbortController().signal }
const RECORD = 'c3.2xlarge_i-01b4d2897a2e9ffe7_kmeans_spark1.5_small_1'
const TABLE = 'instance_count\tmachine_type\tslots\tmemory\tdata_size_MB\tgross_runtime\n2\ta\t1\t1\t1\t9\n4\ta\t1\t1\t1\t9\n'

let directory: string

beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-inspect-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

describe('inspectCorpus', () => {
  it('counts contributions by kind, framework and workload, the most first', async () => {
    await mkdir(join(directory, RECORD))
    await writeFile(join(directory, RECORD, 'sar.csv'), 'timestamp\n')
    await writeFile(join(directory, 'sort.tsv'), TABLE)
    await writeFile(join(directory, 'notes.txt'), 'x'.repeat(2000))
    const { digest, ...contents } = await inspectCorpus({ directory, count: 100, seed: 1 }, progress)
    expect(contents).toMatchObject({ contributions: 4, bytes: contents.sizes.reduce((sum, size) => sum + size, 0) })
    expect(contents.description).toContain('4 of 4 contributions')
    expect([contents.kinds, contents.frameworks, contents.workloads].map((counts) => Object.entries(counts))).toEqual([
      [['configuration', 2], ['file', 1], ['record', 1]],
      [['spark', 2], ['', 1], ['spark1.5', 1]],
      [['sort', 2], ['', 1], ['kmeans', 1]]
    ])
    expect(contents.sizes).toEqual(contents.sizes.toSorted((a, b) => a - b))
    expect(contents.sizes.at(-1)).toBe(2000)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('gives the digest of the sorted lines of name, bytes and SHA-256, in whatever order the files come', async () => {
    const name = fc.stringMatching(/^[a-zA-Zé][a-z0-9]{0,5}$/)
    const anyFiles = fc.dictionary(name, fc.uint8Array({ maxLength: 50 }), { minKeys: 1, maxKeys: 6, noNullPrototype: true })
    await fc.assert(fc.asyncProperty(anyFiles, fc.nat(99),
      async (files, seed) => {
        const target = await mkdtemp(join(directory, 'files-'))
        for (const [file, bytes] of Object.entries(files)) await writeFile(join(target, file), bytes)
        const lines = Object.entries(files)
          .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
          .map(([file, bytes]) => `${file}\t${bytes.length}\t${sha256(bytes)}\n`)
        expect((await inspectCorpus({ directory: target, count: 100, seed }, progress)).digest).toBe(sha256(lines.join('')))
      }), { numRuns: 25 })
  })

  it('tells how far it is, and ends when it is interrupted', async () => {
    const counts: number[][] = []
    await inspectCorpus({ preset: 'small', count: 3, seed: 1 }, { ...progress, onProgress: (...done) => { counts.push(done) } })
    expect(counts).toEqual([[1, 3], [2, 3], [3, 3]])
    const interrupt = new AbortController()
    const reason = new Error('the user has had enough')
    const interrupted = inspectCorpus({ preset: 'small', count: 540, seed: 1 }, { signal: interrupt.signal, onProgress: () => { interrupt.abort(reason) } })
    await expect(interrupted).rejects.toBe(reason)
  })
})
