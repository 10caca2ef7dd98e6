import { mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { network } from '@testground/sdk'
import { tcp } from '@libp2p/tcp'
import { createLinkState } from '../network/links.ts'
import { loadProfile } from '../network/profile.ts'
import { shaped } from '../network/shaped.ts'
import { measureClock, serveClock } from './clock-probe.ts'
import { followLinkFaults } from './faults/links.ts'
import { encodePayload } from './payload.ts'
import { createRandom } from './random.ts'
import { phaseState } from './phases.ts'
import { processUsage } from './resources.ts'
import { within } from './wait.ts'
import type { Timeline } from './faults/timeline.ts'
import type { FileRecorder } from './recorder.ts'
import type { ClockProbe, InstanceClock, InstanceContext, Sidecar, SyncContext } from './context.ts'
import type { RunEnv } from '@testground/sdk/dist/src/runtime/types.js'
import type { SyncClient } from '@testground/sdk/dist/src/sync/types.js'

type NetworkClient = ReturnType<typeof network.newClient>

/** How long a request may take that the sync service answers at once. */
const requestTimeoutMs = 30_000

export interface TestgroundContextInit {
  runenv: RunEnv
  client: SyncClient
  recorder: FileRecorder
  signal: AbortSignal
  temporaryDirectory: string
  onPhase: (name: string) => void
  /** What a runner of ours tells beyond Testground: the number in the run, the life, and its storage. */
  place?: Place
  faults?: Timeline
}

export interface Place {
  readonly index: number
  readonly life: number
  readonly storageDirectory: string
  readonly blockPool?: string
}

/** The instance context over `@testground/sdk`, for a real Testground and for the local runner alike. */
export async function createTestgroundContext (init: TestgroundContextInit): Promise<InstanceContext> {
  const { runenv, client, signal } = init
  // A sidecar is waited for only where it is to shape the network, because it may be none but in name.
  const networkClient = network.newClient(client, runenv)
  const sync = createSyncContext(client, signal)
  const index = init.place?.index ?? await sync.signal('initialized_global') - 1
  await sync.signal(`initialized_group_${runenv.testGroupId}`)
  const { seed = '1' } = runenv.testInstanceParams
  const { clock, clockProbe } = createHostClock(signal, networkClient.getDataNetworkIP())
  const isShaped = ['stream', undefined].includes(runenv.testInstanceParams.shaping)
  const unshaped = await loadProfile('none')
  const links = createLinkState()
  const storageDirectory = init.place?.storageDirectory ?? join(init.temporaryDirectory, 'storage')
  mkdirSync(storageDirectory, { recursive: true })

  return {
    group: runenv.testGroupId,
    instances: runenv.testInstanceCount,
    index,
    params: Object.freeze({ ...runenv.testInstanceParams }),
    sync,
    clock,
    clockProbe,
    ...(runenv.testSidecar ? { sidecar: createSidecar(networkClient, runenv.testInstanceCount, signal) } : {}),
    random: (name) => createRandom(seed, name, `instance ${index}`),
    transport: ({ profile, region, counters }) => shaped(tcp(), {
      profile: isShaped ? profile : unshaped, region, counters, instance: String(index), seed: `${seed} ${index}`, links
    }),
    record: init.recorder,
    usage: processUsage,
    phase: async (name) => {
      init.onPhase(name)
      return sync.signal(phaseState(name))
    },
    faults: init.faults,
    life: init.place?.life ?? 0,
    followLinkFaults: (faults, startMs) => { followLinkFaults({ faults, startMs, links, clock, record: init.recorder, signal }) },
    storageDirectory,
    blockPool: init.place?.blockPool,
    temporaryDirectory: init.temporaryDirectory,
    listen: [`/ip4/${networkClient.getDataNetworkIP()}/tcp/0`],
    signal
  }
}

/**
 * The monotonic clock of this machine, which all its processes share. Its domain is the boot of the
 * kernel, so that containers of one machine find that they share it and machines find that they do not.
 */
function createHostClock (signal: AbortSignal, host: string): { clock: InstanceClock, clockProbe: ClockProbe } {
  let offsetMs = 0
  const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6 + offsetMs
  const clock: InstanceClock = {
    nowMs,
    domain: bootId(),
    sleep: async (ms) => {
      try {
        await delay(ms, undefined, { signal })
      } catch {
        signal.throwIfAborted()
      }
    }
  }
  return {
    clock,
    clockProbe: {
      serve: () => serveClock(host, nowMs),
      measure: (address) => measureClock(address, nowMs),
      adopt: (offset) => { offsetMs += offset.offsetMs }
    }
  }
}

/** The SDK's network client, whose types lack what the sidecar reads: latencies in nanoseconds, rates in bits per second. */
function createSidecar (client: NetworkClient, instances: number, signal: AbortSignal): Sidecar {
  const nanoseconds = (ms: number): number => Math.round(ms * 1e6)
  return {
    configure: async ({ latencyMs, jitterMs, bandwidthBitsPerSecond, lossPercent }, state, timeoutMs) => {
      await within(client.waitNetworkInitialized(), timeoutMs, 'the sidecar to initialize the network', signal)
      const config = {
        network: 'default',
        enable: true,
        default: { latency: nanoseconds(latencyMs), jitter: nanoseconds(jitterMs), bandwidth: bandwidthBitsPerSecond, loss: lossPercent },
        routingPolicy: network.DENY_ALL,
        callbackState: state,
        callbackTarget: instances
      } as unknown as Parameters<NetworkClient['configureNetwork']>[0]
      await within(client.configureNetwork(config), timeoutMs, `the sidecars of ${instances} instances to shape the network`, signal)
    }
  }
}

function bootId (): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return hostname()
  }
}

