import { SyncLimitError } from './errors.ts'

/** The subscriptions and barriers that one connection has open, by the id of the request that opened them. */
export interface Waits {
  /**
   * Opens a wait. `open` returns the function that ends it early, and is handed the function to call when it is over;
   * it may be over before `open` returns.
   *
   * @throws SyncLimitError when the connection has as many open as it may
   */
  add (id: string, open: (done: () => void) => () => void): void
  /** Ends what was opened under an id, silently; an unknown id is ignored. */
  cancel (id: string): void
  cancelAll (): void
}

export function createWaits (waitsMax: number): Waits {
  const open = new Map<string, Set<() => void>>()
  let size = 0

  function remove (id: string, end: () => void): void {
    const ends = open.get(id)
    if (ends?.delete(end) !== true) return
    size--
    if (ends.size === 0) open.delete(id)
  }

  function cancel (id: string): void {
    for (const end of [...open.get(id) ?? []]) {
      remove(id, end)
      end()
    }
  }

  return {
    add (id, start) {
      if (size >= waitsMax) {
        throw new SyncLimitError(`sync service: a client was disconnected because it had ${waitsMax} subscriptions and barriers ` +
          'open and asked for one more; cancel what is no longer needed')
      }
      let over = false
      let stop = (): void => {}
      const end = (): void => stop()
      open.set(id, (open.get(id) ?? new Set()).add(end))
      size++
      try {
        stop = start(() => { over = true; remove(id, end) })
      } catch (error) {
        remove(id, end)
        throw error
      }
      if (over) remove(id, end)
    },
    cancel,
    cancelAll () {
      for (const id of [...open.keys()]) cancel(id)
    }
  }
}
