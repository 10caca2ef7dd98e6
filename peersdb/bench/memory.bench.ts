import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startBenchPeer } from './bench-peer.test-helper.ts'
import type { BenchRow } from '../../scripts/bench.ts'
import type { ChildProcess } from 'node:child_process'

const entries = 11_000
const peerslab = join(import.meta.dirname, '../../bin/peerslab.js')

/** The resident memory of the command `peerslab peer`, whose blocks are on disk, after it has fetched 11,000 entries and files. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peersdb-memory-'))
  const holder = await startBenchPeer({ pin: 'everything' })

  try {
    await holder.ask('fill', { count: entries, bytes: 5_000, seed: 'memory' })
    const afterFetching = await residentBytes(directory, ['--bootstrap', holder.address, '--full-replica'])
    const afterRestart = await residentBytes(directory, ['--full-replica'])
    return [
      { name: 'resident memory after fetching 11,000 entries', value: afterFetching / 1e6, unit: 'MB', samples: 1, limit: 200 },
      { name: 'resident memory after opening 11,000 entries', value: afterRestart / 1e6, unit: 'MB', samples: 1, limit: 200 }
    ]
  } finally {
    await holder.stop()
    await rm(directory, { recursive: true })
  }
}

async function residentBytes (directory: string, flags: string[]): Promise<number> {
  const child = spawn(process.execPath, [peerslab, 'peer', '--directory', directory, '--ipfs-port', '0', '--http', '--http-port', '0', ...flags],
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true })

  try {
    const url = await readUrl(child)
    const deadlineMs = performance.now() + 60_000

    while ((await heldFiles(url)) < entries) {
      if (performance.now() > deadlineMs) {
        throw new Error('the peer did not fetch everything within a minute')
      }
    }

    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${peerProcess(child)}/status`, 'utf8'))?.[1]) * 1024
  } finally {
    const ended = once(child, 'exit')
    process.kill(-(child.pid ?? 0), 'SIGTERM')
    await ended
  }
}

async function readUrl (child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (line.startsWith('http ')) {
      return line.slice('http '.length)
    }
  }

  throw new Error('the peer ended before it was ready')
}

async function heldFiles (url: string): Promise<number> {
  const response = await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(10_000) })
  return (await response.json() as { filesHeld: number }).filesHeld
}

/** The command starts the peer in a process of its own; it is that one whose memory counts. */
function peerProcess ({ pid }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  return children.at(-1) ?? NaN
}
