import { startInstance } from './instance.ts'
import type { Seat } from '../faults.ts'
import type { InstanceResult } from '../outcome.ts'
import type { Instance, InstanceInit } from './instance.ts'

/** Where one instance is carried out as a process, life after life. */
export interface LocalSeat extends Seat {
  readonly group: string
  readonly index: number
  /** Resolves, never rejects, when the process of its last life has ended, or that of an earlier one which no fault has ended. */
  readonly ended: Promise<InstanceResult>
  /** Whether its result is still to come: a process runs, or a life is to follow. */
  readonly running: boolean
  /** Ends what runs, because the run is over; no further life begins. */
  kill (signal: NodeJS.Signals): void
}

/** Starts the first process of an instance. @param initOf what a life's process is started with */
export function openSeat (initOf: (life: number) => InstanceInit): LocalSeat {
  const ended = Promise.withResolvers<InstanceResult>()
  /** Those that a fault has ended: what becomes of them is no result. */
  const crashed = new WeakSet<Instance>()
  let current = startInstance(initOf(0))
  let lives = 1
  let [isOver, isEnding] = [false, false]
  const { group, index } = current

  const settle = (result: InstanceResult): void => {
    isOver = true
    ended.resolve(lives === 1 ? result : { ...result, lives })
  }
  const watch = (instance: Instance): void => {
    void instance.ended.then((result) => {
      if (!crashed.has(instance)) {
        settle(result)
      }
    })
  }
  watch(current)

  return {
    group,
    index,
    ended: ended.promise,
    get running () { return !isOver },
    crash: (comesBack) => {
      const instance = current

      // One that has ended by itself has done so too early, which is its result.
      if (!isOver && instance.running) {
        crashed.add(instance)
        instance.kill('SIGKILL')

        if (!comesBack) {
          void instance.ended.then((result) => { settle({ ...result, outcome: 'removed', stopped: false, lastLines: [] }) })
        }
      }
    },
    pause: () => { current.signal('SIGSTOP') },
    resume: () => { current.signal('SIGCONT') },
    start: (life) => {
      const former = current

      // A process that was killed holds its disk until it is no more.
      void former.ended.then(() => {
        if (!isOver && !isEnding) {
          lives++
          current = startInstance(initOf(life))
          watch(current)
        }
      })
    },
    kill: (signal) => {
      isEnding = true
      // One that is stopped would hear of nothing.
      current.signal('SIGCONT')
      current.kill(signal)

      if (crashed.has(current)) {
        void current.ended.then((result) => { settle({ ...result, outcome: 'missing', stopped: true }) })
      }
    }
  }
}
