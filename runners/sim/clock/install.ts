import { syncBuiltinESMExports } from 'node:module'
import { performance } from 'node:perf_hooks'
import { Actor, currentActor, runAs } from './actor.ts'
import { startAudit } from './audit.ts'
import { installCharges } from './charges.ts'
import { installDatabases } from './databases.ts'
import { installDates } from './dates.ts'
import { installNative } from './native.ts'
import { createPace } from './pace.ts'
import { installRandom } from './random.ts'
import { installRefusals } from './refusals.ts'
import { Scheduler } from './scheduler.ts'
import { installTimers } from './timers.ts'
import type { CostTable } from '../costs.ts'
import type { Ungoverned } from './audit.ts'

/** What of the real world is still of use: to the harness alone, never to what is simulated. */
export interface World {
  readonly scheduler: Scheduler
  readonly harness: Actor
  /** @param life - of the instance of this name; each has its own streams of chance */
  createActor (name: string, life?: number): Actor
  runAs<T> (actor: Actor, work: () => T): T
  /** Whose event runs; undefined while the program is loaded. */
  currentActor (): Actor | undefined
  /** From now on, what cannot be simulated throws. Libraries may load native add-ons until then. */
  close (): void
  /** Looks from now on at what virtual time does not govern; returns what tells it. For tests. */
  startAudit (): () => Ungoverned[]
  /** Real milliseconds since the process was started. */
  realNowMs (): number
  /** Called between events, now and then. */
  onProgress?: () => void
}

export interface WorldInit {
  readonly seed: string
  /** Binds virtual time to the real one. */
  readonly paced: boolean
  /** What computing costs; absent: nothing. */
  readonly costs?: CostTable
}

/**
 * Replaces time, chance and native work of this process, for good, by those of a simulation. It must run before any
 * library is loaded, because many keep what they need of these when they are.
 */
export async function installWorld ({ seed, paced, costs }: WorldInit): Promise<World> {
  const real = { now: performance.now.bind(performance), setTimeout: globalThis.setTimeout, setImmediate: globalThis.setImmediate }
  const harness = new Actor('harness', seed)
  const scheduler: Scheduler = new Scheduler({
    harness,
    setImmediate: real.setImmediate,
    eventCostMs: costs?.eventMs,
    pace: paced ? createPace(real) : undefined,
    onProgress: () => { world.onProgress?.() }
  })
  const world: World = {
    scheduler,
    harness,
    createActor: (name, life = 0) => new Actor(name, life === 0 ? seed : JSON.stringify([seed, 'life', life])),
    runAs,
    currentActor,
    close: () => {
      installRefusals()
      syncBuiltinESMExports()
    },
    startAudit,
    realNowMs: real.now
  }
  await installNative(scheduler)
  installTimers(scheduler)
  installDates(scheduler)
  installRandom(scheduler, harness)
  installDatabases()

  if (costs != null) {
    installCharges(scheduler, costs)
  }

  syncBuiltinESMExports()
  return world
}
