export interface Slots {
  /** Resolves when so many slots are free, or all of them where there are not as many; disposing gives them back. */
  take (signal: AbortSignal, wanted?: number): Promise<AsyncDisposable>
}

/** At most `count` slots are taken at a time; whoever wants more waits in order, until the signal. */
export function createSlots (count: number): Slots {
  const waiting = new Set<{ taken: number, resolve: () => void }>()
  let free = count

  const serve = (): void => {
    for (const next of waiting) {
      if (next.taken > free) {
        return
      }

      waiting.delete(next)
      free -= next.taken
      next.resolve()
    }
  }

  return {
    take: async (signal, wanted = 1) => {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const next = { taken: Math.min(wanted, count), resolve }
      const abort = (): void => {
        waiting.delete(next)
        reject(signal.reason as Error)
        serve()
      }
      waiting.add(next)
      signal.addEventListener('abort', abort, { once: true })
      serve()
      await promise
      signal.removeEventListener('abort', abort)
      return {
        [Symbol.asyncDispose]: async () => {
          free += next.taken
          serve()
        }
      }
    }
  }
}
