import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, readOutcome, readRecord } from './command.test-helper.ts'
import type { Calibration } from '../analysis/index.ts'
import type { Bench, Ended } from './command.test-helper.ts'

type Result = Omit<Calibration, 'text'> & { folders: Array<{ mode: string, repeat: number, folder: string }> }

let bench: Bench
beforeAll(async () => { bench = await makeBench() })
afterAll(async () => { await bench.clear() })

describe('a calibration of two peers', () => {
  let ended: Ended
  let result: Result

  beforeAll(async () => {
    const params = { network: 'gcp-six-regions', interval_ms: '100' }
    await bench.write('pair.toml', composition('replication', params, [{ id: 'peers', count: 2 }]))
    ended = await bench.command(['calibrate', 'pair.toml', '--repeat', '1', '--seed', '5', '--set', 'contributions=6', '--json'], bench.directory)
    result = JSON.parse(ended.stdout) as Result
  }, 60_000)

  it('carries out the composition three ways, each once, with the same seed', async () => {
    const records = await Promise.all(result.folders.map(({ folder }) => readRecord(join(bench.directory, folder))))
    expect(result.folders.map(({ mode, repeat }) => `${mode} ${repeat}`)).toEqual(['sim 1', 'paced 1', 'local 1'])
    expect(records.map(({ runner, seed, command }) => [runner, seed, command.includes('--paced')])).toEqual([
      ['sim', 5, false], ['sim', 5, true], ['local', 5, false]
    ])
    expect(records.map(({ composition: { runs } }) => runs[0]?.groups[0]?.params.contributions)).toEqual(['6', '6', '6'])
    const outcomes = await Promise.all(result.folders.map(({ folder }) => readOutcome(join(bench.directory, folder))))
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass'])
  })

  it('compares what all three recorded, and says in its exit code whether the tolerances hold', () => {
    expect(result.comparisons.map(({ metric }) => metric)).toEqual([
      'replication_entry_ms', 'replication_file_ms', 'redundancy', 'bytes_sent', 'bytes_received'
    ])
    const medians = result.comparisons.flatMap(({ values }) => Object.values(values).map(({ median }) => median))
    expect(medians.every((median) => median > 0)).toBe(true)
    expect(ended.exitCode).toBe({ pass: 0, fail: 1, unknown: 2 }[result.verdict])
  })

  it('tells on stderr which run it is at', () => {
    expect(ended.stderr.match(/^calibrate: .*$/gm)).toEqual(
      ['sim', 'sim --paced', 'local'].map((words) => `calibrate: repeat 1 of 1, ${words}, seed 5`))
  })
})

it('what was interrupted is not known', async () => {
  const file = await bench.write('slow.toml', composition('replication', { contributions: '20', interval_ms: '2000' }, [{ id: 'peers', count: 2 }]))
  const command = bench.start(['calibrate', file, '--repeat', '1', '--out', bench.out])
  await command.said(/sim --paced, seed 1/)
  command.kill('SIGINT')
  const { exitCode, stdout } = await command.ended
  expect(exitCode).toBe(2)
  expect(stdout).toMatch(/^unknown: the calibration was interrupted after 2 of 3 runs$/m)
})
