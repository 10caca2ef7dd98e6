import type { BenchRow } from '../../scripts/bench.ts'
import type { SyncService } from './service.ts'
import { startSyncService } from './service.ts'
import type { WireClient } from './wire-client.ts'
import { connectWire } from './wire-client.ts'

const connections = 50
const rounds = 20
const limitMs = 5

function percentile (values: number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1)] ?? NaN
}

/** Milliseconds from the last signal's sending to the last waiter's reply. */
async function barrierRoundMs (clients: WireClient[], service: SyncService, round: number): Promise<number> {
  const state = `barrier-${round}`
  const waiters = clients.map((client) => {
    client.send({ id: `b${round}`, barrier: { state, target: clients.length } })
    return client.next(`b${round}`)
  })
  const [last, ...others] = clients
  await Promise.all(others.map((client) => client.ask({ id: `s${round}`, signal_entry: { state } })))
  if (service.count(state) !== clients.length - 1) throw new Error(`the barrier of round ${round} does not lack exactly one signal`)
  const startMs = performance.now()
  last?.send({ id: `s${round}`, signal_entry: { state } })
  await Promise.all(waiters)
  return performance.now() - startMs
}

/** Milliseconds from a publish's sending to its delivery to the last subscriber. */
async function publishRoundMs (clients: WireClient[], publisher: WireClient, round: number): Promise<number> {
  const deliveries = clients.map((client) => client.next('sub'))
  const startMs = performance.now()
  publisher.send({ id: `p${round}`, publish: { topic: 'topic', payload: { round, address: '/ip4/127.0.0.1/tcp/4001' } } })
  await Promise.all(deliveries)
  return performance.now() - startMs
}

/**
 * Measures the sync service with 50 connections over loopback; clients and service share one process and one thread, so
 * the clients' work is part of every value. Values are milliseconds, over 20 rounds after 3 that are not counted.
 */
export async function bench (): Promise<BenchRow[]> {
  const service = await startSyncService()
  const url = `ws://${service.host}:${service.port}`
  const clients = await Promise.all(Array.from({ length: connections }, () => connectWire(url)))
  const publisher = await connectWire(url)
  const barrierMs: number[] = []
  const publishMs: number[] = []
  try {
    for (const client of clients) client.send({ id: 'sub', subscribe: { topic: 'topic' } })
    for (let round = -3; round < rounds; round++) {
      const barrier = await barrierRoundMs(clients, service, round)
      const publish = await publishRoundMs(clients, publisher, round)
      if (round < 0) continue
      barrierMs.push(barrier)
      publishMs.push(publish)
    }
  } finally {
    await Promise.all([...clients, publisher].map((client) => client.close()))
    await service.close()
  }
  const row = (name: string, values: number[], fraction: number, limit?: number): BenchRow =>
    ({ name, value: percentile(values, fraction), unit: 'ms', samples: rounds, limit })
  return [
    row('sync_barrier_50_release_p50', barrierMs, 0.5, limitMs),
    row('sync_barrier_50_release_max', barrierMs, 1),
    row('sync_publish_50_subscribers_p50', publishMs, 0.5, limitMs),
    row('sync_publish_50_subscribers_max', publishMs, 1)
  ]
}
