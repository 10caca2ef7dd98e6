import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRows, root } from './command.test-helper.ts'
import { expectBinomial, majorityRight, sampleCaptured } from '../peersdb/validation/closed-forms.test-helper.ts'
import type { Bench, ResultRow } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

/** The composition of the package with some of its runs, under a name that no other test uses. */
async function withRuns (name: string, ids: readonly string[]): Promise<string> {
  const [head, ...runs] = (await readFile(join(root, 'composition', 'validation-grid.toml'), 'utf8')).split('[[runs]]')
  const chosen = runs.filter((run) => ids.some((id) => run.includes(`id = "${id}"`)))
  expect(chosen).toHaveLength(ids.length)
  return bench.write(`${name}.toml`, [head, ...chosen].join('[[runs]]'))
}

describe('validation', () => {
  it('in the composition of the package is the same again in virtual time', { timeout: 90_000 }, async () => {
    const file = await withRuns('same', ['cached-sybil', 'eigentrust-whitewashers', 'cost-exponential'])
    const { exitCode, stdout } = await bench.command(['verify', file, '--set', 'contributions=8', '--set', 'interval_ms=50'])
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte \(pass: all \d+ instances of \d+ runs /m)
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

describe('a simulated run of validation', () => {
  /** On how many contributions each asker decided wrongly, of as many as it decided on. */
  const mistakes = (rows: readonly ResultRow[]): Array<{ wrong: number, decided: number }> => {
    const verdicts = rows.filter(({ name }) => name === 'verdict_ms')
    return [...new Set(verdicts.map(({ instance }) => instance))].map((asker) => {
      const own = verdicts.filter(({ instance }) => instance === asker)
      const wrong = own.filter(({ tags: { verdict, content } }) => verdict === (content === 'sound' ? 'invalid' : 'valid'))
      return { wrong: wrong.length, decided: own.length }
    })
  }

  it('is wrong as often as probability says: a sample that liars have, a majority that errs', { timeout: 90_000 }, async () => {
    const file = await withRuns('chance', ['quorum-wrong', 'majority-erring'])
    const text = (await readFile(file, 'utf8')).replace('error_rate = "0.1"', 'error_rate = "0.4"').replace('"quorum" }', '"quorum", sample_size = "3" }')
    const { exitCode, stderr } = await bench.run(await bench.write('chance.toml', text), '--runner', 'sim')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    const rows = await readRows(await onlyFolder(bench.out, 'chance'))
    const of = (run: string): Array<{ wrong: number, decided: number }> => mistakes(rows.filter(({ instance }) => instance.startsWith(`${run}/`)))

    // Each asker draws its own three of ten, of which three lie, and one is the other asker, who does not know.
    const samples = of('quorum-wrong')
    const captured = samples.reduce((sum, { wrong }) => sum + wrong, 0)
    expect(samples.map(({ decided }) => decided)).toEqual([40, 40])
    expectBinomial(captured, 80, sampleCaptured(0.3, 10, 3))
    // Both askers hear the same nine voters, each mistaken about two contributions in five.
    const [first, second] = of('majority-erring')
    expect(first).toEqual(second)
    expectBinomial(first?.wrong ?? NaN, 40, 1 - majorityRight(0.6, 9))
  })

  it('has committees of a few look for all, and each peer that checks look at its part', { timeout: 90_000 }, async () => {
    const file = await withRuns('duty', ['committee-duty', 'spot-check-duty'])
    const { exitCode } = await bench.run(file, '--runner', 'sim')
    expect(exitCode).toBe(0)
    const rows = await readRows(await onlyFolder(bench.out, 'duty'))
    const looks = (run: string): number => rows
      .filter(({ instance, name, tags }) => instance.startsWith(`${run}/`) && name === 'validations_computed' && tags.role === 'voter')
      .reduce((sum, { measures: { value = 0 } }) => sum + value, 0)
    // Of eight peers each contribution has five members, of whom six are voters; an asker that is a member looks for itself.
    expect(looks('committee-duty')).toBeGreaterThanOrEqual(40 * 3)
    expect(looks('committee-duty')).toBeLessThanOrEqual(40 * 5)
    expect(mistakes(rows.filter(({ instance }) => instance.startsWith('committee-duty/')))).toEqual(Array(2).fill({ wrong: 0, decided: 40 }))
    expect(looks('spot-check-duty')).toBeLessThan(40 * 2)
    expect(looks('spot-check-duty')).toBeGreaterThan(0)
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
