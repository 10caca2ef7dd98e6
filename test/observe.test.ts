import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRows } from './command.test-helper.ts'
import type { Bench, Ended } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() })
afterAll(async () => { await bench.clear() })

interface Simulated {
  readonly ended: Ended
  readonly folder: string
  readonly sha256: string
}

/** Runs a small cluster in a simulation. */
async function simulate (name: string, params: Readonly<Record<string, string>>, ...args: string[]): Promise<Simulated> {
  const file = await bench.write(`${name}.toml`, composition('replication', {
    network: 'gcp-six-regions', contributions: '4', interval_ms: '200', region: 'spread', ...params
  }, [{ id: 'peers', count: 3, role: 'contributor' }]))
  const ended = await bench.run(file, '--runner', 'sim', ...args)
  const folder = await onlyFolder(bench.out, name)
  const { traceSha256 } = JSON.parse(await readFile(join(folder, 'instances/default/simulation.json'), 'utf8')) as { traceSha256: string }
  return { ended, folder, sha256: traceSha256 }
}

async function lines (folder: string, file: string): Promise<Array<Record<string, string>>> {
  const [header = '', ...rest] = (await readFile(join(folder, 'instances/default', file), 'utf8')).trim().split('\n')
  return rest.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [header.split(',')[i], cell])))
}

describe.each(['fast', 'stock'])('a simulation of peers that sync in the mode %s, observed', (sync) => {
  let plain: Simulated
  let cid: string

  beforeAll(async () => {
    plain = await simulate(`plain-${sync}`, { sync })
    cid = (await readRows(plain.folder)).find(({ name }) => name === 'replication_file_ms')?.tags.cid ?? ''
  })

  it('is the same run, and its messages are whole', async () => {
    const { folder, sha256 } = await simulate(`traced-${sync}`, { sync }, '--trace')
    expect(sha256).toBe(plain.sha256)
    const messages = await lines(folder, 'messages.csv')
    const protocols = new Set(messages.map(({ protocol }) => protocol))
    const own = sync === 'fast' ? ['/peersdb/sync/1.0.0'] : ['/meshsub/1.2.0', '/ipfs/bitswap/1.2.0']
    for (const protocol of ['/ipfs/id/1.0.0', ...own]) expect(protocols).toContain(protocol)
    expect(messages.filter(({ received_ms: receivedMs, sent_ms: sentMs }) => receivedMs !== '' && Number(receivedMs) <= Number(sentMs))).toEqual([])
    // Whatever has not come was under way when the peers closed.
    const lastMs = Math.max(...messages.map(({ sent_ms: sentMs }) => Number(sentMs)))
    for (const { sent_ms: sentMs } of messages.filter((message) => message.received_ms === '')) expect(Number(sentMs)).toBeGreaterThan(lastMs - 1_000)
    expect((await readFile(join(folder, 'instances/default/trace.txt'), 'utf8')).split('\n').length).toBeGreaterThan(messages.length / 4)
  })

  it('shows the way of one contribution, which every other peer gets from one who has it', async () => {
    const { folder, sha256, ended } = await simulate(`followed-${sync}`, { sync }, '--contribution', cid, '--analyze')
    expect(sha256).toBe(plain.sha256)
    expect(ended.exitCode).toBe(0)
    const arrivals = (await readRows(folder)).filter(({ name, tags }) => name === 'replication_file_ms' && tags.cid === cid)
    const carried = await lines(folder, 'sequence.csv')
    const holders = new Map(['entry', 'file'].map((thing) => [thing, new Set([carried[0]?.from])]))

    for (const { from, to, what = '' } of carried) {
      for (const [thing, having] of holders) {
        if (what === 'entry and file' || what === thing) {
          expect(having).toContain(from)
          having.add(to)
        }
      }
    }

    expect([...holders.values()].map(({ size }) => size)).toEqual([3, 3])
    expect(arrivals).toHaveLength(2)
    expect(await readFile(join(folder, 'figures/sequence.svg'), 'utf8')).toContain('Sequence: how one contribution')
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toContain('Sequence: how one contribution')
  })
})

it('says in one sentence that nobody made the contribution that was asked for', async () => {
  const { ended, folder } = await simulate('unknown', {}, '--contribution', 'nonsense')
  expect(ended.exitCode).toBe(0)
  expect(ended.stderr).toMatch(/no instance contributed "nonsense", so there is no sequence; contributions of this run are .+\.zip/)
  await expect(readFile(join(folder, 'instances/default/sequence.csv'))).rejects.toThrow('ENOENT')
})

it('is asked of simulations alone', async () => {
  const file = await bench.write('local.toml', composition('replication', {}, [{ id: 'peers', count: 2, role: 'contributor' }]))
  const ended = await bench.run(file, '--contribution', 'anything')
  expect(ended).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('the runner local has no option "contribution"') as string })
})
