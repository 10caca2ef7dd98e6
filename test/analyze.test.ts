import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composition, makeBench, onlyFolder } from './command.test-helper.ts'
import type { Bench } from './command.test-helper.ts'

let bench: Bench
let folder: string
/** What Testground would have collected of the same run: its instances alone. */
let archive: string

beforeAll(async () => {
  bench = await makeBench()
  const file = await bench.write('small.toml', composition('replication', { network: 'lan', contributions: '6', interval_ms: '50' }, [{ id: 'peers', count: 2 }]))
  expect(await bench.run(file, '--runner', 'sim')).toMatchObject({ exitCode: 0 })
  folder = await onlyFolder(bench.out, 'small')
  archive = join(bench.directory, 'task.tgz')
  execFileSync('tar', ['-czf', archive, '-C', join(folder, 'instances'), 'default'])
}, 60_000)
afterAll(async () => { await bench.clear() })

describe('peerslab analyze', () => {
  it('reads an archive of instances, writes beside it, and says that it has no record', async () => {
    const { exitCode, stdout } = await bench.command(['analyze', archive], bench.directory)
    expect(stdout).toMatch(/^Verdict pass: 2 of 2 instances said that they succeeded\n/)
    expect(stdout).toContain('The archive has no run.json, as Testground leaves it')
    expect(stdout).toMatch(/report: task\.analysis\/report\.html\n$/)
    expect(existsSync(join(bench.directory, 'task.analysis', 'report.html'))).toBe(true)
    expect(exitCode).toBe(0)
  })

  it('sets figures as wide as is asked, and says how in its help', async () => {
    const out = join(bench.directory, 'narrow')
    expect(await bench.call(['analyze', folder, '--out', out, '--width', 'column'])).toMatchObject({ exitCode: 0 })
    const svg = await readFile(join(out, 'figures', 'replication.svg'), 'utf8')
    expect(/^<svg[^>]* width="252pt"/.test(svg)).toBe(true)
    // The caption of a paper says what a figure shows.
    expect(svg).not.toMatch(/<text[^>]*font-size="9px"/)
    expect((await bench.command(['analyze', '--help'])).stdout.replace(/\s+/g, ' ')).toContain('page, 516 points, or column, 252 points and without titles')
  })

  it('prints a table of rows that are asked for, and writes nothing', async () => {
    const { exitCode, stdout } = await bench.call(['analyze', join(bench.out, 'small'), '--by', 'case', '--by', 'contributions', '--where', 'metric=replication_entry_ms'])
    expect(stdout).toMatch(/^replication_entry_ms, in ms, by case and contributions\n\n[^\n]+\n[^\n]+\n {2}replication +6 +1 +6 /)
    expect(exitCode).toBe(0)
    expect(existsSync(join(folder, 'report.html'))).toBe(false)
    const json = await bench.call(['analyze', archive, '--by', 'group', '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ by: ['group'], groups: expect.arrayContaining([expect.objectContaining({ values: ['peers'] })]) as unknown })
    expect(await bench.call(['analyze', folder, '--where', 'group=none'])).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^0 of \d+ rows: there is nothing to show\n/) as string })
  })

  it.for<[string, string[], number, string]>([
    ['a key that no row has', ['--by', 'regin'], 64, 'No row has the key "regin": use one of metric, run,'],
    ['no condition', ['--where', 'region'], 64, '"region" is no condition'],
    ['a width that is none', ['--width', '252'], 64, '--width 252 is none; use one of page, column'],
    ['a place for what is only printed', ['--by', 'group', '--out', 'x'], 64, '--out: leave it out']
  ])('refuses %s', async ([, args, code, message]) => {
    const { exitCode, stdout, stderr } = await bench.call(['analyze', folder, ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' })
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(message)
  })

  it('can say nothing of a folder without runs, or of an archive whose paths climb out', async () => {
    await bench.write('empty/notes.txt', '')
    expect(await bench.call(['analyze', join(bench.directory, 'empty'), '--by', 'seed'])).toMatchObject({ exitCode: 2, stdout: '' })
    const hostile = join(bench.directory, 'hostile.tgz')
    execFileSync('tar', ['-czPf', hostile, '--transform', 's#^#../../#', '-C', bench.directory, 'empty/notes.txt'])
    const { exitCode, stderr } = await bench.call(['analyze', hostile])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^peerslab: \S+hostile\.tgz holds "\.\.\/\.\.\/empty\/notes\.txt", a path that leads out of it: [^\n]+\n$/)
    expect(existsSync(join(bench.directory, 'hostile.analysis'))).toBe(false)
  })
})
