/** Binds virtual time to the real one, so that what computing costs shows as it does in a real run. */
export interface Pace {
  /** Real milliseconds since the simulation began. */
  nowMs (): number
  /** Whether the time of an event has come; where it has not, `wake` is called when it has. */
  isDue (dueMs: number, wake: () => void): boolean
  /** Whether `wake` is still to be called. */
  readonly isWaiting: boolean
}

/** Node's own, taken before they were replaced. */
export interface RealTime {
  now (): number
  setTimeout (callback: () => void, delayMs: number): unknown
}

/** Timers of Node are whole milliseconds: the last part of a wait is spent in turns of the event loop. */
const turnsMs = 1.5

export function createPace (real: RealTime): Pace {
  const startedMs = real.now()
  let waiting = false
  const nowMs = (): number => real.now() - startedMs

  return {
    nowMs,
    get isWaiting () { return waiting },
    isDue: (dueMs, wake) => {
      const leftMs = dueMs - nowMs()

      if (leftMs > turnsMs && !waiting) {
        waiting = true
        real.setTimeout(() => {
          waiting = false
          wake()
        }, leftMs - turnsMs)
      }

      return leftMs <= 0
    }
  }
}
