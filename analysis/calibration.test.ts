import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calibrate } from './calibration.ts'
import { row } from './folder.test-helper.ts'
import type { Calibration, CalibrationFolder, Mode } from './calibration.ts'

let directory: string
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-calibration-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

interface Made {
  entriesMs?: readonly number[]
  sentBytes?: readonly number[]
  cpuPercent?: number
  censored?: boolean
  verdict?: string
  runs?: readonly string[]
}

/** A run folder of two peers, in which the second receives the entries of the first. */
async function made (mode: Mode, repeat: number, init: Made = {}): Promise<CalibrationFolder> {
  const { entriesMs = [90, 100, 300], sentBytes = [4000, 6000], cpuPercent = 20, censored = false, verdict = 'pass', runs = ['n2'] } = init
  const folder = join(directory, `${mode}-${repeat}`)
  const groups = [{ id: 'peers', count: 2, params: {} }]
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'run.json'), JSON.stringify({ schema: 1, runner: mode, runs: runs.map((id) => ({ id, groups })) }))
  await writeFile(join(folder, 'outcome.json'), JSON.stringify({ verdict, runs: runs.map((id) => ({ id, verdict, instances: [] })) }))
  const machine = mode === 'local' ? row('cpu_percent', { value: cpuPercent }) + row('event_loop_delay_ms', { value: 3 }) : ''
  const entries = entriesMs.map((value) => row('replication_entry_ms,from=a', { value, ...(censored ? { censored: 1 } : {}) }))
  for (const run of runs) {
    for (const [index, bytes] of sentBytes.entries()) {
      const place = join(folder, 'instances', run, 'peers', String(index))
      await mkdir(place, { recursive: true })
      await writeFile(join(place, 'results.out'), row('bytes_sent,to=a', { value: bytes * (1 + runs.indexOf(run)) }) + (index === 1 ? entries.join('') + machine : ''))
    }
  }
  return { mode, repeat, folder }
}

const all = async (by: Partial<Record<Mode, Made>> = {}, repeats = 1): Promise<Calibration> => {
  const folders: CalibrationFolder[] = []
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const mode of ['sim', 'paced', 'local'] as const) folders.push(await made(mode, repeat, by[mode]))
  }
  return calibrate(folders)
}

const of = ({ comparisons }: Calibration, metric: string) => comparisons.find((each) => each.metric === metric)

describe('a calibration', () => {
  it('takes of each run the median of its times and the sum of its bytes, and compares these', async () => {
    const calibration = await all({ sim: { entriesMs: [80, 96, 500], sentBytes: [4000, 5950] }, paced: { entriesMs: [97] } })
    expect(of(calibration, 'replication_entry_ms')).toMatchObject({
      run: 'n2', unit: 'ms', values: { sim: { median: 96 }, paced: { median: 97 }, local: { n: 1, median: 100 } },
      difference: { median: -4 }, ratio: { median: 0.96 }, tolerance: { holds: 'yes', reason: '4.00 ms off, where 12.0 ms are allowed' }
    })
    expect(of(calibration, 'bytes_sent')).toMatchObject({
      values: { sim: { median: 9950 }, local: { median: 10_000 } }, tolerance: { holds: 'yes', reason: '0.500 % off, where 1.00 % are allowed' }
    })
    expect(calibration).toMatchObject({ verdict: 'pass', reason: 'all 2 tolerances hold', conditions: { n2: { cpuPercent: 20, loopDelayMs: 3 } } })
  })

  it('pairs the repeats: the difference is the median of differences, not the difference of medians', async () => {
    const entries: Array<[sim: number, local: number]> = [[10, 12], [20, 30], [30, 31]]
    const folders = await Promise.all(entries.flatMap(([sim, local], repeat) => [
      made('sim', repeat, { entriesMs: [sim] }), made('paced', repeat, { entriesMs: [sim] }), made('local', repeat, { entriesMs: [local] })
    ]))
    expect(of(await calibrate(folders.reverse()), 'replication_entry_ms')).toMatchObject({
      values: { sim: { median: 20 }, local: { median: 30 } }, difference: { n: 3, median: -2, low: -10, high: -1, coverage: 0.75 }
    })
  })

  it.each<[string, Partial<Record<Mode, Made>>, 'fail' | 'unknown', RegExp]>([
    ['times beyond 10 % and 2 ms', { sim: { entriesMs: [87.9] } }, 'fail', /^n2, replication_entry_ms: 12\.1 ms off, where 12\.0 ms are allowed$/],
    ['bytes beyond 1 %', { sim: { sentBytes: [9899] } }, 'fail', /^n2, bytes_sent: 1\.01 % off/],
    ['a busy machine', { local: { cpuPercent: 50 } }, 'unknown', /^n2, replication_entry_ms: the machine was busy for 50\.0 %/],
    ['a run that did not pass', { paced: { verdict: 'fail' } }, 'unknown', /^Run n2 of repeat 1 did not pass with paced \(fail\)/],
    ['waits that ran out', { local: { censored: true } }, 'unknown', /^Run n2 .* local: the median of replication_entry_ms is a wait that ran out/]
  ])('does not pass for %s', async (_, by, verdict, reason) => {
    const calibration = await all(by)
    expect(calibration.verdict).toBe(verdict)
    expect(calibration.reason).toMatch(reason)
  })

  it('of a broken tolerance and a doubtful one is a fail', async () => {
    expect((await all({ sim: { sentBytes: [1] }, local: { cpuPercent: 99 } })).verdict).toBe('fail')
  })

  it('without anything that has a tolerance is unknown', async () => {
    expect(await all({ sim: { entriesMs: [], sentBytes: [] } })).toMatchObject({ verdict: 'unknown', comparisons: [] })
  })

  it('keeps the runs of a composition apart, each with a table', async () => {
    const by = { runs: ['n2', 'n5'] }
    const { comparisons, text } = await all({ sim: by, paced: by, local: by })
    expect(comparisons.map(({ run, metric, values }) => `${run} ${metric} ${values.sim.median}`)).toEqual([
      'n2 replication_entry_ms 100', 'n2 bytes_sent 10000', 'n5 replication_entry_ms 100', 'n5 bytes_sent 20000'
    ])
    expect(text.match(/^Run n[25]$/gm)).toEqual(['Run n2', 'Run n5'])
  })

  it('says that the range stands for an interval while there are fewer than six repeats', async () => {
    expect((await all({}, 5)).warnings).toEqual([expect.stringMatching(/needs 6 repeats, and this calibration has 5/)])
    expect((await all({}, 6)).warnings).toEqual([])
  })

  it('shows everything as a table', async () => {
    const { text } = await all({ sim: { entriesMs: [96] } }, 2)
    const words = text.replace(/\s+/g, ' ')
    expect(words).toContain('While local ran, the machine was busy for 20.0 %, and event loops were up to 3.00 ms late (p95).')
    expect(words).toContain('replication_entry_ms ms 2 96.0 [96.0, 96.0] 100 [100, 100] 100 [100, 100] -4.00 [-4.00, -4.00] 0.9600 [0.9600, 0.9600] yes')
    expect(words).toContain('bytes_sent kB 2 10.0 [10.0, 10.0]')
  })
})
