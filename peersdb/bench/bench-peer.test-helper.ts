import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { openPeer } from '../index.ts'
import type { CounterRow, Peer, PeerInit } from '../index.ts'

/** What a benchmark can tell a peer in a process of its own to do, and what it gets back. */
interface Commands {
  open: { args: [PeerInit], result: { id: string, address: string } }
  /** Contributes so many files of so many incompressible bytes, the same ones for the same seed. */
  fill: { args: [{ count: number, bytes: number, seed: string }], result: { ms: number } }
  /** Connects to peers and waits until so many files are held; `connectedMs` is when the first connection stood. */
  catchUp: { args: [{ addresses: string[], files: number }], result: CatchUp }
  /** Waits for the next file of another peer; the time is that of the machine's monotonic clock. */
  nextFile: { args: [], result: { atMs: number } }
  /** Contributes one file; the time is that of the call. */
  contribute: { args: [{ bytes: number, seed: string }], result: { atMs: number } }
  neighbours: { args: [number], result: null }
  disconnect: { args: [], result: null }
  rss: { args: [], result: { bytes: number } }
  close: { args: [], result: null }
}

export interface CatchUp {
  ms: number
  connectedMs: number
  bytesReceived: number
  bytesSent: number
}

/** A peer in a process of its own. */
export interface BenchPeer {
  ask<Name extends keyof Commands> (name: Name, ...args: Commands[Name]['args']): Promise<Commands[Name]['result']>
  stop (): Promise<void>
}

const answerTimeoutMs = 10 * 60_000

export async function startBenchPeer (init: PeerInit): Promise<BenchPeer & { id: string, address: string }> {
  const child = fork(import.meta.filename, ['--bench-peer'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  let nextId = 0
  child.on('message', ({ id, result, error }: { id: number, result?: unknown, error?: string }) => {
    const answer = pending.get(id)
    pending.delete(id)

    if (error == null) {
      answer?.resolve(result)
    } else {
      answer?.reject(new Error(error))
    }
  })
  child.once('exit', () => { pending.forEach(({ reject }) => { reject(new Error('the peer\'s process ended')) }) })

  const peer: BenchPeer = {
    ask: async (name, ...args) => {
      const answer = Promise.withResolvers<unknown>()
      pending.set(++nextId, answer)
      child.send({ id: nextId, name, args })
      const timer = setTimeout(() => { answer.reject(new Error(`"${name}" took more than ${answerTimeoutMs / 1000} s`)) }, answerTimeoutMs)
      return answer.promise.finally(() => { clearTimeout(timer) }) as never
    },
    stop: async () => {
      if (child.exitCode == null) {
        const ended = once(child, 'exit')
        await peer.ask('close').catch(() => {})
        child.disconnect()
        await ended
      }
    }
  }
  return { ...peer, ...await peer.ask('open', init) }
}

const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** Incompressible bytes that the seed alone decides. */
export function content (seed: string, bytes: number): Uint8Array {
  const hash = createHash('shake256', { outputLength: bytes })
  return hash.update(seed).digest()
}

function connectionBytes (rows: readonly CounterRow[], direction: string): number {
  return rows.filter(({ name }) => name === `connection_bytes_${direction}`).reduce((sum, { value }) => sum + value, 0)
}

function filesHeld (peer: Peer, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let held = peer.status().filesHeld
  const onFile = (): void => {
    if (++held >= count && peer.status().filesHeld >= count) {
      peer.events.removeEventListener('file', onFile)
      resolve()
    }
  }
  peer.events.addEventListener('file', onFile)

  if (held >= count) {
    resolve()
  }

  return promise
}

const handlers: { [Name in keyof Commands]: (peer: Peer, ...args: Commands[Name]['args']) => Promise<Commands[Name]['result']> } = {
  open: async (peer) => ({ id: peer.id, address: peer.addresses()[0] ?? '' }),
  fill: async (peer, { count, bytes, seed }) => {
    const startMs = monotonicMs()

    for (let i = 0; i < count; i++) {
      const attributes = { workload: `workload ${i % 40}`, framework: 'spark', machine_type: `m${i % 7}`, machines: `${2 + i % 12}` }
      await peer.contribute(content(`${seed} ${i}`, bytes), { name: `${seed}-${i}.zip`, attributes })
    }

    return { ms: monotonicMs() - startMs }
  },
  catchUp: async (peer, { addresses, files }) => {
    const before = peer.counters()
    const startMs = monotonicMs()
    let connectedMs = 0
    peer.libp2p.addEventListener('peer:connect', () => { connectedMs ||= monotonicMs() - startMs })
    const complete = filesHeld(peer, files)
    await Promise.all(addresses.map((address) => peer.connect(address)))
    await complete
    const ms = monotonicMs() - startMs
    const after = peer.counters()
    const moved = (direction: string): number => connectionBytes(after, direction) - connectionBytes(before, direction)
    return { ms, connectedMs, bytesReceived: moved('received'), bytesSent: moved('sent') }
  },
  nextFile: (peer) => new Promise((resolve) => {
    peer.events.addEventListener('file', () => { resolve({ atMs: monotonicMs() }) }, { once: true })
  }),
  contribute: async (peer, { bytes, seed }) => {
    const atMs = monotonicMs()
    await peer.contribute(content(seed, bytes), { name: `${seed}.zip` })
    return { atMs }
  },
  neighbours: (peer, count) => new Promise((resolve) => {
    const look = (): void => {
      if (peer.status().neighbours >= count) {
        peer.events.removeEventListener('neighbour', look)
        resolve(null)
      }
    }
    peer.events.addEventListener('neighbour', look)
    look()
  }),
  disconnect: async (peer) => {
    await Promise.all(peer.libp2p.getConnections().map((connection) => connection.close()))
    return null
  },
  rss: async () => {
    globalThis.gc?.()
    return { bytes: process.memoryUsage.rss() }
  },
  close: async (peer) => { await peer.close(); return null }
}

/** Runs a peer under the orders of the parent process. */
function serve (): void {
  let peer: Peer | undefined

  process.on('message', ({ id, name, args }: { id: number, name: keyof Commands, args: unknown[] }) => {
    const run = async (): Promise<unknown> => {
      peer ??= await openPeer(args[0] as PeerInit)
      return (handlers[name] as (peer: Peer, ...args: unknown[]) => Promise<unknown>)(peer, ...args)
    }
    run().then((result) => process.send?.({ id, result }), (err: Error) => process.send?.({ id, error: err.stack }))
  })
  process.once('disconnect', () => { process.exit() })
}

if (process.argv.includes('--bench-peer')) {
  serve()
}
