import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, hasProc, makeBench, onlyFolder, readOutcome, readRows, root, runFolders } from './command.test-helper.ts'
import type { FaultRecord } from '../runners/faults.ts'
import type { Bench, ResultRow } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

/** Everything that can go wrong, in six seconds: whoever stays at peers/0 sees all of it. */
const everything = {
  endMs: 6_000,
  events: [
    { atMs: 500, kind: 'crash', instances: ['peers/1'] },
    { atMs: 600, kind: 'pause', instances: ['peers/2'] },
    { atMs: 800, kind: 'leave', instances: ['peers/3'] },
    { atMs: 1_500, kind: 'resume', instances: ['peers/2'] },
    { atMs: 2_000, kind: 'restart', instances: ['peers/1'] },
    { atMs: 2_000, kind: 'restart', instances: ['peers/3'], disk: false },
    { atMs: 2_500, kind: 'join', instances: ['late/0'] },
    { atMs: 3_000, kind: 'crash', instances: ['gone/0'] },
    { atMs: 3_500, kind: 'partition', sides: [['peers/0', 'peers/1']] },
    { atMs: 4_500, kind: 'heal' },
    { atMs: 4_600, kind: 'degrade', sides: [['peers/0']], latencyFactor: 20 }
  ]
}
const groups = [{ id: 'peers', count: 4 }, { id: 'late', count: 1 }, { id: 'gone', count: 1 }]
const params = { network: 'gcp-six-regions', contributions: '60', interval_ms: '500', sample_ms: '500', timeout_secs: '60' }

async function writeEverything (name: string): Promise<string> {
  const faults = await bench.write('everything.json', JSON.stringify(everything))
  return bench.write(`${name}.toml`, composition('churn', { ...params, faults }, groups))
}

async function faultsOf (folder: string): Promise<FaultRecord> {
  return JSON.parse(await readFile(join(folder, 'instances', 'default', 'faults.json'), 'utf8')) as FaultRecord
}

function expectWhole (rows: readonly ResultRow[]): void {
  const of = (name: string): ResultRow[] => rows.filter((row) => row.name === name)
  // Each judged as the life in which it was at the end.
  expect(of('converged').map(({ instance, measures, tags }) => [instance, measures.value, tags.life])).toEqual([
    ['default/late/0', 1, '0'], ['default/peers/0', 1, '0'], ['default/peers/1', 1, '1'], ['default/peers/2', 1, '0'], ['default/peers/3', 1, '1']
  ])
  expect(of('rejoin_ms').map(({ instance, tags: { begins, disk, root: there } }) => [instance, begins, disk, there])).toEqual([
    ['default/late/0', 'join', 'new', 'absent'], ['default/peers/1', 'restart', 'kept', 'absent'], ['default/peers/3', 'restart', 'new', 'absent']
  ])
  // Whoever has a new disk needs a neighbour before any file can come.
  const returns = (name: string): ResultRow[] => of(name).filter(({ tags }) => tags.disk === 'new')
  returns('rejoin_neighbour_ms').forEach(({ instance, measures }, i) => {
    expect([instance, measures.value! > 0 && measures.value! <= returns('rejoin_ms')[i]!.measures.value!]).toEqual([returns('rejoin_ms')[i]!.instance, true])
  })
  expect(of('rejoin_neighbour_ms')).toHaveLength(3)
  // No file is held without its entry.
  expect(of('entries_held_ratio').length).toBeGreaterThan(20)
  const ratios = (name: string): Array<number | undefined> => of(name).map(({ measures }) => measures.value)
  expect(ratios('entries_held_ratio').every((ratio, i) => ratio! >= ratios('files_held_ratio')[i]!)).toBe(true)
  expect(of('wasted_bytes').every(({ measures }) => measures.value! > 0)).toBe(true)
  const alive = of('peers_alive').map(({ measures }) => [measures.elapsed_ms, measures.value])
  expect(alive).toEqual(expect.arrayContaining([[500, 4], [1_000, 3], [2_500, 6], [3_000, 5], [6_000, 5]]))
  expect(of('heal_ms')).toHaveLength(5)
  expect(of('file_availability').length).toBeGreaterThan(10)
}

