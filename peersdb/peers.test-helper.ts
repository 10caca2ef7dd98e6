import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPeer } from './index.ts'
import type { Contribution, CounterRow, Peer, PeerEvents, PeerInit } from './index.ts'

export { blocksOf } from './adversary/blocks.ts'

const opened = new Set<{ close (): Promise<void> }>()
const directories: string[] = []

/** Opens a peer that `closeAll` closes. */
export async function open (init: PeerInit = {}): Promise<Peer> {
  return closing(await openPeer({ syncIntervalMs: 200, ...init }))
}

/** Whatever is to be closed at the end of a test. */
export function closing<T extends { close (): Promise<void> }> (closable: T): T {
  opened.add(closable)
  return closable
}

export async function temporaryDirectory (): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'peersdb-'))
  directories.push(directory)
  return directory
}

export async function closeAll (): Promise<void> {
  await Promise.all([...opened].map((closable) => closable.close()))
  opened.clear()
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true, force: true })))
}

export async function connect (peer: Peer, other: Peer): Promise<void> {
  await peer.connect(other.addresses()[0]!)
}

export async function list (peer: Peer, visibility?: 'private'): Promise<Contribution[]> {
  return Array.fromAsync(peer.query({ visibility }))
}

export async function read (peer: Peer, cid: string, options: { offline?: boolean, path?: string } = {}): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(peer.get(cid, { signal: AbortSignal.timeout(20_000), ...options })))
}

/** Resolves once a condition holds that an event of the peer makes true; the test's own timeout bounds it. */
export async function until (peer: Peer, type: keyof PeerEvents, isTrue: () => boolean): Promise<void> {
  if (!isTrue()) {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (isTrue()) {
          peer.events.removeEventListener(type, look)
          resolve()
        }
      }
      peer.events.addEventListener(type, look)
    })
  }
}

export function filesHeld (peer: Peer, count: number): Promise<void> {
  return until(peer, 'file', () => peer.status().filesHeld >= count)
}

export function entries (peer: Peer, count: number): Promise<void> {
  return until(peer, 'contribution', () => peer.status().entries >= count)
}

/** Everything that goes wrong at a peer from now on. */
export function failuresOf (peer: Peer): Error[] {
  const failures: Error[] = []
  peer.events.addEventListener('failure', ({ detail }) => { failures.push(detail) })
  return failures
}

/** The sum of the counters of that name that have these labels. */
export function counted (peer: Peer, name: string, labels: Record<string, string> = {}): number {
  const matches = (row: CounterRow): boolean =>
    row.name === name && Object.entries(labels).every(([key, value]) => row.labels[key] === value)
  return peer.counters().filter(matches).reduce((sum, { value }) => sum + value, 0)
}

export function sha256 (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
