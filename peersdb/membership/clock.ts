/** What membership needs of time, so that a test need not wait for it. Times are in ms, from any fixed origin. */
export interface Clock {
  /** Never goes backwards. */
  nowMs: () => number
  /** Calls back once, about `delayMs` from now; returns what takes the timer back. */
  setTimer: (callback: () => void, delayMs: number) => () => void
}

/** The longest delay that a Node timer keeps; a longer one would fire at once. */
const delayMsMax = 2 ** 31 - 1

/** Node's own clock and timers, which do not keep the process alive. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, delayMsMax)).unref()
    return () => { clearTimeout(timer) }
  }
}
