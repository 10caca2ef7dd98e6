import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layouts } from '../figures/figure.ts'
import { compareReadStudies } from './compare.ts'
import { noise, noisyStudy, studyOf } from './study.test-helper.ts'
import { writeComparison } from './write.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'peerslab-compared-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

const next = noise(3, 0.05)
const comparison = compareReadStudies(noisyStudy('base', 10, next), noisyStudy('head', 10, next, { bytes_sent: 1.5 }))
const numbers = ['csv', 'json', 'md', 'tex', 'txt', 'xml'].map((extension) => `comparison.${extension}`)
const figures = ['csv', 'pdf', 'png', 'svg', 'vl.json'].map((extension) => `forest.${extension}`)

describe('a comparison that is written', () => {
  it('is there in every format, and as a figure in every form that names its source', async () => {
    const out = join(folder, 'whole')
    const paths = await writeComparison(comparison, { out })
    expect(paths.map((path) => basename(path)).sort()).toEqual([...numbers, ...figures])
    expect((await readdir(out)).sort()).toEqual([...numbers, ...figures])
    expect(JSON.parse(await readFile(join(out, 'comparison.json'), 'utf8'))).toMatchObject({ verdict: 'fail' })
    expect(await readFile(join(out, 'forest.svg'), 'utf8')).toMatch(/case replication · runner local · fidelity bandwidth · network [\w-]+ · seed 7 · base abc, 10 runs/)
    expect(await readFile(join(out, 'forest.csv'), 'utf8')).toMatch(/\nbytes_sent,main,lower,regression,0\.[45]/)
  })

  it('has the width that is asked for', async () => {
    const out = join(folder, 'narrow')
    await writeComparison(comparison, { out, layout: layouts.column, forms: [] })
    expect(await readFile(join(out, 'forest.svg'), 'utf8')).toMatch(/^<svg[^>]* width="252pt"/)
  })

  it('has its numbers where the font is missing, and no figure of before', async () => {
    const out = join(folder, 'whole')
    const files = { regular: join(folder, 'gone.ttf'), semiBold: join(folder, 'gone.ttf') }
    await expect(writeComparison(comparison, { out, fontFiles: files })).rejects.toThrow(
      /^The font of the figures cannot be read from \S+gone\.ttf \(ENOENT\): install the packages again with npm ci\.$/)
    expect((await readdir(out)).sort()).toEqual(numbers)
  })

  it('of nothing that both sides have has no figure', async () => {
    const of = (side: string, metric: string) => studyOf(side, [{ values: { [metric]: 1 } }])
    const out = join(folder, 'none')
    await writeComparison(compareReadStudies(of('base', 'bytes_sent'), of('head', 'converged')), { out })
    expect((await readdir(out)).sort()).toEqual(numbers)
  })

  it('cannot be written where a file is in the way, which it says', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(writeComparison(comparison, { out: join(folder, 'file') })).rejects.toThrow('is no folder')
  })
})

describe('the source of a comparison', () => {
  const of = (path: string, records: object[]) => studyOf(path, records.map((record) => ({ record, values: { bytes_sent: 1 } })))

  it('has the seeds of both sides, a long hash shortened, and what both do not share', () => {
    const base = of('base', [1, 2, 3, 4, 5].map((seed) => ({ seed, commit: '0123456789abcdef', runner: 'sim' })))
    const head = of('head', [1, 2, 3, 4, 5].map((seed) => ({ seed, commit: 'fedcba9876543210', dirty: true, runner: 'sim', fidelity: 'ideal' })))
    expect(compareReadStudies(base, head, { vary: ['fidelity'] }).source).toBe(
      'case replication · runner sim · fidelity bandwidth and ideal · network gcp-six-regions · seeds 1 to 5 · base 0123456789, 5 runs · head fedcba9876 with changes, 5 runs')
    expect(compareReadStudies(of('base', [{ seed: 3 }]), of('head', [{ seed: 40 }])).source).toContain('seeds 3, 40 · base abc, 1 run ·')
  })
})
