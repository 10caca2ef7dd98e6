import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CorpusError, openCorpus } from './index.ts'
import { generateCorpus } from './generate.ts'
import { presetNames } from './presets.ts'
import { writeDirectory } from './write.ts'
import type { CorpusItem } from './item.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

const { signal } = new AbortController()
const file = (name: string): ZipEntry => ({ name, bytes: Buffer.from(name) })

let directory: string

beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-generate-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

/** The sentence with which writing is refused. */
async function refusal (target: string, files: Iterable<ZipEntry> = [file('a')]): Promise<string> {
  const error = await writeDirectory(target, files, signal).then(() => undefined, (reason: unknown) => reason)
  if (!(error instanceof CorpusError)) throw new Error('it was written, or failed in another way', { cause: error })
  expect(error.message).toMatch(/^[^\n]*\.$/)
  return error.message
}

async function contentOf (items: readonly CorpusItem[]): Promise<Array<[string, object]>> {
  return Promise.all(items.map(async ({ kind, name, attributes, bytes }): Promise<[string, object]> =>
    [name, { kind, attributes, bytes: Buffer.from(await bytes()).toString('base64') }]))
}

describe('generateCorpus', () => {
  it('writes a directory that is, as a corpus, the preset itself', async () => {
    const init = fc.tuple(fc.constantFrom(...presetNames), fc.integer({ min: 1, max: 4 }), fc.nat(50))
    await fc.assert(fc.asyncProperty(init, async ([preset, few, seed]) => {
      const target = join(directory, 'target')
      const count = preset === 'multi-node' ? 1 : few
      const counts: number[][] = []
      const onProgress = (...done: number[]): void => { counts.push(done) }
      const written = await generateCorpus({ directory: target, preset, count, seed }, { signal, onProgress })
      const stored = await openCorpus({ directory: target, count: 100, seed: 1 })
      const generated = await openCorpus({ preset, count, seed })
      expect(new Map(await contentOf(stored.items))).toEqual(new Map(await contentOf(generated.items)))
      expect(counts).toEqual(Array.from({ length: count }, (_, index) => [index + 1, count]))
      const files = (await readdir(target, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
      const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
      expect(written).toEqual({ contributions: count, files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) })
      expect(await readdir(directory)).toEqual(['target'])
      await rm(target, { recursive: true })
    }), { numRuns: 10 })
  })
})

describe('writeDirectory', () => {
  it('writes into a directory that is new, and into one that is empty', async () => {
    await mkdir(join(directory, 'empty'))
    for (const name of ['new', 'empty']) {
      await writeDirectory(join(directory, name), [file('a'), file('b/c/d'), file('b/c/e')], signal)
      expect((await readdir(join(directory, name), { recursive: true })).sort()).toEqual(['a', 'b', 'b/c', 'b/c/d', 'b/c/e'])
      expect(await readFile(join(directory, name, 'b/c/e'), 'utf8')).toBe('b/c/e')
    }
  })

  it('refuses a directory that holds anything, and leaves it as it is', async () => {
    await writeFile(join(directory, '.hidden'), '')
    expect(await refusal(directory)).toMatch(/^Directory \S+ is not empty\. Name one that is new or empty/)
    expect(await readdir(directory)).toEqual(['.hidden'])
  })

  it('refuses what is a file, or lies under one, or under nothing', async () => {
    await writeFile(join(directory, 'file'), '')
    expect(await refusal(join(directory, 'file'))).toMatch(/file cannot be written: it, or what is above it, is a file\. Name another place/)
    expect(await refusal(join(directory, 'file', 'under'))).toMatch(/under cannot be written: it, or what is above it, is a file\./)
    expect(await refusal(join(directory, 'gone', 'under'))).toMatch(/under cannot be written: the directory \S+\/gone above it does not exist\. Make it/)
    expect(await readdir(directory)).toEqual(['file'])
  })

  it('refuses a place where this user may not write', async () => {
    await chmod(directory, 0o555)
    // The superuser may write everywhere, so the test becomes nobody for as long as it takes.
    const superuser = process.geteuid?.() === 0
    try {
      if (superuser) process.seteuid?.(65534)
      expect(await refusal(join(directory, 'new'))).toMatch(/new cannot be written: this user may not write there\. Name another place/)
    } finally {
      if (superuser) process.seteuid?.(0)
      await chmod(directory, 0o755)
    }
    expect(await readdir(directory)).toEqual([])
  })

  it('leaves nothing when the disk is full in the middle', async () => {
    function * files (): Generator<ZipEntry> {
      for (let index = 0; index < 30; index++) yield file(`folder-${index}/a`)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
    }
    expect(await refusal(join(directory, 'new'), files())).toMatch(/new cannot be written: the disk is full\. Make room, .*\. Nothing is left of it\.$/)
    expect(await readdir(directory)).toEqual([])
  })

  it('leaves nothing when a file cannot be written, and asks for no more of them', async () => {
    let asked = 0
    function * files (): Generator<ZipEntry> {
      for (; asked < 1000; asked++) yield file(asked === 5 ? 'x'.repeat(300) : `a-${asked}`)
    }
    expect(await refusal(join(directory, 'new'), files())).toMatch(/cannot be written: ENAMETOOLONG.* Nothing is left of it\.$/)
    expect(asked).toBeLessThan(100)
    expect(await readdir(directory)).toEqual([])
  })

  it('leaves nothing when it is interrupted, nor when the files cannot be had', async () => {
    const interrupt = new AbortController()
    const reason = new Error('the user has had enough')
    function * files (end: () => void): Generator<ZipEntry> {
      for (let index = 0; index < 20; index++) {
        if (index === 10) end()
        yield file(`a-${index}`)
      }
    }
    await expect(writeDirectory(join(directory, 'new'), files(() => { interrupt.abort(reason) }), interrupt.signal)).rejects.toBe(reason)
    const own = new RangeError('a defect')
    await expect(writeDirectory(join(directory, 'new'), files(() => { throw own }), signal)).rejects.toBe(own)
    expect(await readdir(directory)).toEqual([])
  })
})
