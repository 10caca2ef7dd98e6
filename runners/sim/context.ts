import { mkdirSync } from 'node:fs'
import { createRandom, phaseState, tellWait } from '../../plans/index.ts'
import type { SimulatedNetwork } from '../../network/simulated.ts'
import type { InstanceContext, Timeline } from '../../plans/index.ts'
import type { SyncTwin } from './sync-twin.ts'
import type { Actor, World } from './world.ts'

export interface ContextInit {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly sync: SyncTwin
  readonly actor: Actor
  readonly record: InstanceContext['record']
  readonly group: string
  /** Of the run. */
  readonly instances: number
  /** Of this instance in the run, from 0. */
  readonly number: number
  readonly params: Readonly<Record<string, string>>
  readonly seed: string
  /** Made here. */
  readonly temporaryDirectory: string
  /** Made here unless an earlier life has. */
  readonly storageDirectory: string
  readonly life: number
  readonly faults?: Timeline
  readonly signal: AbortSignal
}

/** The instance context of a simulation: what an instance waits for comes to it as events of its own. */
export function createContext (init: ContextInit): InstanceContext {
  const { world: { scheduler }, network, actor, number, params, seed, temporaryDirectory, signal } = init
  const sync = init.sync.contextOf((run) => { scheduler.at(scheduler.nowMs, run, actor) }, signal)
  mkdirSync(temporaryDirectory, { recursive: true })
  mkdirSync(init.storageDirectory, { recursive: true })

  return {
    group: init.group,
    instances: init.instances,
    index: number,
    params: Object.freeze({ ...params }),
    sync,
    clock: {
      nowMs: () => scheduler.nowMs,
      domain: 'simulation',
      sleep: (ms) => new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const told = tellWait(`${ms.toFixed(0)} ms to pass`)
        const abort = (): void => {
          takeBack()
          told()
          reject(signal.reason as Error)
        }
        const takeBack = scheduler.at(scheduler.nowMs + ms, () => {
          signal.removeEventListener('abort', abort)
          told()
          resolve()
        }, actor)
        signal.addEventListener('abort', abort, { once: true })
      })
    },
    random: (name) => createRandom(seed, name, `instance ${number}`),
    transport: ({ region, counters }) => network.transport({ instance: String(number), region, counters }),
    record: init.record,
    phase: (name) => sync.signal(phaseState(name)),
    faults: init.faults,
    life: init.life,
    // The network of a simulation is one, and is told what happens to its links once.
    followLinkFaults: () => undefined,
    storageDirectory: init.storageDirectory,
    temporaryDirectory,
    listen: ['/ip4/0.0.0.0/tcp/0'],
    signal
  }
}
