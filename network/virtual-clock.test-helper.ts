import type { Clock } from './clock.ts'

export interface VirtualClock extends Clock {
  /** Jumps from timer to timer until none is left or the time has come. */
  runUntil: (untilMs: number) => void
  /** Lets time go by without a timer, as while the event loop is busy. */
  skip: (ms: number) => void
  /** How many timers have been set so far. */
  timersSet: () => number
  timersWaiting: () => number
}

/** A clock for tests that jumps to the next timer, exactly. */
export function createVirtualClock (): VirtualClock {
  let nowMs = 0
  let set = 0
  const timers = new Map<number, { dueMs: number, callback: () => void }>()
  return {
    leadMs: 0,
    nowMs: () => nowMs,
    setTimer (callback, delayMs) {
      const id = set++
      timers.set(id, { dueMs: nowMs + delayMs, callback })
      return () => { timers.delete(id) }
    },
    runUntil (untilMs) {
      for (;;) {
        const next = [...timers].sort((a, b) => a[1].dueMs - b[1].dueMs || a[0] - b[0])[0]
        if (next === undefined || next[1].dueMs > untilMs) {
          nowMs = Math.max(nowMs, untilMs)
          return
        }
        timers.delete(next[0])
        nowMs = Math.max(nowMs, next[1].dueMs)
        next[1].callback()
      }
    },
    skip: (ms) => { nowMs += ms },
    timersSet: () => set,
    timersWaiting: () => timers.size
  }
}
