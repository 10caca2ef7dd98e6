/** How long somebody waits for another chance if nothing happens, in milliseconds: at first, and at most. */
const pauseMsMin = 1_000
const pauseMsMax = 60_000

/** For those who try something that can succeed only after something has changed elsewhere. */
export interface Chances {
  /** How many changes there were; take it before a try, so that none during the try is missed. */
  readonly changes: number
  /** Resolves at the first change after `changes`, or after a pause that doubles with each try that has failed. */
  next (options: { changes: number, tries: number, signal: AbortSignal }): Promise<void>
  /** Something has changed, such as that a peer came that may have what was missing. */
  now (): void
}

export function createChances (): Chances {
  const waiting = new Set<() => void>()
  let current = 0

  return {
    get changes () {
      return current
    },
    next: async ({ changes, tries, signal }) => {
      signal.throwIfAborted()

      if (changes !== current) {
        return
      }

      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const abort = (): void => { reject(signal.reason as Error) }
      const timer = setTimeout(resolve, Math.min(pauseMsMax, pauseMsMin * 2 ** tries))
      timer.unref()
      waiting.add(resolve)
      signal.addEventListener('abort', abort, { once: true })

      try {
        await promise
      } finally {
        clearTimeout(timer)
        waiting.delete(resolve)
        signal.removeEventListener('abort', abort)
      }
    },
    now: () => {
      current++
      waiting.forEach((wake) => { wake() })
    }
  }
}