describe('a run in which everything goes wrong', () => {
  it.skipIf(!hasProc)('passes with processes: last lives are judged, and what was done is written down', { timeout: 90_000 }, async () => {
    const { exitCode, stdout } = await bench.run(await writeEverything('processes'))
    expect({ exitCode, stdout: stdout.split('\n')[0] })
      .toEqual({ exitCode: 0, stdout: 'pass: all 5 instances succeeded that were to be there at the end, 1 crashed as planned' })
    const folder = await onlyFolder(bench.out, 'processes')
    const { done, events, endMs, seed } = await faultsOf(folder)
    expect([endMs, seed, events.at(-1)?.kind]).toEqual([6_000, 1, 'restore'])
    expect(done.map(({ kind, instances, life }) => [kind, ...instances ?? [], life])).toEqual([
      ['crash', 'peers/1', 0], ['pause', 'peers/2', 0], ['resume', 'peers/2', 0], ['start', 'peers/1', 1], ['crash', 'gone/0', 0]
    ])
    done.forEach(({ atMs, doneMs }) => { expect(Math.abs(doneMs - atMs)).toBeLessThan(200) })
    const { runs } = await readOutcome(folder)
    const outcomes = runs[0]!.instances.map(({ group, index, outcome, lives, signal }) => [`${group}/${index}`, outcome, lives ?? 1, signal])
    expect(outcomes).toEqual([
      ['peers/0', 'success', 1, null], ['peers/1', 'success', 2, null], ['peers/2', 'success', 1, null], ['peers/3', 'success', 1, null],
      ['late/0', 'success', 1, null], ['gone/0', 'removed', 1, 'SIGKILL']
    ])
    expectWhole(await readRows(folder))
    const analysis = await bench.command(['analyze', folder])
    expect(analysis.exitCode).toBe(0)
  })

  it('passes in virtual time, to the microsecond, and is the same again', { timeout: 90_000 }, async () => {
    const file = await writeEverything('virtual')
    const { exitCode, stdout } = await bench.run(file, '--runner', 'sim')
    expect({ exitCode, stdout: stdout.split('\n')[0] })
      .toEqual({ exitCode: 0, stdout: 'pass: all 5 instances succeeded that were to be there at the end, 1 crashed as planned' })
    const folder = await onlyFolder(bench.out, 'virtual')
    const { done } = await faultsOf(folder)
    expect(done.map(({ kind, doneMs }) => [kind, Math.round(doneMs * 1_000) / 1_000])).toEqual([
      ['crash', 500], ['pause', 600], ['resume', 1_500], ['start', 2_000], ['crash', 3_000], ['partition', 3_500], ['heal', 4_500],
      ['degrade', 4_600], ['restore', 6_000]
    ])
    expectWhole(await readRows(folder))
    // From its folder it is the same again, whatever has become of the file of faults.
    await bench.write('everything.json', '{}')
    const verified = await bench.command(['verify', folder])
    expect(verified.stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte/m)
    const again = await bench.command(['run', folder, '--runner', 'sim', '--out', join(bench.out, 'again')])
    expect(again.exitCode).toBe(0)
    expect((await readRows(await onlyFolder(join(bench.out, 'again'), 'virtual'))).filter(({ name }) => name === 'rejoin_ms'))
      .toEqual((await readRows(folder)).filter(({ name }) => name === 'rejoin_ms'))
  })
})

