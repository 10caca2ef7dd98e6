import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, eventually, makeBench } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

interface Listed { name: string, state: string }

let bench: Bench
beforeAll(async () => { bench = await makeBench() }, 180_000)
afterAll(async () => { await bench.clear() })

describe('peerslab serve', () => {
  it('shows a run of real processes while it goes on, its report afterwards, and ends on Ctrl-C', { timeout: 60_000 }, async () => {
    await bench.write('out/.here', '')
    const serving = bench.start(['serve', bench.out, '--port', '0'])
    let url = ''
    await eventually('the address', () => (url = /http:\S+/.exec(serving.output().stdout)?.[0] ?? '') !== '')
    expect(new URL(url).hostname).toBe('127.0.0.1')
    const file = await bench.write('slow.toml', composition('replication', { network: 'lan', contributions: '20', interval_ms: '100' }, [{ id: 'peers', count: 2 }]))
    const running = bench.run(file)
    const list = async (): Promise<Listed[]> => (await fetch(`${url}runs.json`)).json() as Promise<Listed[]>
    await eventually('the run', async () => (await list()).length === 1)
    const [{ name, state }] = await list() as [Listed]
    expect(state).toBe('going on')
    const told = await (await fetch(`${url}run/${name}/events`, { signal: AbortSignal.timeout(40_000) })).text()
    const states = [...told.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Listed & { verdict: string, rows: number })
    expect(states.length).toBeGreaterThan(2)
    expect(states.map(({ rows }) => rows)).toEqual(states.map(({ rows }) => rows).toSorted((a, b) => a - b))
    expect(states.at(-1)).toMatchObject({ state: 'ended', verdict: 'pass: all 2 instances succeeded' })
    expect((await running).exitCode).toBe(0)
    expect(await (await fetch(`${url}run/${name}/report.html`)).text()).toContain('pass: all 2 instances succeeded')
    serving.kill('SIGINT')
    const { exitCode, stdout } = await serving.ended
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^serving \S+ at http:\S+ \(Ctrl-C ends it\)\n$/)
  })

  it('says in one sentence what it cannot serve', async () => {
    const { exitCode, stderr } = await bench.command(['serve', 'gone'])
    expect(exitCode).toBe(64)
    expect(stderr).toMatch(/^peerslab: There is no folder gone: [^\n]+\n$/)
    expect(await bench.command(['serve', bench.out, '--port', '-1'])).toMatchObject({ exitCode: 64 })
  })
})
