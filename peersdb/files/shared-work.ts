/** Work that several callers wait for, done once; it is given up when none of them waits any more. */
export interface SharedWork {
  /** How many pieces of work are under way. */
  readonly size: number
  /** Joins the work under that key, or begins it; rejects when the signal aborts, whatever becomes of the work. */
  join (key: string, signal: AbortSignal, begin: (signal: AbortSignal) => Promise<void>): Promise<void>
}

interface Work {
  done: Promise<void>
  controller: AbortController
  waiting: number
}

export function createSharedWork (): SharedWork {
  const works = new Map<string, Work>()

  function start (key: string, begin: (signal: AbortSignal) => Promise<void>): Work {
    const controller = new AbortController()
    const work: Work = { done: begin(controller.signal), controller, waiting: 0 }
    works.set(key, work)
    return work
  }

  return {
    get size () {
      return works.size
    },
    join: async (key, signal, begin) => {
      signal.throwIfAborted()
      const work = works.get(key) ?? start(key, begin)
      const aborted = Promise.withResolvers<never>()
      const abort = (): void => { aborted.reject(signal.reason as Error) }
      work.waiting++
      signal.addEventListener('abort', abort, { once: true })

      try {
        await Promise.race([work.done, aborted.promise])
      } finally {
        signal.removeEventListener('abort', abort)

        // Whoever comes later begins anew, as this work is done, has failed, or is given up here.
        if (--work.waiting === 0) {
          works.delete(key)
          work.controller.abort()
        }
      }
    }
  }
}
