import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRows, root } from './command.test-helper.ts'
import type { Bench, ResultRow } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

const params = { network: 'lan', file_bytes: '5000,140000', timeout_secs: '20' }
const groups = [{ id: 'hostile', count: 1, role: 'hostile' }, { id: 'reader', count: 1, role: 'reader' }, { id: 'holder', count: 1, role: 'holder' }]
const sum = (rows: readonly ResultRow[], name: string): number =>
  rows.filter((row) => row.name === name).reduce((total, { measures }) => total + (measures.value ?? NaN), 0)

async function writeCase (name: string, settings: Readonly<Record<string, string>>, sabotage = 'none'): Promise<string> {
  return bench.write(`${name}.toml`, `${composition('privacy', { ...params, ...settings }, groups)}sabotage = "${sabotage}"\n`)
}

describe('private files', () => {
  it.each([['fast', 'sim'], ['stock', 'sim'], ['fast', 'local']])(
    'leave no peer that syncs %s, whoever asks by whatever it speaks, with the runner %s', { timeout: 60_000 }, async (sync, runner) => {
      const name = `kept-${sync}-${runner}`
      const { exitCode, stdout } = await bench.run(await writeCase(name, { sync }), '--runner', runner)
      expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 3 instances succeeded' })
      const rows = await readRows(await onlyFolder(bench.out, name))
      expect(sum(rows, 'private_bytes_seen')).toBe(0)
      expect(sum(rows, 'stream_bytes_searched')).toBeGreaterThan(500_000)
      // The same attacks found all that is public, at both peers.
      const obtained = rows.filter((row) => row.name === 'public_blocks_obtained_ratio')
      expect(obtained.map(({ measures }) => measures.value)).toEqual(Array.from({ length: sync === 'fast' ? 4 : 2 }, () => 1))
      const attacked = rows.filter((row) => row.name === 'attack_ms').map(({ tags }) => tags.protocol)
      expect(attacked).toEqual(expect.arrayContaining(['/ipfs/bitswap/', '/meshsub/', '/peersdb/votes/', '/peersdb/kad/', '/peersdb/peers/']))
      expect(rows.filter((row) => row.name === 'converged').map(({ measures }) => measures.value)).toEqual([1, 1])
    })

  it.each([
    ['serves a private block to whoever wants it', 'serve-private', /private files were received by \/ipfs\/bitswap\/1\.2\.0/],
    ['lets a part of a private file slip where no content belongs', 'leak-part', /private files were received by \/ipfs\/ping\/1\.0\.0/]
  ])('are missed where a peer %s: the run fails', { timeout: 60_000 }, async (_, sabotage, sentence) => {
    const { exitCode, stdout } = await bench.run(await writeCase(sabotage, {}, sabotage), '--runner', 'sim')
    expect(stdout).toMatch(/^fail: /)
    expect(stdout).toMatch(sentence)
    expect(exitCode).toBe(1)
  })
})

describe('the case privacy', () => {
  it('is the same again in virtual time, byte by byte', { timeout: 90_000 }, async () => {
    const text = (await readFile(join(root, 'composition', 'privacy.toml'), 'utf8'))
      .replace('total_instances = 6', 'total_instances = 3').replaceAll('count = 2', 'count = 1')
    const { exitCode, stdout } = await bench.command(['verify', await bench.write('same.toml', text), '--set', 'file_bytes=5000,140000'])
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte \(pass: all 3 instances succeeded\)/m)
    expect(exitCode).toBe(0)
  })
})
