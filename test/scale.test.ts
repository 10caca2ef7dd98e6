import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRows, root } from './command.test-helper.ts'
import type { Bench, ResultRow } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

const params = { network: 'lan', contributions: '10', interval_ms: '100', timeout_secs: '20' }
const shared = ['bytes_per_contribution', 'messages_per_contribution', 'held_store_bytes']
const of = (rows: readonly ResultRow[], name: string): ResultRow[] => rows.filter((row) => row.name === name)

describe('the case scale', () => {
  it('records what a contribution costs each peer, run by run', { timeout: 60_000 }, async () => {
    const runs = [2, 4].map((count) => `[[runs]]\nid = "n${count}"\n[[runs.groups]]\nid = "peers"\ninstances = { count = ${count} }\n`).join('')
    const file = await bench.write('sizes.toml', composition('scale', params, [{ id: 'peers', count: 2 }]) + runs)
    const { exitCode, stdout } = await bench.run(file, '--runner', 'sim', '--analyze')
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
    const folder = await onlyFolder(bench.out, 'sizes')
    const rows = await readRows(folder)

    for (const name of shared) {
      expect(of(rows, name).map(({ instance, tags }) => `${instance.split('/')[0]} ${tags.peers}`)).toEqual(['n2 2', 'n2 2', 'n4 4', 'n4 4', 'n4 4', 'n4 4'])
      expect(of(rows, name).every(({ measures }) => (measures.value ?? 0) > 0)).toBe(true)
    }

    // The files of a run have to come, encrypted, to each of the peers that did not post them: what is needed is the least.
    const needed = of(rows, 'replication_file_ms').filter(({ instance }) => instance.startsWith('n2/')).reduce((sum, { tags }) => sum + Number(tags.bytes), 0)
    const received = of(rows, 'bytes_per_contribution').filter(({ tags }) => tags.peers === '2').reduce((sum, { measures }) => sum + 10 * (measures.received ?? NaN), 0)
    expect(received).toBeGreaterThan(needed)
    expect(received).toBeLessThan(3 * needed)
    // No part of a process that is shared is anybody's own.
    expect(rows.filter(({ name }) => /cpu|rss/.test(name))).toEqual([])
  })

  it('knows CPU time and memory where each peer is a process', { timeout: 60_000 }, async () => {
    const file = await bench.write('processes.toml', composition('scale', params, [{ id: 'peers', count: 2 }]))
    const { exitCode, stdout } = await bench.run(file)
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
    const rows = await readRows(await onlyFolder(bench.out, 'processes'))

    for (const name of [...shared, 'cpu_ms_per_contribution', 'held_rss_bytes']) {
      expect(of(rows, name).map(({ measures }) => (measures.value ?? 0) > 0)).toEqual([true, true])
    }
  })

  it('is the same again in virtual time, byte by byte, size by size', { timeout: 90_000 }, async () => {
    const [head = '', ...runs] = (await readFile(join(root, 'composition', 'scale-sweep.toml'), 'utf8')).split('[[runs]]')
    const text = [head, ...runs.slice(0, 2)].join('[[runs]]').replace('count = 5', 'count = 3')
    const file = await bench.write('scale-sweep.toml', text)
    const { exitCode, stdout } = await bench.command(['verify', file, '--set', 'contributions=2', '--set', 'interval_ms=10'])
    expect(stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte/m)
    expect(exitCode).toBe(0)
  })
})

describe('the judgement of a case in which all must reach everybody finds a peer that', () => {
  it.each([
    ['scale', 'drops every tenth contribution that it acknowledged', 'drop-tenth', /^fail: .*: 1 entries are missing, such as dropped/m],
    ['replication', 'posts what it never announced', 'invent', /^fail: .*did not converge on 10 contributions: 1 entries were never posted/m],
    ['scale', 'reports too early', 'report-early', /^fail: instance broken\/0 failed .*did not converge on 10 contributions: 10 entries are missing/m],
    ['bootstrapping', 'drops every tenth contribution that it acknowledged', 'drop-tenth', /^fail: .*: 1 entries are missing, such as dropped/m],
    ['bootstrapping', 'reports too early when it joins', 'report-early', /^fail: instance broken\/0 failed .*did not converge on 10 contributions: 10 entries are missing/m]
  ])('%s: %s', { timeout: 60_000 }, async (caseName, _, sabotage, sentence) => {
    const [role, others] = caseName !== 'bootstrapping' ? ['contributor', 'reader'] : sabotage === 'report-early' ? ['newcomer', 'peer'] : ['peer', 'newcomer']
    const text = composition(caseName, { ...params, network: 'none' }, [{ id: 'peers', count: 1, role: others }, { id: 'broken', count: 1, role }])
    const { exitCode, stdout } = await bench.run(await bench.write(`${caseName}-${sabotage}.toml`, `${text}sabotage = "${sabotage}"\n`), '--runner', 'sim')
    expect(stdout).toMatch(sentence)
    expect(exitCode).toBe(1)
  })
})
