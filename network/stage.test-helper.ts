import { setImmediate as turn } from 'node:timers/promises'
import { AbortError } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createCounters } from './counters.ts'
import { createSimulatedNetwork } from './simulated.ts'
import type { Connection, Listener, Logger, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import type { NetworkCounters } from './counters.ts'
import type { NetworkEvent, SimulatedNetwork, SimulatedNetworkInit } from './simulated.ts'
import type { Stage } from './stage.ts'

export interface TestStage extends Stage {
  /** Goes from event to event until the promise is settled. */
  until: <T> (promise: Promise<T>) => Promise<T>
  /** Goes from event to event until none is due by that time, and then stands there. */
  runTo: (untilMs: number) => Promise<void>
  /** The instance whose event runs now. */
  current: () => string | undefined
  waiting: () => number
}

/** How many turns of the event loop without an event are taken for a promise that nothing will settle. */
const IDLE_TURNS_MAX = 20_000

/** A stage for tests: each event in a turn of its own of the real event loop, so that promises drain between events. */
export function createTestStage (): TestStage {
  let [nowMs, order] = [0, 0]
  let running: string | undefined
  let events: Array<{ dueMs: number, order: number, instance: string, callback: () => void }> = []

  async function step (untilMs: number): Promise<boolean> {
    const next = events.toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]
    if (next === undefined || next.dueMs > untilMs) {
      await turn()
      return false
    }
    await turn()
    events = events.filter((event) => event !== next)
    nowMs = next.dueMs
    running = next.instance
    next.callback()
    running = undefined
    await turn()
    return true
  }

  return {
    nowMs: () => nowMs,
    at (dueMs, instance, callback) {
      if (!(dueMs >= nowMs)) {
        throw new RangeError(`An event of ${instance} is due at ${dueMs} ms, but it is ${nowMs} ms already.`)
      }
      const event = { dueMs, order: order++, instance, callback }
      events.push(event)
      return () => { events = events.filter((other) => other !== event) }
    },
    async until (promise) {
      let settled = false
      const settle = (): void => { settled = true }
      promise.then(settle, settle)
      for (let idle = 0; !settled; idle++) {
        if (idle > IDLE_TURNS_MAX) {
          throw new Error(`Nothing happens any more at ${nowMs} ms, and the promise is not settled.`)
        }
        idle = await step(Infinity) ? 0 : idle
      }
      return promise
    },
    async runTo (untilMs) {
      while (await step(untilMs)) {
        // One more event has run.
      }
      nowMs = Math.max(nowMs, untilMs)
    },
    current: () => running,
    waiting: () => events.length
  }
}

export function silentLogger (): Logger {
  return Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, enabled: false, newScope: silentLogger })
}

/** An upgrader that hands out the connection as it stands, so that tests see what the transport does and no more. */
export function bareUpgrader (onInbound: (connection: MultiaddrConnection) => void): Upgrader {
  return {
    upgradeOutbound: async (connection: MultiaddrConnection) => connection as unknown as Connection,
    upgradeInbound: async (connection: MultiaddrConnection) => { onInbound(connection) },
    createInboundAbortSignal: () => { throw new AbortError() },
    getStreamMuxers: () => new Map(),
    getConnectionEncrypters: () => new Map()
  }
}

/** One instance with a bare transport that listens. */
export interface BareInstance {
  transport: Transport
  listener: Listener
  counters: NetworkCounters
  /** Accepted connections, oldest first. */
  inbound: MultiaddrConnection[]
  dial: (to: BareInstance, signal?: AbortSignal) => Promise<MultiaddrConnection>
}

export interface World {
  stage: TestStage
  network: SimulatedNetwork
  seen: NetworkEvent[]
  stand: (instance: string, region: string) => Promise<BareInstance>
  /** Both ends of a new connection. */
  connect: (from: BareInstance, to: BareInstance) => Promise<{ out: MultiaddrConnection, inn: MultiaddrConnection }>
}

/** A simulated network and what has been seen on it. */
export function createWorld (init: Omit<SimulatedNetworkInit, 'stage' | 'seed'> & { seed?: number }): World {
  const stage = createTestStage()
  const seen: NetworkEvent[] = []
  const network = createSimulatedNetwork({ seed: 1, observe: (event) => { seen.push(event) }, ...init, stage })

  async function stand (instance: string, region: string): Promise<BareInstance> {
    const counters = createCounters()
    const transport = network.transport({ instance, region, counters })({ logger: { forComponent: silentLogger } })
    const inbound: MultiaddrConnection[] = []
    const upgrader = bareUpgrader((connection) => { inbound.push(connection) })
    const listener = transport.createListener({ upgrader })
    await listener.listen(multiaddr('/ip4/0.0.0.0/tcp/0'))
    return {
      transport, listener, counters, inbound,
      async dial (to, signal = new AbortController().signal) {
        const [address] = to.listener.getAddrs()
        return await transport.dial(address!, { upgrader, signal }) as unknown as MultiaddrConnection
      }
    }
  }

  return {
    stage, network, seen, stand,
    async connect (from, to) {
      const before = to.inbound.length
      const out = await stage.until(from.dial(to))
      await stage.runTo(stage.nowMs() + 1000)
      return { out, inn: to.inbound[before]! }
    }
  }
}

/** Everything that arrives, and when, from now on. */
export function receive (stage: Stage, connection: MultiaddrConnection): Array<{ atMs: number, bytes: Uint8Array }> {
  const arrivals: Array<{ atMs: number, bytes: Uint8Array }> = []
  connection.addEventListener('message', ({ data }) => { arrivals.push({ atMs: stage.nowMs(), bytes: data.subarray() }) })
  return arrivals
}

/** Sends so many bytes as fast as they are taken; resolves when all are. */
export async function sendBytes (connection: Pick<MultiaddrConnection, 'send' | 'onDrain'>, count: number, pieceBytes = 65_536): Promise<void> {
  for (let sent = 0; sent < count; sent += pieceBytes) {
    if (!connection.send(new Uint8Array(Math.min(pieceBytes, count - sent)))) {
      await connection.onDrain()
    }
  }
}
