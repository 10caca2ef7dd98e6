import type { AbstractMultiaddrConnection } from '@libp2p/utils'

/** Whether a connection is closed, aborted or reset. */
export function isOver ({ status }: AbstractMultiaddrConnection): boolean {
  return status === 'aborted' || status === 'reset' || status === 'closed'
}

/** Calls back once the connection is over, at once when it is already. */
export function whenClosed (connection: AbstractMultiaddrConnection, closed: () => void): void {
  if (isOver(connection)) {
    closed()
  } else {
    connection.addEventListener('close', closed, { once: true })
  }
}

/** What the promise gives. @throws the reason of the signal when it aborts before */
export async function orAborted<T> (promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => { aborted.reject(signal?.reason) }
  signal?.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
