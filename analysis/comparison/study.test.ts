import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { compareStudies, formatComparison } from './index.ts'
import { readStudy } from './study.ts'
import { writeStudy } from './study.test-helper.ts'
import { row } from '../folder.test-helper.ts'
import type { DiskRun } from './study.test-helper.ts'

const made: string[] = []
afterEach(async () => { for (const path of made.splice(0)) await rm(path, { recursive: true, force: true }) })

async function study (runs: readonly DiskRun[]): Promise<string> {
  const path = await writeStudy(runs)
  made.push(path)
  return path
}

const entry = (value: number, region = 'a'): string => row(`replication_entry_ms,from=b,region=${region},cid=c`, { value })
const entries = (...values: number[]): string => values.map((value) => entry(value)).join('')
const failing = async (promise: Promise<unknown>): Promise<Error> =>
  promise.then(() => { throw new Error('nothing was thrown') }, (error: unknown) => error as Error)
const alike = (factor: number): DiskRun[] => [1.02, 0.99, 1, 1.01, 0.98, 1.03].map((own) => {
  const [low, high, middle] = [10, 50, 30].map((value) => value * own * factor) as [number, number, number]
  return { rows: entries(low, high, middle) }
})

describe('a study', () => {
  it('reduces each run to one value for each metric, however many rows it has', async () => {
    const { runs } = await readStudy(await study([{
      rows: entries(1, 2, 30) + row('bytes_sent,region=a', { value: 5 }) + row('bytes_sent,region=b', { value: 7 }) +
        row('cpu_ms', { value: 10 }) + row('cpu_ms', { value: 40 }) + row('converged', { value: 1 }) + row('converged', { value: 0 }) +
        row('bootstrap_files_held', { value: 3, of: 5, elapsed_ms: 1 })
    }]))
    expect(Object.fromEntries(runs[0]!.series.map(({ metric, value }) => [metric, value]))).toEqual({
      replication_entry_ms: 2, bytes_sent: 12, cpu_ms: 40, converged: 0.5
    })
  })

  it('is divided by a tag, or by group', async () => {
    const path = await study([{ rows: entry(1, 'x') + entry(2, 'y') + entry(4, 'y') }])
    const parts = async (by: string): Promise<unknown> =>
      (await readStudy(path, { by })).runs[0]!.series.map(({ part, value }) => [part, value])
    expect(await parts('region')).toEqual([['main/x', 1], ['main/y', 3]])
    expect(await parts('group')).toEqual([['main/peers', 2]])
    expect(await parts('planet')).toEqual([['main/-', 2]])
  })

  it('takes a median that a wait decided for a bound', async () => {
    const waits = row('replication_entry_ms', { value: 9, censored: 1 })
    const rows = [entries(1, 2) + waits, entries(1, 9) + waits, entries(1) + waits + waits]
    const { runs } = await readStudy(await study(rows.map((each) => ({ rows: each }))))
    expect(runs.map(({ series: [series] }) => [series!.value, series!.bound])).toEqual([[2, false], [9, false], [9, true]])
  })

  it('leaves out rows of a wrong clock, or that are none, and says so', async () => {
    const path = await study([{ rows: entries(-5, 3) + '{"ts":1,"name":"replication_entry_ms","measures":{"value":NaN}}\n' }])
    const { runs, problems } = await readStudy(path)
    expect(runs[0]!.series[0]!.value).toBe(3)
    expect(problems[0]).toContain('peers/0/results.out:3 is no row, for it is no JSON')
    expect(problems[1]).toContain('1 rows of replication_entry_ms have no value, or a time below zero')
  })

  it('leaves out runs that go on, failed or are empty, and then is no pass', async () => {
    const going = { rows: entries(1), outcome: null, record: { endedAt: undefined } }
    const failed = { rows: entries(1), outcome: { verdict: 'fail', reason: 'a peer was lost' } }
    const path = await study([...alike(1), going, failed, { rows: '' }])
    const { runs, leftOut } = await readStudy(path)
    expect(runs.length).toBe(6)
    expect(leftOut.map((sentence) => sentence.replace(/^Run \S+ is left out, for /, ''))).toEqual([
      'it is still being written, or was cut short.', 'its verdict is fail (a peer was lost).', 'it has no rows.'
    ])
    const { verdict, reason } = await compareStudies(path, await study(alike(1)))
    expect({ verdict, reason }).toEqual({ verdict: 'unknown', reason: '3 of 15 runs say nothing, and the others got no worse' })
  })
})

