import { WaitTimeoutError } from './errors.ts'

/**
 * Waits for `promise`, at most `timeoutMs`, and no longer than until `signal` aborts.
 *
 * @throws {WaitTimeoutError} `waited <s> s for <what>` when the time ran out; the signal's reason when it aborted
 */
export async function within<T> (promise: Promise<T>, timeoutMs: number, what: string, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new WaitTimeoutError(`waited ${timeoutMs / 1000} s for ${what}`)) }, timeoutMs)
  const onAbort = (): void => { reject(signal?.reason as Error) }
  signal?.addEventListener('abort', onAbort)

  try {
    return await Promise.race([promise, ended])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Like `within`, but a wait that ran out is an answer: true when the promise resolved in time. */
export async function resolvesWithin (promise: Promise<unknown>, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  try {
    await within(promise, timeoutMs, 'it', signal)
    return true
  } catch (err) {
    if (err instanceof WaitTimeoutError) {
      return false
    }

    throw err
  }
}
