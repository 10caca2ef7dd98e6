import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareStudies } from '../analysis/index.ts'
import { outcomeRecord, runRecord } from '../analysis/folder.test-helper.ts'
import { gate } from '../runners/index.ts'
import { alphaOfLook } from '../runners/gate/plan.ts'
import type { GateOptions, GateReport } from '../runners/index.ts'

/** A project whose command writes run folders at once: how slow it is, and what else it does, is in one file of each version. */
let root: string

const command = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
const [, composition, ...words] = process.argv.slice(2)
const option = (name) => words[words.indexOf(name) + 1]
const { factor, does } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'version.json'), 'utf8'))
appendFileSync(join(option('--out'), '..', 'order.txt'), basename(option('--out')) + ' ')
if (does === 'hang') { setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(2)) } else {
  const [from, to = from] = (words.includes('--seeds') ? option('--seeds').split('..') : [option('--seed')]).map(Number)
  for (let seed = from; seed <= to; seed++) {
    const folder = join(option('--out'), basename(composition, '.toml'), String(seed))
    mkdirSync(join(folder, 'instances', 'main', 'peers', '0'), { recursive: true })
    const template = JSON.parse(readFileSync(composition, 'utf8'))
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...template.run, runner: option('--runner'), seed, startedAt: new Date().toISOString() }))
    writeFileSync(join(folder, 'outcome.json'), JSON.stringify(template.outcome))
    const value = factor * (100 + 7 * seed % 5)
    writeFileSync(join(folder, 'instances', 'main', 'peers', '0', 'results.out'), '{"ts":1,"type":"point","name":"replication_entry_ms","measures":{"value":' + value + '}}\\n')
  }
  if (does === 'fail') { console.log('seed 1: fail: instance peers/0 crashed'); process.exit(1) }
}`

const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: root, encoding: 'utf8' })

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'peerslab-gated-')))
  await mkdir(join(root, 'bin'))
  await mkdir(join(root, 'scripts'))
  await writeFile(join(root, 'bin', 'peerslab.js'), command)
  await writeFile(join(root, 'package.json'), '{ "type": "module" }')
  await writeFile(join(root, 'scripts', 'ready.js'), 'import { readFileSync } from "node:fs"\nif (readFileSync(new URL("../version.json", import.meta.url), "utf8").includes("unbuilt")) { console.error("no such type"); process.exit(70) }\n')
  git('init', '-q')
  for (const [tag, version] of Object.entries({ base: { factor: 1 }, same: { factor: 1.001 }, slower: { factor: 1.2 }, hanging: { does: 'hang' }, failing: { factor: 1, does: 'fail' }, broken: { does: 'unbuilt' } })) {
    await writeFile(join(root, 'version.json'), JSON.stringify(version))
    git('add', '-A')
    git('commit', '-q', '-m', tag)
    git('tag', tag)
  }
  const runs = [{ id: 'main', groups: [{ id: 'peers', count: 1, params: {} }] }]
  const instances = [{ group: 'peers', index: 0, outcome: 'success' }]
  await writeFile(join(root, 'tiny.toml'), JSON.stringify({ run: { ...runRecord(), runs }, outcome: { ...outcomeRecord(), runs: [{ id: 'main', verdict: 'pass', instances }] } }))
})
afterAll(async () => { await rm(root, { recursive: true, force: true }) })

async function gated (head: string, more: Partial<GateOptions> = {}): Promise<GateReport & { order: string, said: string[] }> {
  const out = await mkdtemp(join(root, 'out-'))
  const said: string[] = []
  const report = await gate({
    root, composition: join(root, 'tiny.toml'), base: 'base', head, runner: 'sim', words: [], budgetMs: 60_000, alpha: 0.05, out, workingDirectory: root,
    judge: ({ base, head }, alpha) => compareStudies(base, head, { alpha, isOneComposition: true }),
    onProgress: (sentence) => { said.push(sentence) }, signal: new AbortController().signal, ...more
  })
  const order = (await readFile(join(out, 'order.txt'), 'utf8')).trim()
  // Nothing is left of the checkouts, in git as on disk.
  expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1)
  return { ...report, order, said }
}

describe('a gate', () => {
  it('passes a version that is no slower, on the first look at a panel of seeds', async () => {
    const { verdict, runs, order, studies } = await gated('same')
    expect({ verdict, runs, order }).toEqual({ verdict: 'pass', runs: 9, order: 'base head' })
    expect(await compareStudies(studies.base, studies.head)).toMatchObject({ isPaired: true, base: { runs: 9 } })
  })

  it('fails one that is slower, and takes turns with real processes', async () => {
    expect(await gated('slower')).toMatchObject({ verdict: 'fail', reason: expect.stringContaining('replication_entry_ms') as string })
    const { verdict, runs, order } = await gated('slower', { runner: 'local' })
    expect({ verdict, runs }).toEqual({ verdict: 'fail', runs: 6 })
    expect(order).toBe('base head head base base head head base base head head base')
  })

  it('looks again with more runs while it cannot tell, each time more strictly', async () => {
    const alphas: number[] = []
    const judge: GateOptions['judge'] = async (_, alpha) => {
      alphas.push(alpha)
      return { verdict: alphas.length < 3 ? 'unknown' : 'pass', reason: 'because' }
    }
    expect(await gated('same', { judge })).toMatchObject({ verdict: 'pass', runs: 36, order: 'base head base head base head' })
    expect(alphas.map((alpha) => Number(alpha.toFixed(6)))).toEqual([0.025, 0.008333, 0.004167])
    expect(Array.from({ length: 1000 }, (_, index) => alphaOfLook(0.05, index + 1)).reduce((sum, alpha) => sum + alpha)).toBeLessThan(0.05)
  })

  it('ends a run under way once the budget is spent, and cannot tell', async () => {
    const { verdict, reason } = await gated('hanging', { budgetMs: 1_500 })
    expect(verdict).toBe('unknown')
    expect(reason).toMatch(/^the budget of 2 s is spent with 0 runs of each side compared/)
  })

  it('fails where a run of head does, and cannot tell where one of base does', async () => {
    expect(await gated('failing')).toMatchObject({ verdict: 'fail', reason: 'a run of head did not pass (seed 1: fail: instance peers/0 crashed)' })
    expect(await gated('base', { base: 'failing' })).toMatchObject({ verdict: 'unknown', order: 'base' })
  })

  it('refuses what is no commit, what does not build, and what is no checkout, in one sentence', async () => {
    await expect(gated('gone')).rejects.toThrow('"gone" is no commit of this checkout; fetch it first')
    await expect(gated('--help')).rejects.toThrow('"--help" is no commit of this checkout')
    await expect(gated('broken')).rejects.toThrow(/^[0-9a-f]{40} does not build \(no such type\); check it out/)
    await expect(gated('base', { root: tmpdir() })).rejects.toThrow(/is no git checkout \([^\n]+\); gate needs one/)
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1)
  })

  it('says that changes without a commit are in neither version', async () => {
    await writeFile(join(root, 'version.json'), '{}')
    const { said } = await gated('same')
    git('checkout', '-q', '--', '.')
    expect(said[0]).toContain('changes that are not committed')
  })
})
