import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { profileNames } from '../network/profile.ts'
import { presets } from '../plans/corpus/presets.ts'
import { churnNames } from '../plans/faults/presets.ts'

const root = join(import.meta.dirname, '..')
const limitMs = 170_000
/** The pages whose commands are run here. */
const executed = ['comparing.md', 'corpora.md', 'experiments.md', 'faults.md', 'networks.md', 'peersdb.md', 'simulation.md']

/** The commands of a page, block by block. */
function blocksOf (page: string): string[] {
  return [...readFileSync(join(root, 'docs', page), 'utf8').matchAll(/```sh\n([^`]*(?:`(?!``)[^`]*)*)```/g)].map(([, block]) => block!)
}

/** Runs blocks as one script in a directory of their own. */
async function runBlocks (blocks: readonly string[]): Promise<{ code: number | null, output: string }> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'peerslab-docs-')))
  symlinkSync(join(root, 'composition'), join(directory, 'composition'))
  // In a checkout, npx runs the command of the checkout; anywhere else it would look for it in the registry.
  writeFileSync(join(directory, 'npx'), `#!/bin/sh\nshift\nexec node '${join(root, 'bin', 'peerslab.js')}' "$@"\n`, { mode: 0o755 })
  const script = `set -euo pipefail\nPATH="$PWD:$PATH"\n${blocks.join('\n')}`
  // The peers that a page starts belong to the script's process group, and end with it whatever happens.
  const child = spawn('bash', ['-c', script], { cwd: directory, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (data) => { output += String(data) })
  child.stderr.on('data', (data) => { output += String(data) })

  try {
    const [code] = await once(child, 'close', { signal: AbortSignal.timeout(limitMs) }) as [number | null]
    return { code, output }
  } finally {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // All of them have ended, as they should.
    }

    rmSync(directory, { recursive: true, force: true })
  }
}

/** The tools and ports that docs/peersdb.md uses; undefined where all are there. */
async function lacking (): Promise<string | undefined> {
  const tool = ['bash', 'curl', 'openssl', 'timeout'].find((name) => spawnSync(name, ['--version']).error != null)

  if (tool != null) {
    return `there is no ${tool} on this machine`
  }

  for (const port of [4001, 8080, 8081, 8082]) {
    const server = createServer().listen(port, '127.0.0.1')
    const [err] = await Promise.race([once(server, 'listening'), once(server, 'error')]) as [Error?]
    server.close()

    if (err != null) {
      return `port ${port} is taken on this machine`
    }
  }
}

const reason = await lacking()

describe('docs/peersdb.md', () => {
  it.skipIf(reason != null)(`runs as one script${reason == null ? '' : ` (not run: ${reason})`}`, { timeout: 180_000 }, async () => {
    const blocks = blocksOf('peersdb.md')
    const { code, output } = await runBlocks(blocks)
    expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
    expect(blocks.length).toBeGreaterThan(8)
    expect(output).toContain('"name":"sort.json"')
    expect(output).toMatch(/^peersdb_entries 1$/m)
  })
})

describe('docs/corpora.md', () => {
  const blocks = blocksOf('corpora.md')

  it('runs as one script, in which a directory and its preset have one digest', { timeout: 180_000 }, async () => {
    const { code, output } = await runBlocks(blocks)
    expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
    const [directory, preset, ...others] = [...output.matchAll(/digest +sha256 ([0-9a-f]{64})$/gm)].map(([, digest]) => digest)
    expect(blocks.length).toBe(3)
    expect(others).toEqual([])
    expect(directory).toBe(preset)
    expect(output).toContain('540 contributions in 1011 files')
  })

  it('knows every preset, and how many contributions each has', () => {
    const rows = [...readFileSync(join(root, 'docs', 'corpora.md'), 'utf8').matchAll(/^\| `([\w-]+)` \| generated: .* \| ([\d,]+), all \|$/gm)]
    expect(Object.fromEntries(rows.map(([, name, count]) => [name, Number(count?.replace(',', ''))]))).toEqual(presets)
  })
})

describe('docs/simulation.md', () => {
  it('runs as one script, in which every run and every comparison passes', { timeout: 180_000 }, async () => {
    const blocks = blocksOf('simulation.md')
    const { code, output } = await runBlocks(blocks)
    expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
    expect(blocks.length).toBe(1)
    expect(output).toMatch(/^pass: both runs are the same, event by event and byte by byte/m)
    expect(output).toMatch(/^pass: 4 of 4 seeds passed$/m)
  })
})

describe('docs/faults.md', () => {
  it('runs as one script, in which everything that goes wrong heals', { timeout: 180_000 }, async () => {
    const blocks = blocksOf('faults.md')
    const { code, output } = await runBlocks(blocks)
    expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
    expect(blocks.length).toBe(2)
    expect(output.match(/^pass: all \d+ instances succeeded$/gm)).toHaveLength(3)
  })

  it('knows every way of coming and going', () => {
    const rows = readFileSync(join(root, 'docs', 'faults.md'), 'utf8').split('## How peers come and go')[1]?.split('## Lives')[0] ?? ''
    const named = [...rows.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, names]) => names!.split(', ').map((name) => name.replaceAll('`', '')))
    expect(named).toEqual(churnNames)
  })
})

describe('docs/experiments.md', () => {
  it('runs as one script, from a sweep to a comparison', { timeout: 180_000 }, async () => {
    const blocks = blocksOf('experiments.md')
    const { code, output } = await runBlocks(blocks)
    expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
    expect(blocks.length).toBe(1)
    expect(output).toMatch(/^pass: 4 of 4 runs passed$/m)
    expect(output).toMatch(/time_to_fetch/)
  })
})

describe('docs/comparing.md', () => {
  it('runs as one script, in which the same code is no worse than itself', { timeout: 180_000 }, async () => {
    const blocks = blocksOf('comparing.md')
    const { code, output } = await runBlocks(blocks)
    expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
    expect(blocks.length).toBe(1)
    expect(output).toMatch(/^pass: none of \d judged values got worse by more than 5 %$/m)
    expect(output).toMatch(/^\*\*pass\*\*: none of 4 judged values/m)
  })
})

describe('docs/networks.md', () => {
  it('runs as one script, from a table to a run over it', { timeout: 180_000 }, async () => {
    const blocks = blocksOf('networks.md')
    const { code, output } = await runBlocks(blocks)
    expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
    expect(blocks.length).toBe(2)
    expect(output).toMatch(/^written: mine\.json, 2 regions$/m)
    expect(output).toMatch(/^pass: all 8 instances succeeded$/m)
  })

  it('knows every profile', () => {
    const rows = [...readFileSync(join(root, 'docs', 'networks.md'), 'utf8').matchAll(/^\| (`.*?`) \|/gm)]
    expect(rows.flatMap(([, names = '']) => names.split(', ')).sort()).toEqual(profileNames.map((name) => `\`${name}\``).sort())
  })
})

describe('the other pages', () => {
  it('hold no command that is not run here', () => {
    const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && !executed.includes(name))
    expect(pages.length).toBeGreaterThan(0)
    expect(pages.flatMap(blocksOf)).toEqual([])
  })
})
