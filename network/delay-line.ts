import { createHeap } from './heap.ts'
import type { Clock } from './clock.ts'

/** Calls things back at their due times, with one timer however many wait. */
export interface DelayLine {
  nowMs: () => number
  /**
   * Calls `run` when `dueMs` has come, in order of due time and then of asking; returns what takes it back.
   * `run` gets the horizon: everything due until then may go now.
   */
  at: (dueMs: number, run: (horizonMs: number) => void) => () => void
  /** Everything due until this time may go now: the clock's time and its lead. */
  horizonMs: () => number
}

interface Entry {
  dueMs: number
  order: number
  run: ((horizonMs: number) => void) | undefined
}

/** What is due within the clock's lead goes at once, instead of up to a whole timer tick late. */
export function createDelayLine (clock: Clock): DelayLine {
  const heap = createHeap<Entry>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order))
  let order = 0
  let armedMs = Infinity
  let disarm: (() => void) | undefined
  let running = false

  const horizonMs = (): number => clock.nowMs() + clock.leadMs

  function arm (): void {
    const head = heap.first()
    if (running || head === undefined || head.dueMs >= armedMs) {
      return
    }
    disarm?.()
    armedMs = head.dueMs
    disarm = clock.setTimer(wake, Math.max(0, head.dueMs - clock.nowMs()))
  }

  function wake (): void {
    armedMs = Infinity
    disarm = undefined
    running = true
    try {
      // Only what is due at the start is run: callbacks that ask for more must not keep the event loop from the rest.
      const horizon = horizonMs()
      for (let head = heap.first(); head !== undefined && head.dueMs <= horizon; head = heap.first()) {
        heap.pop()
        head.run?.(horizon)
      }
    } finally {
      running = false
      arm()
    }
  }

  return {
    nowMs: () => clock.nowMs(),
    horizonMs,
    at (dueMs, run) {
      const entry: Entry = { dueMs, order: order++, run }
      heap.push(entry)
      arm()
      // The entry stays in the heap until its time, but holds nothing any more.
      return () => { entry.run = undefined }
    }
  }
}

/** Waits on the delay line until a time has come. @throws the reason of the signal when it aborts before */
export async function waitUntil (delayLine: DelayLine, dueMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (dueMs <= delayLine.horizonMs()) {
    return
  }
  const come = Promise.withResolvers<void>()
  const takeBack = delayLine.at(dueMs, () => { come.resolve() })
  const onAbort = (): void => {
    takeBack()
    come.reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort)
  await come.promise.finally(() => { signal.removeEventListener('abort', onAbort) })
}
