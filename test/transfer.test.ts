import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRecord, readRows, root } from './command.test-helper.ts'
import type { Bench, ResultRow } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

const params = {
  run_count: '2', file_size: '1000,300000', leech_count: '2', passive_count: '1', latency_ms: '20', jitter_pct: '0', bstore_delay_ms: '0',
  validation_algorithm: 'linear', sync: 'fast'
}
const of = (rows: readonly ResultRow[], name: string): ResultRow[] => rows.filter((row) => row.name === name)

describe('the case transfer', () => {
  it('records, by the names of the authors\' plan, what each instance exchanged in each run', { timeout: 60_000 }, async () => {
    const file = await bench.write('transfer.toml', composition('transfer', params, [{ id: 'peers', count: 5 }]))
    const { exitCode, stdout, stderr } = await bench.run(file, '--runner', 'sim')
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 5 instances succeeded' })
    expect(stderr).toContain('transfer: 2 seeds, 2 leeches, 1 passive')
    const folder = await onlyFolder(bench.out, 'transfer')
    const rows = await readRows(folder)
    const runs = ['1000 1', '1000 2', '300000 1', '300000 2']
    expect(of(rows, 'time_to_fetch').map(({ instance, tags }) => `${instance} ${tags.fileSize} ${tags.run}`))
      .toEqual([0, 1].flatMap((i) => runs.map((run) => `default/peers/${i} ${run}`)))

    for (const name of ['msgs_rcvd', 'data_sent', 'data_rcvd', 'dup_data_rcvd', 'blks_sent', 'blks_rcvd', 'dup_blks_rcvd']) {
      expect(of(rows, name)).toHaveLength(5 * runs.length)
    }

    expect(of(rows, 'blks_sent').map(({ tags }) => `${tags.seq} ${tags.nodeType} ${tags.nodeTypeIndex}`).filter((_, i) => i % runs.length === 0))
      .toEqual(['1 Leech 0', '2 Leech 1', '3 Passive 0', '4 Seed 0', '5 Seed 1'])
    // Each run brings a leech the file once, and what it is sent twice is told apart; a round trip is the least that it takes.
    of(rows, 'data_rcvd').filter(({ tags }) => tags.nodeType === 'Leech').forEach(({ tags, measures }, i) => {
      const twice = of(rows, 'dup_data_rcvd').filter((row) => row.tags.nodeType === 'Leech')[i]!.measures.value!
      expect(measures.value! - twice).toBe(Number(tags.fileSize))
    })
    expect(of(rows, 'time_to_fetch').every(({ measures }) => measures.value! >= 40e6 && measures.value! < 2e9)).toBe(true)
    // The law goes by the index of the size: one and two milliseconds.
    expect(of(rows, 'time_to_validate').map(({ tags, measures }) => `${tags.fileSize} ${measures.value}`))
      .toEqual([0, 1].flatMap(() => ['1000 1000000', '1000 1000000', '300000 2000000', '300000 2000000']))
    expect((await readRecord(folder)).network).toMatchObject({ name: 'transfer', oneWayLatencyMs: { '20ms': { '20ms': 20 } } })
  })

  it('gives leeches and seeds latencies of their own, and is the same again in virtual time', { timeout: 90_000 }, async () => {
    const text = composition('transfer', { ...params, sync: 'stock', seed_latency_ms: '50,10' }, [{ id: 'peers', count: 5 }])
    const file = await bench.write('own.toml', text)
    const verified = await bench.command(['verify', file])
    expect(verified.stdout).toMatch(/^pass: both runs are the same, event by event and byte by byte \(pass: all 5 instances succeeded\)/m)
  })

  it.each(['fast', 'stock'])('brings leeches what no seed holds as a whole (%s), and no seed the rest', { timeout: 60_000 }, async (sync) => {
    const fileBytes = 4 * 1_048_576
    const half = { ...params, run_count: '2', file_size: String(fileBytes), leech_count: '1', passive_count: '0', seed_fraction: '1/2', sync }
    const file = await bench.write(`half-${sync}.toml`, composition('transfer', half, [{ id: 'peers', count: 3 }]))
    const { exitCode, stdout } = await bench.run(file, '--runner', 'sim')
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 3 instances succeeded' })
    const rows = await readRows(await onlyFolder(bench.out, `half-${sync}`))
    expect(of(rows, 'seed_leaves_held').map(({ tags, measures }) => `${tags.seq} ${tags.nodeTypeIndex} ${measures.value} of ${measures.total}`))
      .toEqual(['2 0 2 of 4', '3 1 2 of 4'])
    // Each seed sent its half in each run, and nothing came to it.
    const seeds = (name: string): number[] => of(rows, name).filter(({ tags }) => tags.nodeType === 'Seed').map(({ measures }) => measures.value!)
    expect(seeds('data_sent').map((bytes) => Math.round(bytes / fileBytes * 10) / 10)).toEqual([0.5, 0.5, 0.5, 0.5])
    expect(seeds('data_rcvd').every((bytes) => bytes < 10_000)).toBe(true)
    // In a transfer by PeersDB's own protocol nothing but the four leaves and their root are blocks.
    const leech = of(rows, 'blks_rcvd').find(({ tags }) => tags.nodeType === 'Leech')?.measures.value
    const twice = of(rows, 'dup_blks_rcvd').find(({ tags }) => tags.nodeType === 'Leech')?.measures.value
    expect(leech! - twice!).toBeGreaterThanOrEqual(5)
    expect(sync === 'stock' || leech! - twice! === 5).toBe(true)
  })

  it('refuses seeds that together lack a part of a file, before anything starts', async () => {
    const third = { ...params, file_size: '3000000', leech_count: '1', passive_count: '0', seed_fraction: '1/3' }
    const file = await bench.write('third.toml', composition('transfer', third, [{ id: 'peers', count: 3 }]))
    const { exitCode, stderr } = await bench.run(file, '--runner', 'sim')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 64,
      stderr: expect.stringContaining('with seed_fraction 1/3 the 2 seeds together lack 1 of the 3 blocks of the file of 3000000 bytes, so no leech could get it') as string
    })
    await expect(onlyFolder(bench.out, 'third')).rejects.toThrow('has 0 run folders')
  })

  it('runs as processes, with the composition of the package', { timeout: 60_000 }, async () => {
    const text = (await readFile(join(root, 'composition', 'paper-transfer.toml'), 'utf8')).split('[[runs]]').slice(0, 2).join('[[runs]]')
    const file = await bench.write('paper-transfer.toml', text)
    const { exitCode, stdout } = await bench.run(file, '--set', 'file_size=100000', '--set', 'run_count=1')
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 2 instances succeeded' })
    const rows = await readRows(await onlyFolder(bench.out, 'paper-transfer'))
    expect(of(rows, 'time_to_fetch').map(({ measures }) => measures.value! > 200e6)).toEqual([true])
  })

  it.each([
    ['keeps all of it', 'keep-all', /^fail: instance broken\/0 failed .*\(Seed\): run 1: it holds the whole file of 2000000 bytes, of which it was to keep a part/m],
    ['keeps nothing', 'keep-nothing', /^fail: instance sound\/0 failed/m]
  ])('fails with a seed of a part that %s', { timeout: 60_000 }, async (_, sabotage, sentence) => {
    const half = { ...params, leech_count: '1', passive_count: '0', file_size: '2000000', run_count: '1', seed_fraction: '1/2' }
    const text = composition('transfer', half, [{ id: 'sound', count: 2 }, { id: 'broken', count: 1 }])
    const file = await bench.write(`${sabotage}.toml`, `${text}[groups.run.test_params]\nsabotage = "${sabotage}"\n`)
    const { exitCode, stdout } = await bench.run(file, '--runner', 'sim')
    expect(stdout).toMatch(sentence)
    expect(exitCode).toBe(1)
  })

  it.each([
    ['a leech that reports too early', 'report-early', /^fail: instance broken\/0 failed .*\(Leech\): run 1: what it holds is not the file of 1000 bytes/m],
    ['a seed that has other bytes', 'wrong-data', /^fail: instance .*: what it holds is not the file of 1000 bytes/m]
  ])('fails with %s', { timeout: 60_000 }, async (_, sabotage, sentence) => {
    const few = { ...params, leech_count: '1', passive_count: '0', file_size: '1000', run_count: '1' }
    const [first, second] = sabotage === 'report-early' ? ['broken', 'sound'] : ['sound', 'broken']
    const text = composition('transfer', few, [{ id: first, count: 1 }, { id: second, count: 1 }])
      .replace('id = "broken"\ninstances = { count = 1 }\n', `id = "broken"\ninstances = { count = 1 }\n[groups.run.test_params]\nsabotage = "${sabotage}"\n`)
    const { exitCode, stdout } = await bench.run(await bench.write(`${sabotage}.toml`, text), '--runner', 'sim')
    expect(stdout).toMatch(sentence)
    expect(exitCode).toBe(1)
  })
})