describe('what is no study, or not one', () => {
  it('is refused in one sentence', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'peerslab-study-'))
    made.push(empty)
    expect((await failing(readStudy(empty))).message).toContain('is no study, for it holds no run folder')
    expect((await failing(readStudy(join(empty, 'gone')))).message).toContain('There is no study')
    await writeFile(join(empty, 'file'), '')
    expect((await failing(readStudy(join(empty, 'file')))).message).toContain('is a file and no study')
    const going = await study([{ rows: entries(1), outcome: null, record: { endedAt: undefined } }])
    expect((await failing(readStudy(going))).message)
      .toMatch(/has no run that can be compared: Run \S+ is left out, for it is still being written, or was cut short\.$/)
  })

  it('is refused where cases or runners are mixed, within and between', async () => {
    const [one] = alike(1) as [DiskRun]
    const cases = await study([one, { ...one, record: { case: 'link' } }])
    expect((await failing(readStudy(cases))).message).toContain('mixes runs of case replication and link: compare studies of one case each')
    const runners = await failing(compareStudies(await study([one]), await study([{ ...one, record: { runner: 'sim' } }])))
    expect(runners.message).toMatch(/cannot be compared, for they differ in runner \(local against sim\)/)
    expect(runners.name).toBe('StudyError')
  })

  it('does not follow links, such as latest, and passes over other files', async () => {
    const path = await study(alike(1))
    await mkdir(join(path, 'notes'))
    await appendFile(join(path, 'README'), 'text')
    expect((await readStudy(path)).runs.length).toBe(6)
  })
})

describe('a comparison of studies on disk', () => {
  it('finds what became slower, and prints it in every format', async () => {
    const comparison = await compareStudies(await study(alike(1)), await study(alike(1.3)))
    expect(comparison).toMatchObject({ verdict: 'fail', base: { runs: 6, commits: ['abc'] } })
    const text = formatComparison(comparison, 'text')
    expect(text).toMatch(/^fail: 1 of 1 judged values got worse by more than 5 %: replication_entry_ms\n/)
    expect(text).toMatch(/replication_entry_ms +30\.1 ms +39\.2 ms +\+30\.0 % +\[\+26\.2 %, \+33\.9 %\] +0\.002 +6 +regression +worse by/)
    expect(formatComparison(comparison, 'markdown')).toMatch(/\n\| replication_entry_ms \| 30\.1 ms \|/)
    expect(JSON.parse(formatComparison(comparison, 'json'))).toMatchObject({ verdict: 'fail', results: [{ finding: 'regression', effect: { n: { base: 6 } } }] })
    const junit = formatComparison(comparison, 'junit')
    expect(junit).toContain('tests="1" failures="1" errors="0"')
    expect(junit).toContain('<failure message="worse by 30.0 %"/>')
  })

  it('cannot be made to bring markup into Markdown or XML', async () => {
    const name = 'x<b>|&'
    const record = { metrics: [{ name, unit: 'ms', meaning: 'm', better: 'lower' }] }
    const evil = alike(1).map(({ rows }) => ({ rows: rows.replaceAll('replication_entry_ms', name), record }))
    const comparison = await compareStudies(await study(evil), await study(evil))
    expect(formatComparison(comparison, 'markdown')).toContain('| x&lt;b&gt;\\|&amp; |')
    expect(formatComparison(comparison, 'junit')).toContain('name="x&#60;b&#62;|&#38; in main"')
  })

  it('counts a missing run as an error in JUnit, where nothing else is one', async () => {
    const comparison = await compareStudies(await study([...alike(1), { rows: '' }]), await study(alike(1)))
    expect(formatComparison(comparison, 'junit')).toMatch(/tests="2" failures="0" errors="1"[\s\S]+name="all runs"><error message="1 of 13 runs say nothing/)
  })
})
