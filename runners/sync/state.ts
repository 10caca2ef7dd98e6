import { SyncLimitError } from './errors.ts'

interface State {
  count: number
  /** Who waits for the count to become the key. */
  waiters: Map<number, Set<() => void>>
}

/** Reads one topic from its first message on, at the reader's own pace. */
export interface TopicReader {
  /** The next message as it was published, and its number from 1; undefined when the reader is up to date. */
  next (): { encoded: string, seq: number } | undefined
  stop (): void
}

export interface SyncState {
  /** Adds one to a state and returns the new count. Barriers that this satisfies are released before it returns. */
  signal (state: string): number
  /** Number of signals a state has had; 0 for a state nobody signalled. */
  count (state: string): number
  /**
   * Calls `reached` once, when the state has had `target` signals: at once if it already has. Returns the function
   * that gives up waiting.
   */
  barrier (state: string, target: number, reached: () => void): () => void
  /** Appends an encoded payload to a topic and returns its number, from 1. */
  publish (topic: string, encoded: string): number
  /** Opens a reader at the first message of a topic; `appended` is called whenever there is more to read. */
  read (topic: string, appended: () => void): TopicReader
}

interface Topic {
  log: string[]
  readers: Set<() => void>
}

function createState (): State {
  return { count: 0, waiters: new Map() }
}

function createTopic (): Topic {
  return { log: [], readers: new Set() }
}

/** Bytes charged for a key beside its characters, so that very many short ones are bounded too. */
const keyOverheadBytes = 64

/** Counts what is kept; throws once the sum would pass the bound. */
function createBudget (bytesMax: number): (bytes: number, what: string) => void {
  let held = 0
  return (bytes, what) => {
    if (held + bytes > bytesMax) {
      throw new SyncLimitError(`sync service: ${what} does not fit any more: the run's topics and states hold ` +
        `${held} of at most ${bytesMax} bytes already; publish less, or a hash of it`)
    }
    held += bytes
  }
}

/**
 * The states and topics of a sync service, without any sockets. A topic is a log, and a subscriber is a position in
 * it: that is what gives all subscribers one order, replays the past to a late one, and lets a stalled one cost
 * nothing to anybody else. Nothing is forgotten before the service ends.
 *
 * @param retainedBytesMax bound on what topics and keys may hold together, in bytes of their encoded characters
 */
export function createSyncState (retainedBytesMax: number): SyncState {
  const states = new Map<string, State>()
  const topics = new Map<string, Topic>()
  const retain = createBudget(retainedBytesMax)

  function find<T> (all: Map<string, T>, key: string, create: () => T, kind: string): T {
    const known = all.get(key)
    if (known !== undefined) return known
    retain(key.length + keyOverheadBytes, `the ${kind} "${key.slice(0, 200)}"`)
    const created = create()
    all.set(key, created)
    return created
  }

  return {
    signal (key) {
      const state = find(states, key, createState, 'state')
      const seq = ++state.count
      const released = state.waiters.get(seq) ?? new Set()
      state.waiters.delete(seq)
      for (const reached of released) reached()
      return seq
    },

    count: (key) => states.get(key)?.count ?? 0,

    barrier (key, target, reached) {
      if (target <= (states.get(key)?.count ?? 0)) {
        reached()
        return () => {}
      }
      const { waiters } = find(states, key, createState, 'state')
      const waiting = waiters.get(target) ?? new Set()
      waiters.set(target, waiting.add(reached))
      return () => {
        waiting.delete(reached)
        if (waiting.size === 0 && waiters.get(target) === waiting) waiters.delete(target)
      }
    },

    publish (key, encoded) {
      const topic = find(topics, key, createTopic, 'topic')
      retain(encoded.length, `a message for the topic "${key.slice(0, 200)}"`)
      const seq = topic.log.push(encoded)
      for (const appended of topic.readers) appended()
      return seq
    },

    read (key, appended) {
      const { log, readers } = find(topics, key, createTopic, 'topic')
      // A fresh function, so that one callback may serve several readers of one topic.
      const wake = (): void => appended()
      let position = 0
      readers.add(wake)
      return {
        next () {
          const encoded = log[position]
          return encoded === undefined ? undefined : { encoded, seq: ++position }
        },
        stop: () => { readers.delete(wake) }
      }
    }
  }
}
