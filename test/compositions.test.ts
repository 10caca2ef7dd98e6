import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBench, onlyFolder, readRecord, readRows, root } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

/** A composition of the package with fewer instances, which are in the order of its groups. */
async function smaller (file: string, counts: readonly number[]): Promise<string> {
  const text = await readFile(join(root, 'composition', file), 'utf8')
  const left = [...counts]
  const fewer = text.replace(/count = \d+/g, () => `count = ${left.shift()}`)
    .replace(/total_instances = \d+/, `total_instances = ${counts.reduce((sum, count) => sum + count, 0)}`)
  return bench.write(file, fewer)
}

describe('the experiments of the paper, small', () => {
  it.each([
    { file: 'paper-replication.toml', counts: [1, 4] },
    { file: 'paper-bootstrapping.toml', counts: [1, 7] }
  ])('$file is the same again in virtual time, byte by byte', { timeout: 60_000 }, async ({ file, counts }) => {
    const { exitCode, stdout } = await bench.command(['verify', await smaller(file, counts), '--set', 'contributions=12'])
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte/m)
  })

  it.each([
    { file: 'paper-replication.toml', counts: [1, 2], network: 'gcp-six-regions', metric: 'replication_file_ms', expected: 2 * 12 },
    { file: 'paper-bootstrapping.toml', counts: [1, 3], network: 'gcp-peersdb-2023', metric: 'bootstrap_files_ms', expected: 3 }
  ])('$file', { timeout: 60_000 }, async ({ file, counts, network, metric, expected }) => {
    const { exitCode, stdout, stderr } = await bench.run(await smaller(file, counts), '--set', 'contributions=12')
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
    expect(stderr).toContain('corpus: 12 of 11125 generated contributions of preset paper, seed 1')
    const folder = await onlyFolder(bench.out, basename(file, '.toml'))
    expect((await readRecord(folder)).network).toMatchObject({ name: network })
    const rows = await readRows(folder)
    expect(rows.filter(({ name }) => name === metric)).toHaveLength(expected)
    const converged = rows.filter(({ name }) => name === 'converged')
    expect(converged.map(({ measures }) => measures.value)).toEqual(Array.from({ length: 1 + (counts[1] ?? 0) }, () => 1))
    expect(converged.find(({ instance }) => instance === 'default/root/0')?.tags).toMatchObject({ region: 'asia-east2' })
  })
})
