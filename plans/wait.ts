import { channel } from 'node:diagnostics_channel'
import { WaitTimeoutError } from './errors.ts'

/** Who watches a run can hear on this channel what an instance begins and ceases to wait for. */
export const waitChannel = 'peerslab.wait'

export interface WaitEvent {
  /** The same object at the beginning and at the end. */
  readonly wait: { readonly what: string }
  readonly ended: boolean
}

const waits = channel(waitChannel)

/** Tells that the instance begins to wait for something; returns what tells that it does not any more. */
export function tellWait (what: string): () => void {
  const wait = { what }
  waits.publish({ wait, ended: false } satisfies WaitEvent)
  return () => { waits.publish({ wait, ended: true } satisfies WaitEvent) }
}

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
  const told = tellWait(what)
  signal?.addEventListener('abort', onAbort)

  try {
    return await Promise.race([promise, ended])
  } finally {
    told()
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Like `within`, but a wait that ran out is an answer: true when the promise resolved in time. */
export async function resolvesWithin (
  promise: Promise<unknown>, timeoutMs: number, what: string, signal?: AbortSignal
): Promise<boolean> {
  try {
    await within(promise, timeoutMs, what, signal)
    return true
  } catch (err) {
    if (err instanceof WaitTimeoutError) {
      return false
    }

    throw err
  }
}
