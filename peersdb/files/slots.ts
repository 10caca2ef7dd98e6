export interface Slots {
  /** Resolves when a slot is free; disposing gives it back. */
  take (signal: AbortSignal): Promise<AsyncDisposable>
}

/** At most `count` holders at a time; the others wait in order, until their signal. */
export function createSlots (count: number): Slots {
  const waiting = new Set<() => void>()
  let free = count

  const release = (): void => {
    const [next] = waiting

    if (next == null) {
      free++
    } else {
      waiting.delete(next)
      next()
    }
  }

  return {
    take: async (signal) => {
      signal.throwIfAborted()

      if (free > 0) {
        free--
      } else {
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        const abort = (): void => { waiting.delete(resolve); reject(signal.reason as Error) }
        waiting.add(resolve)
        signal.addEventListener('abort', abort, { once: true })
        await promise
        signal.removeEventListener('abort', abort)
      }

      return { [Symbol.asyncDispose]: async () => { release() } }
    }
  }
}
