import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRows, root } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

/** The composition of the package with some of its runs. */
async function withRuns (ids: readonly string[]): Promise<string> {
  const [head, ...runs] = (await readFile(join(root, 'composition', 'validation-grid.toml'), 'utf8')).split('[[runs]]')
  const chosen = runs.filter((run) => ids.some((id) => run.includes(`id = "${id}"`)))
  expect(chosen).toHaveLength(ids.length)
  return bench.write('validation-grid.toml', [head, ...chosen].join('[[runs]]'))
}

describe('validation', () => {
  it('in the composition of the package is the same again in virtual time', { timeout: 90_000 }, async () => {
    const file = await withRuns(['cached-sybil', 'cost-exponential'])
    const { exitCode, stdout } = await bench.command(['verify', file, '--set', 'contributions=8', '--set', 'interval_ms=50'])
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte \(pass: all \d+ instances succeeded\)/m)
    expect(exitCode).toBe(0)
  })

  it('with processes decides by a majority beside those that are silent, and records what it costs', { timeout: 90_000 }, async () => {
    const params = {
      network: 'lan', strategy: 'majority', contributions: '12', interval_ms: '20', flawed_share: '0.3',
      cost_law: 'linear', cost_index: '2'
    }
    const voters = [{ id: 'voters', count: 3, role: 'voter' }, { id: 'silent', count: 1, role: 'voter' }]
    const groups = [{ id: 'askers', count: 1, role: 'asker' }, ...voters]
    const file = await bench.write('majority.toml', `${composition('validation', params, groups)}behaviour = "silent"\n`)
    const { exitCode, stdout } = await bench.run(file)
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 5 instances succeeded' })
    const rows = await readRows(await onlyFolder(bench.out, 'majority'))
    const values = (name: string): unknown[] => rows.filter((row) => row.name === name).map(({ measures }) => measures.value)
    expect([values('false_accept_rate'), values('false_reject_rate'), values('undecided_rate')]).toEqual([[0], [0], [0]])
    // What a silent peer would have been asked, had its turn come before the vote was decided, is not sent.
    expect(values('validation_messages')).toEqual([expect.toSatisfy((messages: number) => messages >= 12 * 3 && messages <= 12 * 4)])
    expect(values('validations_computed')).toEqual([0, 12, 12, 12, 12])
    expect(values('verdict_ms')).toHaveLength(12)
  })
})

describe('the judgement of validation finds a peer that', () => {
  const params = { network: 'lan', strategy: 'majority', contributions: '10', interval_ms: '20', flawed_share: '0.3' }
  const write = async (name: string, role: string, extra: Record<string, string>): Promise<string> => {
    const others = [{ id: 'voters', count: 3, role: 'voter' }, { id: 'askers', count: 1, role: 'asker' }]
    const text = composition('validation', { ...params, ...extra }, [...others, { id: 'broken', count: 1, role }])
    return bench.write(`${name}.toml`, `${text}sabotage = "${name}"\n`)
  }

  it.each<[string, string, string, Record<string, string>, RegExp]>([
    ['votes twice', 'vote-twice', 'voter', { strategy: 'peersdb' }, /^fail: .*a vote of instance 4 \(broken\/0\) on baf\w+ was not counted, because it voted twice/m],
    ['reports too early', 'report-early', 'asker', {}, /^fail: .*instance 4 \(broken\/0\) reported after it had decided on 5 of 10 contributions/m],
    ['does not pay for its looks', 'hurry', 'voter', { cost_law: 'constant' }, /^fail: .*instance 4 \(broken\/0\) spent 0\.\d+ ms on \d+ validations/m]
  ])('%s', { timeout: 60_000 }, async (_, sabotage, role, extra, sentence) => {
    const { exitCode, stdout } = await bench.run(await write(sabotage, role, extra), '--runner', 'sim')
    expect(stdout).toMatch(sentence)
    expect(exitCode).toBe(1)
  })

  it('is broken in none of these ways: it passes', { timeout: 60_000 }, async () => {
    const { exitCode, stdout } = await bench.run(await write('none', 'voter', { strategy: 'peersdb', cost_law: 'constant' }), '--runner', 'sim')
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 5 instances succeeded' })
  })
})