/** The SDK loses errors, waits without limit and never refuses a payload; this adds what it lacks. */
function createSyncContext (client: SyncClient, signal: AbortSignal): SyncContext {
  return {
    signal: (state) => within(client.signalEntry(state), requestTimeoutMs, `the sync service to count state ${state}`, signal),
    barrier: async (state, target, timeoutMs) => {
      const barrier = await client.barrier(state, target)
      await within(barrier.wait, timeoutMs, `${target} instances to reach state ${state}`, signal)
    },
    publish: async (topic, payload) => {
      // The client encodes it later, when its owner may have changed it.
      const copy: unknown = JSON.parse(encodePayload(topic, payload))
      await within(client.publish(topic, copy), requestTimeoutMs, `the sync service to take a payload on topic ${topic}`, signal)
    },
    collect: async <T> (topic: string, count: number, timeoutMs: number) => {
      const subscription = await client.subscribe(topic)
      const payloads: T[] = []

      const read = async (): Promise<void> => {
        while (payloads.length < count) {
          const { value, done } = await subscription.wait.next()

          if (done === true) {
            throw new Error(`topic ${topic} ended after ${payloads.length} of ${count} payloads`)
          }

          payloads.push(value as T)
        }
      }

      try {
        await within(read(), timeoutMs, `${count} payloads on topic ${topic}`, signal)
      } finally {
        subscription.cancel()
      }

      return payloads
    },
    follow: async <T> (topic: string, onPayload: (payload: T) => void) => {
      const subscription = await client.subscribe(topic)

      const read = async (): Promise<void> => {
        for (let next = await subscription.wait.next(); next.done !== true; next = await subscription.wait.next()) {
          onPayload(next.value as T)
        }
      }

      let isOver = false
      // Nobody awaits this: what goes wrong before its end, in a listener too, ends the instance as any error that no case caught.
      void read().catch((err: Error) => {
        if (!isOver) {
          throw err
        }
      })
      return () => {
        isOver = true
        subscription.cancel()
      }
    }
  }
}