describe('the judgement finds a peer that', () => {
  const cut = { network: 'lan', contributions: '40', interval_ms: '500', cut_at_secs: '2', cut_secs: '6', isolate: 'peers/1', timeout_secs: '20' }
  const coming = { network: 'lan', contributions: '40', interval_ms: '600', timeout_secs: '20' }
  const broken = async (name: string, sabotage: string, caseName = 'partition'): Promise<string> => {
    const faults = await bench.write('one-comes-back.json', JSON.stringify({
      endMs: 8_000,
      events: [{ atMs: 2_000, kind: 'crash', instances: ['peers/1'] }, { atMs: 5_000, kind: 'restart', instances: ['peers/1'] }]
    }))
    const text = composition(caseName, caseName === 'partition' ? cut : { ...coming, faults }, [{ id: 'peers', count: 3 }, { id: 'broken', count: 1, role: 'contributor' }])
    return bench.write(`${name}.toml`, `${text}sabotage = "${sabotage}"\n`)
  }

  it.each([
    ['drops every tenth entry that it acknowledged', 'partition', 'drop-tenth', /^fail: .*did not converge on \d+ contributions: \d+ entries are missing, such as dropped/m],
    ['posts what it never announced', 'partition', 'invent', /^fail: .*did not converge on \d+ contributions: 1 entries were never posted, such as baf/m],
    ['reports too early', 'partition', 'report-early', /^fail: instance broken\/0 failed .*did not converge on \d+ contributions: \d+ entries are missing/m],
    ['drops every tenth entry that it acknowledged', 'churn', 'drop-tenth', /^fail: .*did not converge on \d+ contributions: \d+ entries are missing, such as dropped/m],
    ['reports too early', 'churn', 'report-early', /^fail: instance broken\/0 failed .*did not converge on \d+ contributions: \d+ entries are missing/m]
  ])('%s (%s)', { timeout: 60_000 }, async (_, caseName, sabotage, sentence) => {
    const { exitCode, stdout } = await bench.run(await broken(`${caseName}-${sabotage}`, sabotage, caseName), '--runner', 'sim')
    expect(stdout).toMatch(sentence)
    expect(exitCode).toBe(1)
  })

  it.each(['partition', 'churn'])('is broken in none of these ways: it passes (%s)', { timeout: 60_000 }, async (caseName) => {
    const { exitCode, stdout } = await bench.run(await broken(`${caseName}-sound`, 'none', caseName), '--runner', 'sim')
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 4 instances succeeded' })
  })
})

describe('the compositions of the package', () => {
  it.each([
    ['churn-day.toml', ['--set', 'duration_secs=30', '--set', 'time_scale=2880', '--set', 'contributions=30', '--set', 'interval_ms=3000']],
    ['partition-heal.toml', ['--set', 'contributions=30', '--set', 'interval_ms=3000']]
  ])('%s is the same again in virtual time', { timeout: 90_000 }, async (file, settings) => {
    const { exitCode, stdout } = await bench.command(['verify', join(root, 'composition', file), ...settings])
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte \(pass: all \d+ instances succeeded\)/m)
    expect(exitCode).toBe(0)
  })
})

describe('what cannot go wrong so is refused before anything starts', () => {
  const events = (...list: object[]): string => JSON.stringify({ endMs: 5_000, events: list })

  it.each<[string, string, string, string]>([
    ['a crash of an instance that is not there', 'churn', events({ atMs: 1, kind: 'crash', instances: ['peers/9'] }),
      'refused.json: event 1 (crash at 1 ms): there is no instance, group or region "peers/9"; name one of peers/0, peers/1, a group or a region'],
    ['loss, with processes', 'partition', events({ atMs: 7, kind: 'degrade', sides: [['peers/0']], loss: 0.1 }),
      'refused.json: degrade at 7 ms asks for loss, which the runner local does not model; leave it out, or use --runner sim']
  ])('%s', async (_, caseName, text, sentence) => {
    const faults = await bench.write('refused.json', text)
    const file = await bench.write('refused.toml', composition(caseName, { faults }, [{ id: 'peers', count: 2 }]))
    const { exitCode, stderr } = await bench.run(file)
    expect([exitCode, stderr.trim().split('\n').at(-1)]).toEqual([64, `peerslab: ${sentence}`])
    expect(await runFolders(bench.out, 'refused')).toEqual([])
  })
})
