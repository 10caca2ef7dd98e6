import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

/** The shell commands of a page. */
function blocksOf (page: string): string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/```sh\n([^`]*(?:`(?!``)[^`]*)*)```/g)].map(([, block]) => block!)
}

const blocks = blocksOf('peersdb.md')

/** The tools and ports that the page uses; undefined where all are there. */
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
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'peerslab-docs-')))
    // In a checkout, npx runs the command of the checkout; anywhere else it would look for it in the registry.
    writeFileSync(join(directory, 'npx'), `#!/bin/sh\nshift\nexec node '${join(root, 'bin', 'peerslab.js')}' "$@"\n`, { mode: 0o755 })
    const script = `set -euo pipefail\nPATH="$PWD:$PATH"\n${blocks.join('\n')}`
    // The peers that the page starts belong to the script's process group, and end with it whatever happens.
    const child = spawn('bash', ['-c', script], { cwd: directory, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (data) => { output += String(data) })
    child.stderr.on('data', (data) => { output += String(data) })

    try {
      const [code] = await once(child, 'close', { signal: AbortSignal.timeout(170_000) }) as [number | null]
      expect({ code, output: code === 0 ? '' : output.slice(-3000) }).toEqual({ code: 0, output: '' })
      expect(blocks.length).toBeGreaterThan(8)
      expect(output).toContain('"name":"sort.json"')
      expect(output).toMatch(/^peersdb_entries 1$/m)
    } finally {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        // All of them have ended, as they should.
      }

      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('docs/simulation.md', () => {
  it('shows commands that pass', { timeout: 180_000 }, () => {
    const out = mkdtempSync(join(tmpdir(), 'peerslab-docs-'))
    const lines = blocksOf('simulation.md').flatMap((block) => block.trim().split('\n'))
    expect(lines.length).toBeGreaterThan(2)

    try {
      for (const line of lines) {
        const [, , ...args] = line.split(' ')
        const { status, stdout, stderr } = spawnSync(process.execPath, [
          join(root, 'bin', 'peerslab.js'), ...args, ...(args[0] === 'run' ? ['--out', out] : [])
        ], { cwd: root, encoding: 'utf8', timeout: 90_000 })
        expect({ line, status, stderr: status === 0 ? '' : stderr }).toEqual({ line, status: 0, stderr: '' })
        expect(stdout).toMatch(/^pass: /m)
      }
    } finally {
      rmSync(out, { recursive: true, force: true })
    }
  })
})
