import { subscribe } from 'node:diagnostics_channel'
import { waitChannel } from '../../plans/index.ts'
import { describe, isBad } from '../outcome.ts'
import type { WaitEvent } from '../../plans/index.ts'
import type { InstanceResult, RunEnd } from '../outcome.ts'
import type { SimulatedSeat } from './seat.ts'
import type { Actor, World } from './world.ts'

/** When one instance ended badly, the others may have this long to end by themselves, in virtual milliseconds. */
const graceMs = 1_000
/** After being told to stop, an instance may have this long to end, in virtual milliseconds. */
const stopMs = 2_000
/** So many waits of instances are told of when nothing is left to happen. */
const shownWaits = 8

export interface Conducted {
  readonly results: readonly InstanceResult[]
  readonly end: RunEnd
}

export interface ConductInit {
  readonly world: World
  readonly instances: ReadonlyArray<Pick<SimulatedSeat, 'ended' | 'stop' | 'abandon'>>
  /** In virtual milliseconds. */
  readonly timeoutMs: number
  readonly say: (sentence: string) => void
}

/** Lets a simulation run until all instances have ended, one of them ended badly, the time is over or nothing can happen any more. */
export async function conduct ({ world, instances, timeoutMs, say }: ConductInit): Promise<Conducted> {
  const { scheduler, harness } = world
  const waits = watchWaits(world)
  let left = instances.length
  let firstBad: InstanceResult | undefined
  let cutShort: string | undefined

  const stopAll = (): void => {
    instances.forEach((instance) => { instance.stop() })
    scheduler.at(scheduler.nowMs + stopMs, () => { scheduler.stop('stopped') }, harness)
  }
  const cut = (reason: string): void => {
    cutShort = reason
    stopAll()
  }

  for (const { ended } of instances) {
    void ended.then((result) => {
      if (isBad(result) && firstBad == null) {
        firstBad = result
        say(describe(result))
        scheduler.at(scheduler.nowMs + graceMs, stopAll, harness)
      }

      if (--left === 0) {
        scheduler.stop('done')
      }
    })
  }

  process.once('SIGTERM', () => { cut('the run was interrupted') })
  const why = await scheduler.run(timeoutMs)

  if (why === 'deadlock') {
    cutShort = `nothing is left to happen at ${(scheduler.nowMs / 1000).toFixed(3)} s of virtual time; ${waits.describe()}`
  } else if (why === 'late') {
    cut(`the run was ended after ${timeoutMs / 1000} s of virtual time, its time-out; ${waits.describe()}`)
    await scheduler.run()
  }

  instances.forEach((instance) => { instance.abandon() })
  return { results: await Promise.all(instances.map(({ ended }) => ended)), end: { firstBad, cutShort } }
}

/** Keeps in mind what each instance waits for. */
function watchWaits (world: World): { describe: () => string } {
  const waiting = new Map<WaitEvent['wait'], Actor>()
  subscribe(waitChannel, (message) => {
    const { wait, ended } = message as WaitEvent

    if (ended) {
      waiting.delete(wait)
    } else {
      waiting.set(wait, world.currentActor() ?? world.harness)
    }
  })

  return {
    describe: () => {
      const all = [...waiting].filter(([, actor]) => !actor.isOver).map(([{ what }, { name }]) => `${name} waits for ${what}`)
      const more = all.length > shownWaits ? `, and ${all.length - shownWaits} more` : ''
      return all.length === 0 ? 'no instance says what it waits for' : `${all.slice(0, shownWaits).join(', ')}${more}`
    }
  }
}
