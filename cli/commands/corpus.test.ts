import { EventEmitter } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cli } from '../cli.ts'
import type { Surroundings } from '../surroundings.ts'

let directory: string

beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peerslab-corpus-command-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

interface Ended { exitCode: number, stdout: string, stderr: string }

/** `peerslab corpus` in this process, seen from the test's directory. */
async function corpus (args: readonly string[], onProgress: (signals: EventEmitter) => void = () => {}): Promise<Ended> {
  const signals = new EventEmitter()
  const output = { stdout: '', stderr: '' }
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })]
  stdout.on('data', (text) => { output.stdout += String(text) })
  stderr.on('data', (text) => {
    output.stderr += String(text)
    onProgress(signals)
  })
  const surroundings = { stdin, stdout, stderr, cwd: () => directory, on: signals.on.bind(signals), off: signals.off.bind(signals) }
  const exitCode = await cli(['corpus', ...args], surroundings as unknown as Surroundings)
  expect(signals.eventNames()).toEqual([])
  return { exitCode, ...output }
}

describe('peerslab corpus', () => {
  it('generates what it inspects, and imports it unchanged', async () => {
    const generated = await corpus(['generate', 'few', '--preset', 'medium', '--count', '3', '--seed', '5'])
    expect(generated.exitCode).toBe(0)
    expect(generated.stdout).toMatch(/^3 contributions in \d files, [\d.]+ kB: post them with --set corpus=few\n$/)
    expect(generated.stderr).toContain('generate: written 3/3')
    expect((await corpus(['import', 'scout', 'few', 'copy'])).stdout).toMatch(/^3 contributions in \d files, .* --set corpus=copy\n$/)
    const inspections = await Promise.all([['medium', '--count', '3', '--seed', '5'], ['few'], ['copy']].map(async (args) => {
      const { exitCode, stdout } = await corpus(['inspect', ...args, '--json'])
      expect(exitCode).toBe(0)
      return JSON.parse(stdout) as Record<string, unknown>
    }))
    const [preset, ...directories] = inspections.map(({ description: _, ...contents }) => contents)
    expect(preset).toMatchObject({ contributions: 3, kinds: { record: 3 } })
    expect(directories).toEqual([preset, preset])
  })

  it('inspects with quantiles of type 7, for people and as JSON', async () => {
    const { stdout } = await corpus(['inspect', 'small', '--count', '4', '--json'])
    const { sizeBytes, bytes, digest } = JSON.parse(stdout) as { sizeBytes: Record<string, number>, bytes: number, digest: string }
    const { min = 0, p25 = 0, median = 0, p75 = 0, max = 0 } = sizeBytes
    // Of four values the quartiles lie a quarter of the way inwards from the middle two, so that all four can be told from these.
    const [low, high] = [min + (p25 - min) / 0.75, max - (max - p75) / 0.75]
    expect((low + high) / 2).toBeCloseTo(median, 6)
    expect(min + low + high + max).toBeCloseTo(bytes, 6)
    const table = (await corpus(['inspect', 'small', '--count', '4'])).stdout
    expect(table).toMatch(/^4 of 540 generated contributions of preset small, seed 1\n/)
    for (const text of [`${bytes} (`, 'record 4', `sha256 ${digest}`, 'median ', 'p95 ']) expect(table).toContain(text)
  })

  it('leaves nothing when it is interrupted, and says that it was', async () => {
    const { exitCode, stdout, stderr } = await corpus(['generate', 'new'], (signals) => { signals.emit('SIGINT') })
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('generate: interrupted; nothing is left half-written\n')
    expect(await readdir(directory)).toEqual([])
  })

  it.each<[string[], RegExp]>([
    [[], /corpus lacks what to do; name generate, import or inspect/],
    [['generate'], /corpus lacks what it is about; "peerslab corpus --help" shows/],
    [['generate', 'new', '--preset', 'papr'], /there is no preset "papr"; use one of small, medium, paper, multi-node$/],
    [['generate', 'new', '--count', '541'], /--count 541 is more than the 540 contributions of preset small; ask for fewer$/],
    [['generate', 'new', '--count', '0'], /--count 0 must be a whole number above 0$/],
    [['generate', 'new', '--seed', '-1'], /--seed -1 must be a whole number from 0$/],
    [['generate', 'new', '--seed', '1', '--seed', '2'], /--seed is given more than once; keep one of them$/],
    [['generate', 'new', '--presets', 'small'], /presets.*"peerslab corpus --help" shows/],
    [['generate', '.', '--count', '1', 'more'], /more.*"peerslab corpus --help" shows/],
    [['generate', 'no/new', '--count', '1'], /no\/new cannot be written: the directory \S+\/no above it does not exist\. Make it first/],
    [['import', 'scuot', 'a', 'b'], /there is no import of "scuot"; use one of scout, c3o, directory$/],
    [['import', 'scout', 'a', 'b', '--unchecked'], /--unchecked is about C3O tables, and an import of scout checks none; leave it out$/],
    [['import', 'scout', 'a', 'b'], /Corpus directory \S+\/a does not exist\. Name one .* presets small, medium, paper, multi-node/],
    [['inspect', 'nothing'], /Corpus directory \S+\/nothing does not exist\./],
    [['inspect', 'small', '--count', 'x'], /--count x must be a whole number above 0$/]
  ])('refuses %j in one sentence', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await corpus(args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
    expect(stderr.replaceAll('\r\x1b[K', '')).toMatch(/^peerslab: [^\n]+\n$/)
    expect(stderr.trimEnd()).toMatch(sentence)
    expect(await readdir(directory)).toEqual([])
  })
})
