import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** What a scenario of the program saw, in a process of its own. */
async function run<T> (scenario: string, seed = '1', ...nodeOptions: string[]): Promise<T> {
  const program = join(import.meta.dirname, 'world.test-helper.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeOptions, program, scenario, seed], { timeout: 20_000 })
  return (JSON.parse(stdout) as { result: T }).result
}

describe('in a simulated world', () => {
  it('timers keep their order and their rounding, and hours take no time', async () => {
    expect(await run('timers')).toEqual([
      ['immediate', 0], ['at least 1', 1], ['truncated', 2], ['interval', 10], ['refreshed', 17], ['interval', 20], ['interval', 30],
      ['delayed', 50], ['tick', 65], ['AbortError', 69], ['timed out', 89], ['an hour', 3_600_000]
    ])
  })

  it('the wall clock, the monotonic clocks and the uptime are one', async () => {
    expect(await run('dates')).toEqual({
      now: Date.UTC(2026, 0, 1) + 1_234, date: '2026-01-01T00:00:01.234Z', given: '1970-01-01T00:00:00.000Z', text: 'Thu Jan 01 2026',
      isDate: true, constructor: true, performance: 1_234, hrtime: [0, 734_000_000], bigint: '1234000000', uptime: 1.234
    })
  })

  it('native work ends at the time at which it began, in that order, before anything later', async () => {
    const log = await run<Array<[string, number]>>('native')
    expect(log).toEqual([
      ['read', 0], ['digest', 0], ['stat', 0], ['callback', 0], ['rm', 0], ['rm callback', 0], ['cp', 0], ['ENOENT', 0], ['handle', 0], ['written and removed', 0], ['1 ms later', 1]
    ])
  })

  it('chance is decided by the seed, for each actor apart', async () => {
    interface Chance { a: object, b: object, verified: boolean[], atOnce: boolean[], refused: string[] }
    const [first, again, other] = [await run<Chance>('chance', '7'), await run<Chance>('chance', '7', '--hash-seed=12345'), await run<Chance>('chance', '8')]
    expect(again).toEqual(first)
    const values = [first.a, first.b, other.a].map((drawn) => Object.values(drawn).map((value) => JSON.stringify(value)))
    values[0]?.forEach((_, i) => { expect(new Set(values.map((drawn) => drawn[i])).size).toBe(3) })
    expect(first.verified).toEqual([true, true, false, false])
    expect(first.atOnce).toEqual([true, true, false])
    expect(first.refused).toEqual([
      expect.stringMatching(/^UnseededError: a key of type rsa cannot be drawn from a seed; use ed25519 or x25519$/),
      expect.stringMatching(/^UnseededError: crypto.createECDH draws from chance/),
      expect.stringMatching(/^UnseededError: crypto.subtle.generateKey draws from chance/)
    ])
  })

  it('what reaches out of it is refused by name', async () => {
    const sentences = await run<string[]>('refusals')
    const names = ['connect', 'listen', 'createSocket', 'lookup', 'spawn', 'Worker', 'dlopen', 'gzip', 'watch']
    expect(sentences).toHaveLength(names.length)
    names.forEach((name, i) => { expect(sentences[i]).toMatch(new RegExp(`^NotSimulatedError: the plan .* \\(${name}\\), which a simulation cannot carry out; `)) })
  })

  it('computing takes as long as the table says', async () => {
    expect(await run('charges')).toEqual({ sign: 2, verify: 3, again: 3, hash: 5, encrypt: 2.5 })
  })

  it('an audit finds what virtual time does not govern, and nothing else', async () => {
    const { governed, ungoverned, stack } = await run<{ governed: unknown[], ungoverned: string[], stack: string }>('audit')
    expect(governed).toEqual([])
    expect(ungoverned).toEqual(['MESSAGEPORT', 'SCRYPTREQUEST', 'Timeout'])
    expect(stack).toMatch(/at audit .*world\.test-helper/)
  })

  it('bound to the real clock, it waits', async () => {
    expect(await run('paced')).toEqual({ slept: true, really: true })
  })
})
