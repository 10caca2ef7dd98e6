import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { analyze, compareStudies } from './index.ts'
import { archiveOf, regions, row, wholeFolder, writeInstance } from './folder.test-helper.ts'
import { writeStudy } from './comparison/study.test-helper.ts'

const made: string[] = []
afterEach(async () => { for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true }) })
const kept = (folder: string): string => {
  made.push(folder)
  return folder
}

/** A run folder in which every peer recorded these rows and nothing else. */
async function folderOf (rows: string): Promise<string> {
  const folder = kept(await wholeFolder())
  await rm(join(folder, 'instances', 'main', 'newcomers'), { recursive: true })
  for (const index of regions.keys()) await writeInstance(folder, 'peers', index, rows)
  return folder
}

const entry = (measures: Record<string, number>): string => row('replication_entry_ms,from=a,region=b,cid=c', measures)

describe('a run', () => {
  it('of which every wait ran out is drawn and counted as lower bounds', async () => {
    const { table, warnings, figures } = await analyze(await folderOf(entry({ value: 500, censored: 1 })), { forms: [] })
    expect(table).toMatch(/\n {2}b +6 +> 500 .*> 500 +6\n/)
    expect(warnings.join('\n')).toContain('replication_entry_ms: 6 of 6 waits ran out (> 500 ms)')
    expect(figures.some((file) => file.endsWith('replication.svg'))).toBe(true)
  })

  it('of which all times are below zero, or no numbers, has no figure of them, and says why', async () => {
    const { report, warnings, complete } = await analyze(await folderOf(`${entry({ value: -5 })}{"ts":1,"type":"point","name":"replication_entry_ms","measures":{"value":NaN}}\n`), { forms: [] })
    expect(complete).toBe(false)
    expect(warnings.join('\n')).toContain('instances/main/peers/0/results.out:2 is no row, for it is no JSON')
    const html = await readFile(report, 'utf8')
    expect(html.includes('There is no replication figure')).toBe(true)
    expect(html.includes('data-figure="replication"')).toBe(false)
  })
})

describe('a study', () => {
  it('that is empty, or has one run, tells nothing, in one sentence', async () => {
    const empty = kept(await mkdtemp(join(tmpdir(), 'peerslab-study-')))
    await expect(compareStudies(empty, empty)).rejects.toThrow(/^\S+ is no study, for it holds no run folder: [^\n]+$/)
    const one = kept(await writeStudy([{ rows: entry({ value: 5 }) }]))
    expect(await compareStudies(one, one)).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('too few runs: it needs 4 runs of each side, and has 1') as string })
  })

  it('of several cases, or of several runners, is refused by the name of what differs', async () => {
    const rows = entry({ value: 5 })
    const cases = kept(await writeStudy([{ rows }, { rows, record: { case: 'churn' } }]))
    await expect(compareStudies(cases, cases)).rejects.toThrow('mixes runs of case replication and churn: compare studies of one case each')
    const runners = kept(await writeStudy([{ rows }, { rows, record: { runner: 'sim' } }]))
    await expect(compareStudies(runners, runners)).rejects.toThrow('mixes runs of runner local and sim')
  })

  it('of which one run is still being written leaves it out, and is no pass', async () => {
    const rows = entry({ value: 5 })
    const unended = { rows: rows.slice(0, 30), outcome: null, record: { endedAt: undefined } }
    const going = kept(await writeStudy([...Array.from({ length: 8 }, () => ({ rows })), unended]))
    const comparison = await compareStudies(going, going)
    expect(comparison.verdict).toBe('unknown')
    expect(comparison.warnings.map(({ sentence }) => sentence).join('\n')).toContain('is left out, for it is still being written, or was cut short')
  })

  it('that is an archive whose paths climb out is refused as a whole', async () => {
    const study = kept(await mkdtemp(join(tmpdir(), 'peerslab-study-')))
    await mkdir(join(study, 'fine'))
    await writeFile(join(study, 'evil.tgz'), await archiveOf([{ name: '../../evil/peers/0/results.out', text: entry({ value: 1 }) }]))
    await expect(compareStudies(study, study)).rejects.toThrow('a path that leads out of it')
  })
})
