import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder, readRows } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 120_000)
afterAll(async () => { await bench.clear() })

const params = { network: 'gcp-six-regions', pings: '5', throughput_bytes: '4000000' }
const groups = [{ id: 'sound', count: 2 }, { id: 'other', count: 1 }]

describe('the judgement of links', () => {
  it('passes where every round trip is what the profile asks for, and both are recorded', { timeout: 60_000 }, async () => {
    const file = await bench.write('sound.toml', composition('link', params, groups))
    const { exitCode, stdout } = await bench.run(file, '--runner', 'sim')
    expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({ exitCode: 0, stdout: 'pass: all 3 instances succeeded' })
    const rows = (await readRows(await onlyFolder(bench.out, 'sound'))).filter(({ name }) => name === 'link_rtt_ms')
    expect(rows).toHaveLength(3)
    rows.forEach(({ measures }) => {
      expect(Math.abs(measures.value! - measures.asked!)).toBeLessThan(Math.max(2, 0.05 * measures.asked!))
    })
  })

  it('fails with a peer that stands in another region than it says', { timeout: 60_000 }, async () => {
    const broken = '[groups.run.test_params]\nsabotage = "elsewhere"\nregion = "us-west1"\n'
    const file = await bench.write('elsewhere.toml', `${composition('link', params, groups)}${broken}`)
    const { exitCode, stdout } = await bench.run(file, '--runner', 'sim')
    expect(stdout).toMatch(/^fail: instance \w+\/\d failed .*links of instance \d are not what was asked for/m)
    expect(stdout).toMatch(/has a round trip of [\d.]+ ms where [\d.]+ ms were asked for/m)
    expect(exitCode).toBe(1)
  })
})
