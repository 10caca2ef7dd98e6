import { startInstance } from './instance.ts'
import type { Seat } from '../faults.ts'
import type { InstanceResult } from '../outcome.ts'
import type { InstanceInit, InstancePlace, SimulatedInstance } from './instance.ts'
import type { Actor } from './world.ts'

/** Where one instance of the plan is carried out in a simulation, life after life. */
export interface SimulatedSeat extends Seat {
  readonly place: InstancePlace
  /** That of its latest life. */
  readonly actor: Actor
  /** Resolves, never rejects, when its last life has ended, or an earlier one that no fault has ended. */
  readonly ended: Promise<InstanceResult>
  /** Tells the case to stop. */
  stop (): void
  /** Ends it although its case has not, as an uncaught error does to a process. */
  fail (reason: unknown): void
  /** Ends it without a result, because the simulation is over. */
  abandon (): void
}

/** Starts the first life of an instance; its first event comes at `startMs`. */
export function openSeat (init: Omit<InstanceInit, 'life'>, startMs: number): SimulatedSeat {
  const { world: { scheduler }, network, place } = init
  const ended = Promise.withResolvers<InstanceResult>()
  let current = startInstance({ ...init, life: 0 }, startMs)
  let lives = 1

  const settle = (outcome: 'removed' | 'missing'): void => {
    ended.resolve({
      group: place.group, index: place.index, outcome, exitCode: null, signal: outcome === 'removed' ? 'SIGKILL' : null,
      stopped: outcome === 'missing', lastLines: [], lives
    })
  }
  const watch = (instance: SimulatedInstance): void => {
    void instance.ended.then((result) => { ended.resolve(lives === 1 ? result : { ...result, lives }) })
  }
  watch(current)

  return {
    place,
    get actor () { return current.actor },
    ended: ended.promise,
    crash: (comesBack) => {
      // What came while it was stopped meets a host without it.
      scheduler.resume(current.actor)
      current.kill()
      network.crash(String(place.number), { resets: true })

      if (!comesBack) {
        settle('removed')
      }
    },
    pause: () => { scheduler.pause(current.actor) },
    resume: () => { scheduler.resume(current.actor) },
    start: (life) => {
      const { actor } = current
      lives++
      current = startInstance({ ...init, life }, scheduler.nowMs)
      actor.heir = current.actor
      watch(current)
    },
    stop: () => { current.stop() },
    fail: (reason) => { current.crash(reason) },
    abandon: () => {
      current.abandon()
      settle('missing')
    }
  }
}
