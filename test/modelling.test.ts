import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRows, root } from './command.test-helper.ts'
import type { Bench, ResultRow } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

const few = ['--set', 'contributions=40', '--set', 'interval_ms=50', '--set', 'models=ernest,bom,mean']

function errors (rows: readonly ResultRow[], wanted: Record<string, string>): number[] {
  return rows.filter(({ name, tags }) => name === 'prediction_error_mape' && Object.entries(wanted).every(([tag, value]) => tags[tag] === value))
    .map(({ measures }) => measures.value as number)
}

describe('modelling', () => {
  it('in the composition of the package is the same again in virtual time', { timeout: 90_000 }, async () => {
    const { exitCode, stdout } = await bench.command(['verify', join(root, 'composition', 'modelling.toml'), ...few])
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte \(pass: all \d+ instances of \d+ runs /m)
    expect(exitCode).toBe(0)
  })

  it('with processes learns more from all executions than from the own, and less from flawed ones', { timeout: 90_000 }, async () => {
    const params = {
      network: 'lan', job: 'kmeans', interval_ms: '20', models: 'bom', flawed_share: '0.2', strategy: 'self-eager', shares: 'context'
    }
    const file = await bench.write('flawed.toml', composition('modelling', params, [{ id: 'peers', count: 2, role: 'contributor' }]))
    const { exitCode, stdout } = await bench.run(file)
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 2 instances succeeded' })
    const rows = await readRows(await onlyFolder(bench.out, 'flawed'))
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const all = { model: 'bom', target: 'all', corpus_held: '1' }
    expect(errors(rows, { ...all, data: 'full' })).toHaveLength(4)
    expect(mean(errors(rows, { ...all, strategy: 'self-eager' }))).toBeLessThan(mean(errors(rows, { ...all, strategy: 'none' })))
    expect(mean(errors(rows, { ...all, strategy: 'self-eager' })))
      .toBeLessThan(mean(errors(rows, { model: 'bom', target: 'all', data: 'local', strategy: 'self-eager' })))
    expect(errors(rows, { data: 'partial', target: 'own' })).toHaveLength(2 * 3 * 2)
  })

  it('finds a peer that reports before it has everything, and passes without it', { timeout: 60_000 }, async () => {
    const groups = [{ id: 'peers', count: 2, role: 'contributor' }, { id: 'broken', count: 1, role: 'contributor' }]
    const text = composition('modelling', { network: 'lan', interval_ms: '20', contributions: '30', models: 'ernest,mean' }, groups)
    const early = await bench.write('early.toml', `${text}sabotage = "report-early"\n`)
    const { exitCode, stdout } = await bench.run(early, '--runner', 'sim')
    expect(stdout).toMatch(/^fail: .*: instance 2 \(broken\/0\) reports that ernest, fitted to the whole corpus, errs by/m)
    expect(exitCode).toBe(1)
    const sound = await bench.run(await bench.write('sound.toml', text), '--runner', 'sim')
    expect(sound.exitCode).toBe(0)
  })
})
