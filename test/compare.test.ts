import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

let bench: Bench
/** A run folder that the command itself wrote. */
let folder: string
/** Six copies of it with seeds of their own, as they are and with times of a half more. */
let base: string
let slower: string

beforeAll(async () => {
  bench = await makeBench()
  const parameters = { network: 'lan', contributions: '6', interval_ms: '50' }
  const file = await bench.write('small.toml', composition('replication', parameters, [{ id: 'peers', count: 2 }]))
  const { exitCode, stderr } = await bench.run(file, '--runner', 'sim')
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
  folder = await onlyFolder(bench.out, 'small')
  base = await studyOf('base', 1)
  slower = await studyOf('slower', 1.5)
}, 120_000)
afterAll(async () => { await bench.clear() })

async function studyOf (name: string, factor: number): Promise<string> {
  const study = join(bench.directory, name)
  for (let seed = 1; seed <= 10; seed++) {
    const run = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as Record<string, unknown>
    await bench.write(join(name, String(seed), 'run.json'), JSON.stringify({ ...run, seed }))
    await bench.write(join(name, String(seed), 'outcome.json'), await readFile(join(folder, 'outcome.json'), 'utf8'))
    for (const index of ['0', '1']) {
      const place = join('instances', 'default', 'peers', index, 'results.out')
      const rows = (await readFile(join(folder, place), 'utf8')).replace(/("name":"replication_entry_ms[^"]*","measures":\{"value":)([\d.]+)/g,
        (_, before: string, value: string) => `${before}${Number(value) * factor}`)
      await mkdir(join(study, String(seed)), { recursive: true })
      await bench.write(join(name, String(seed), place), rows)
    }
  }
  return study
}

describe('peerslab compare', () => {
  it('passes the same runs', async () => {
    const { exitCode, stdout } = await bench.command(['compare', base, base])
    expect(stdout).toMatch(/^pass: none of \d judged values got worse by more than 5 %\n/)
    expect(exitCode).toBe(0)
  })

  it('fails slower ones, in JUnit as well, unless that was accepted', async () => {
    const { exitCode, stdout } = await bench.call(['compare', base, slower, '--format', 'junit'])
    expect(stdout).toContain('name="replication_entry_ms in default"><failure message="worse by 50.0 %"/>')
    expect(exitCode).toBe(1)
    const accepted = join(bench.directory, 'accepted.txt')
    await writeFile(accepted, 'replication_entry_ms +60 %: entries are checked first\n')
    expect((await bench.call(['compare', base, slower, '--accept', accepted])).exitCode).toBe(0)
    await writeFile(accepted, 'replication_entry_ms\n')
    expect(await bench.call(['compare', base, slower, '--accept', accepted])).toMatchObject({ exitCode: 64, stdout: '' })
  })

  it('writes every format and a forest plot, as wide as is asked, and exits with the verdict', async () => {
    const out = join(bench.directory, 'compared')
    const { exitCode, stdout, stderr } = await bench.call(['compare', base, slower, '--out', out, '--width', 'column'])
    expect({ exitCode, stderr: stderr.split('\n').filter((line) => !line.startsWith('compare: ')) }).toEqual({ exitCode: 1, stderr: [''] })
    expect(await readFile(join(out, 'comparison.txt'), 'utf8')).toBe(stdout)
    expect(await readFile(join(out, 'forest.svg'), 'utf8')).toMatch(/^<svg[^>]* width="252pt"[^]*replication_entry_ms/)
    expect(await bench.call(['compare', base, slower, '--width', 'narrow'])).toMatchObject({ exitCode: 64, stdout: '', stderr: expect.stringContaining('--width narrow is none; use one of page, column') as string })
  })

  it('cannot tell from one run, and says what is needed in JSON', async () => {
    const { exitCode, stdout } = await bench.call(['compare', folder, folder, '--format', 'json'])
    expect(exitCode).toBe(2)
    expect((JSON.parse(stdout) as { reason: string }).reason).toContain('too few runs: it needs 8 pairs of runs, and has 1')
  })

  it('says in one sentence where there is nothing to compare', async () => {
    const gone = await bench.call(['compare', base, join(bench.directory, 'gone')])
    expect(gone).toMatchObject({ exitCode: 2, stdout: '' })
    const lastLine = gone.stderr.trimEnd().split('\n').at(-1)
    expect(lastLine).toMatch(/^peerslab: There is no study \S+gone: give a run folder, or a folder of run folders such as runs\/quick\.$/)
  })

  it.for([
    [['--threshold', '-1'], 'per cent above 0'], [['--alpha', '2'], 'above 0 and below 1'],
    [['--format', 'pdf'], '--format pdf is none; use one of text'], [['--by', 'a', '--by', 'b'], '--by is given more than once']
  ] as const)(
    'refuses %s', async ([args, message]) => {
      const { exitCode, stderr } = await bench.call(['compare', base, base, ...args])
      expect(exitCode).toBe(64)
      expect(stderr).toContain(message)
    })
})
