/** Time, as validation needs it; a simulator gives its own. */
export interface ValidationClock {
  /** Milliseconds since 1970, with fractions; votes expire by it. */
  nowMs (): number
  /** Resolves after so many milliseconds; rejects with the signal's reason when that is aborted earlier. */
  after (ms: number, signal: AbortSignal): Promise<void>
}

/** The machine's time as it was when the process started, moving on at a steady pace. */
export const realClock: ValidationClock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  after: (ms, signal) => new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const onAbort = (): void => { clearTimeout(timer); reject(signal.reason as Error) }
    const timer = setTimeout(() => { signal.removeEventListener('abort', onAbort); resolve() }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** Something took longer than it may. */
export class ValidationTimeoutError extends Error {
  override name = 'ValidationTimeoutError'
}

export interface TimeLimit {
  clock: ValidationClock
  ms: number
  /** What is limited, as the beginning of a sentence. */
  what: string
}

/**
 * Does work that may take `ms` at most. The promise settles in that time even where the work ignores its signal.
 *
 * @throws {ValidationTimeoutError} that names `what`, when the time is over
 */
export async function within<T> (limit: TimeLimit, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, ms, what } = limit
  const over = new AbortController()
  const ended = new AbortController()
  const limited = AbortSignal.any([signal, over.signal])
  clock.after(ms, AbortSignal.any([signal, ended.signal]))
    .then(() => { over.abort(new ValidationTimeoutError(`${what} took longer than ${ms} ms; allow it more time or try again later`)) }, () => {
      // The work ended first, or the caller gave up, which the work learns from its own signal.
    })

  try {
    return await orAborted(work(limited), limited)
  } finally {
    ended.abort()
  }
}

/** The promise's outcome, or the signal's reason as soon as it is aborted. */
export function orAborted<T> (promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => { reject(signal.reason as Error) }
    promise.then(resolve, reject).finally(() => { signal.removeEventListener('abort', onAbort) })

    if (signal.aborted) {
      onAbort()
    } else {
      signal.addEventListener('abort', onAbort, { once: true })
    }
  })
}
