import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildGoProgram, syncServiceProgram } from '../../scripts/testground/go-programs.ts'
import { packageRoot } from '../files.ts'
import type { BenchRow } from '../../scripts/bench.ts'
import type { WireClient } from './wire-client.ts'
import { connectWire } from './wire-client.ts'

const barriers = [{ waiters: 50, rounds: 51 }, { waiters: 200, rounds: 25 }, { waiters: 1_000, rounds: 11 }]
const payloads = [{ name: '64_bytes', bytes: 64 }, { name: '16_kib', bytes: 16_384 }]
const subscribers = 50
const publishRounds = 21
const signals = 10_000
const readyMs = 10_000
/** Where Testground's service listens, which nothing can change. */
const realPort = 5050

type Measured = Readonly<Record<string, number>>

/**
 * Measures this sync service beside Testground's own, each as a process of its own, freshly started, with the same clients one
 * after the other. Values are medians in ms, but for the signals, which are sent once.
 */
export async function bench (): Promise<BenchRow[]> {
  const built = await buildGoProgram(syncServiceProgram, join(packageRoot, 'node_modules', '.cache', 'peerslab-testground'))
  const lacking = 'missing' in built ? built.missing : await isFree(realPort) ? undefined : `port ${realPort} is taken`

  if ('missing' in built || lacking != null) {
    process.stdout.write(`  left out: ${lacking}\n`)
    return []
  }

  const measureOwn = (): Promise<Measured> => measureService(process.execPath, [join(packageRoot, 'dist', 'sync-service', 'sync-service.js')])
  // The clients are slow until their code is compiled, for which the service that is measured first would pay.
  await measureOwn()
  const own = await measureOwn()
  const real = await measureService(built.path, [])
  return Object.entries(own).map(([name, value]) => {
    const theirs = real[name] ?? NaN
    // Deliveries must be ten times as fast, everything else as fast.
    const limit = name.startsWith('sync_real_publish') ? theirs / 10 : theirs
    const alternative = { name: `Testground's ${syncServiceProgram.version}`, value: theirs }
    const samples = barriers.find(({ waiters }) => name === barrierName(waiters))?.rounds ?? (name.includes('publish') ? publishRounds : 1)
    return { name, value, unit: 'ms', samples, limit, alternative }
  })
}

const barrierName = (waiters: number): string => `sync_real_barrier_${waiters}_p50`

async function measureService (command: string, args: readonly string[]): Promise<Measured> {
  const child = spawn(command, args, { stdio: 'ignore' })
  const url = `ws://127.0.0.1:${realPort}`

  try {
    await untilReady(url)
    const clients = await Promise.all(Array.from({ length: 1_000 }, () => connectWire(url)))
    const measured: Record<string, number> = {}

    for (const { waiters, rounds } of barriers) {
      measured[barrierName(waiters)] = await medianOf(rounds, (round) => barrierMs(clients.slice(0, waiters), `${waiters}-${round}`))
    }

    for (const { name, bytes } of payloads) {
      const [publisher, ...others] = clients.slice(0, subscribers + 1) as [WireClient, ...WireClient[]]
      others.forEach((client) => { client.send({ id: name, subscribe: { topic: name } }) })
      measured[`sync_real_publish_${name}_to_${subscribers}_p50`] = await medianOf(publishRounds, () => publishMs(publisher, others, name, bytes))
    }

    measured[`sync_real_${signals}_signals`] = await signalsMs(clients.slice(0, subscribers))
    await Promise.all(clients.map((client) => client.close()))
    return measured
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

/** From the last signal to the last waiter's reply. */
async function barrierMs (clients: readonly WireClient[], name: string): Promise<number> {
  const waits = clients.map((client) => client.ask({ id: `b${name}`, barrier: { state: name, target: clients.length } }))
  const [last, ...others] = clients as [WireClient, ...WireClient[]]
  await Promise.all(others.map((client) => client.ask({ id: `s${name}`, signal_entry: { state: name } })))
  const startMs = performance.now()
  last.send({ id: `s${name}`, signal_entry: { state: name } })
  await Promise.all(waits)
  return performance.now() - startMs
}

/** From sending to the last subscriber's delivery. */
async function publishMs (publisher: WireClient, others: readonly WireClient[], topic: string, bytes: number): Promise<number> {
  const deliveries = others.map((client) => client.next(topic))
  const startMs = performance.now()
  publisher.send({ id: `p${topic}`, publish: { topic, payload: 'x'.repeat(bytes - 2) } })
  await Promise.all(deliveries)
  return performance.now() - startMs
}

/** Each client sends its share, one after another. */
async function signalsMs (clients: readonly WireClient[]): Promise<number> {
  const startMs = performance.now()
  await Promise.all(clients.map(async (client) => {
    for (let i = 0; i < signals / clients.length; i++) {
      await client.ask({ id: `n${i}`, signal_entry: { state: 'many' } })
    }
  }))
  return performance.now() - startMs
}

async function medianOf (rounds: number, measure: (round: number) => Promise<number>): Promise<number> {
  const values: number[] = []

  for (let round = 0; round < rounds; round++) {
    values.push(await measure(round))
  }

  return values.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN
}

async function untilReady (url: string): Promise<void> {
  for (const startedMs = performance.now(); ;) {
    try {
      await (await connectWire(url)).close()
      return
    } catch (err) {
      if (performance.now() - startedMs > readyMs) {
        throw err
      }

      await delay(50)
    }
  }
}

async function isFree (port: number): Promise<boolean> {
  const server = createServer().listen(port)
  const heard = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)])
  server.close()
  return heard
}
