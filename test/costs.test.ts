import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, readRows, runFolders } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'
import type { SimulationSummary } from '../runners/sim/job.ts'

interface Simulated { summary: SimulationSummary, longestMs: number }

let bench: Bench
let slow: string
beforeAll(async () => {
  bench = await makeBench()
  slow = await bench.write('slow.json', JSON.stringify({ eventMs: 2, signMs: 1, verifyMs: 3, bytesMsPerMebibyte: 40 }))
})
afterAll(async () => { await bench.clear() })

/** One peer holds twelve contributions when so many newcomers, all as far from it, join at once. */
async function joinAtOnce (name: string, newcomers: number, ...args: string[]): Promise<Simulated> {
  const params = { region: 'us-west1', contributions: '12', interval_ms: '0', joins_at_once: String(newcomers) }
  const groups = [{ id: 'root', count: 1, role: 'peer' }, { id: 'newcomers', count: newcomers, role: 'newcomer' }]
  const { stderr, stdout } = await bench.run(await bench.write(`${name}.toml`, composition('bootstrapping', params, groups)), '--runner', 'sim', ...args)
  expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringMatching(/^pass: /) as string })
  const folder = (await runFolders(bench.out, name)).at(-1) ?? ''
  const times = (await readRows(folder)).filter((row) => row.name === 'bootstrap_files_ms').map(({ measures }) => measures.value ?? NaN)
  expect(times).toHaveLength(newcomers)
  const summary = JSON.parse(await readFile(join(folder, 'instances', 'default', 'simulation.json'), 'utf8')) as SimulationSummary
  return { summary, longestMs: Math.max(...times) }
}

describe('a simulation with a slow processor', { timeout: 120_000 }, () => {
  it('makes newcomers that join at once wait for the root', async () => {
    const [one, many] = [await joinAtOnce('one', 1), await joinAtOnce('many', 5)]
    const [slowOne, slowMany] = [await joinAtOnce('slow-one', 1, '--costs', slow), await joinAtOnce('slow-many', 5, '--costs', slow)]
    expect(one.summary.chargedMs).toBe(0)
    expect(slowOne.longestMs).toBeGreaterThan(one.longestMs)
    expect(slowMany.longestMs - slowOne.longestMs).toBeGreaterThan(2 * (many.longestMs - one.longestMs))
  })

  it('is the same with a trace, which costs nobody anything', async () => {
    const [without, traced] = [await joinAtOnce('plain', 1, '--costs', slow), await joinAtOnce('traced', 1, '--costs', slow, '--trace')]
    const { events, chargedMs, traceSha256 } = without.summary
    expect(traced.summary).toMatchObject({ events, chargedMs, traceSha256 })
  })
})
