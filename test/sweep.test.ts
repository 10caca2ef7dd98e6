import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, readRecord, runFolders } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

interface Ran { seed: number, cell: string, folder: string, verdict: string }

let bench: Bench
let file: string
beforeAll(async () => {
  bench = await makeBench()
  const params = { network: 'lan', contributions: '2', interval_ms: '10' }
  file = await bench.write('sweep.toml', composition('replication', params, [{ id: 'peers', count: 2 }]))
}, 120_000)
afterAll(async () => { await bench.clear() })

describe('a sweep from the command line', () => {
  it('runs every combination with every seed, each combination a study of its own that compare reads', { timeout: 90_000 }, async () => {
    const args = ['--runner', 'sim', '--matrix', 'sync=fast,stock', '--repeat', '2', '--seed', '5', '--json']
    const { exitCode, stdout } = await bench.run(file, ...args)
    const { verdict, runs } = JSON.parse(stdout) as { verdict: string, runs: Ran[] }
    expect({ exitCode, verdict }).toEqual({ exitCode: 0, verdict: 'pass' })
    expect(runs.map(({ seed, cell, verdict: own }) => `${seed} ${cell} ${own}`))
      .toEqual(['5 sync=fast pass', '5 sync=stock pass', '6 sync=fast pass', '6 sync=stock pass'])
    expect((await readdir(join(bench.out, 'sweep'))).sort()).toEqual(['sync=fast', 'sync=stock'])
    expect(await runFolders(join(bench.out, 'sweep'), 'sync=stock')).toHaveLength(2)
    const record = await readRecord(runs[3]!.folder)
    const command = ['run', file, '--runner', 'sim', '--timeout', '600', '--seed', '5', '--set', 'sync=stock', '--seed', '6']
    expect(record).toMatchObject({ seed: 6, command })
    expect(record.runs[0]?.groups[0]?.params).toMatchObject({ sync: 'stock', seed: '6' })

    const studies = ['sync=fast', 'sync=stock'].map((cell) => join(bench.out, 'sweep', cell))
    const compared = await bench.command(['compare', ...studies, '--vary', 'sync', '--format', 'json'])
    expect([0, 1, 2]).toContain(compared.exitCode)
    expect(compared.stderr).toMatch(/^compare: Read \d+ rows/m)
  })

  it('of more than a hundred runs says how many they are and starts none, unless it is confirmed', async () => {
    const contributions = Array.from({ length: 17 }, (_, i) => i + 1).join(',')
    const refused = await bench.run(file, '--matrix', `contributions=${contributions}`, '--repeat', '6')
    expect([refused.exitCode, refused.stderr.trim()]).toEqual([
      64, 'peerslab: this would start 102 runs (17 combinations x 6 seeds); add --yes to start them all, or take fewer values'
    ])
  })

  it.each([
    [['--matrix', 'sync=fast,slow'], /parameter sync = "slow" of case replication/],
    [['--matrix', 'sink=fast,stock'], /test case "replication" has no parameter "sink"; /],
    [['--matrix', 'sync=fast,stock', '--set', 'sync=fast'], /--matrix sync=\.\.\.: sync is given otherwise, too; leave out one of the two/],
    [['--repeat', '0'], /--repeat must be a whole number from 1 to 1000/]
  ])('is refused before anything starts where any of it could not run: %j', async (args, sentence) => {
    const before = await readdir(join(bench.out, 'sweep')).catch(() => [])
    const { exitCode, stderr } = await bench.run(file, ...args)
    expect(exitCode).toBe(64)
    expect(stderr).toMatch(sentence)
    expect(await readdir(join(bench.out, 'sweep')).catch(() => [])).toEqual(before)
  })
})
