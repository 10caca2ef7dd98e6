/** What the shaping needs of time. A simulator gives its own; times are ms with fractions, from any fixed origin. */
export interface Clock {
  /** Never goes backwards. */
  nowMs: () => number
  /** Calls back once, about `delayMs` from now, rather early than late; returns what takes the timer back. */
  setTimer: (callback: () => void, delayMs: number) => () => void
  /** How long before its time something may be done, in ms, where no timer hits the time itself; 0 where one does. */
  leadMs: number
}

/** The kernel lets a wait slip by a thousandth of its length, so a long one ends early, and whoever waits asks again. */
const LONG_WAIT_MS = 10
const EARLY_MS = 2

/**
 * Node's own clock and timers, which are truncated to whole milliseconds. The lead is half of such a tick, which puts the
 * error around zero instead of above it, and 0.25 ms that bytes measurably take from a write on a loopback socket to the
 * other process's event loop.
 */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs > LONG_WAIT_MS ? delayMs - EARLY_MS : delayMs)
    return () => { clearTimeout(timer) }
  },
  leadMs: 0.75
}
