import { matches } from './filter.ts'
import { checkFilter } from './store/query.ts'
import type { Cancellable, Change, Filter, PeerEvents } from './api.ts'
import type { Contribution } from './contribution.ts'
import type { TypedEventTarget } from 'main-event'

/** How many changes may wait for a slow reader. */
const waitingMax = 100_000

export interface ChangesInit {
  events: TypedEventTarget<PeerEvents>
  isHeld: (contribution: Contribution) => boolean
  /** Ends all watching when the peer is closed. */
  closing: AbortSignal
  /** By default 100,000. */
  waitingMax?: number
}

/**
 * The changes that match, from the call on, until the signal or the peer's end.
 *
 * @throws {InvalidInputError} at once, where the filter is malformed
 * @throws {Error} when read, where the reader was so slow that changes were lost
 */
export function watchChanges (init: ChangesInit, filter: Filter, { signal }: Cancellable): AsyncGenerator<Change> {
  const { events, isHeld, closing } = init
  const checked = checkFilter(filter)
  const ended = signal == null ? closing : AbortSignal.any([closing, signal])
  const queue = createQueue(init.waitingMax ?? waitingMax)
  const note = (type: Change['type']) => ({ detail }: CustomEvent<Contribution>): void => {
    if (matches(detail, checked, () => isHeld(detail))) {
      queue.add({ type, contribution: detail })
    }
  }
  const [onContribution, onFile] = [note('contribution'), note('file')]
  const stop = (): void => {
    events.removeEventListener('contribution', onContribution)
    events.removeEventListener('file', onFile)
    ended.removeEventListener('abort', stop)
    queue.end()
  }
  events.addEventListener('contribution', onContribution)
  events.addEventListener('file', onFile)
  ended.addEventListener('abort', stop)

  if (ended.aborted) {
    stop()
  }

  const changes = read(queue, stop)
  const end = changes.return.bind(changes)
  // A generator that is ended before it was started runs nothing of its own, and so not what stops listening either.
  changes.return = (value) => {
    stop()
    return end(value)
  }
  return changes
}

async function * read (queue: Queue, stop: () => void): AsyncGenerator<Change> {
  try {
    while (await queue.ready()) {
      yield queue.take()
    }
  } finally {
    stop()
  }
}

interface Queue {
  /** Once it is full, what is added is lost, and the reader is told after what was there. */
  add (change: Change): void
  end (): void
  /** Resolves when a change can be taken, or to false at the end. */
  ready (): Promise<boolean>
  take (): Change
}

function createQueue (lengthMax: number): Queue {
  const waiting = new Set<Change>()
  let wake = Promise.withResolvers<void>()
  let ended = false
  let overflown = false

  return {
    add: (change) => {
      overflown ||= waiting.size >= lengthMax

      if (!overflown) {
        waiting.add(change)
      }

      wake.resolve()
    },
    end: () => {
      ended = true
      wake.resolve()
    },
    ready: async () => {
      while (waiting.size === 0 && !ended) {
        if (overflown) {
          throw new Error(`more than ${lengthMax} changes waited to be read and later ones are lost; read them faster, or query what is there`)
        }

        wake = Promise.withResolvers<void>()
        await wake.promise
      }

      return !ended
    },
    take: () => {
      const change = waiting.values().next().value as Change
      waiting.delete(change)
      return change
    }
  }
}
