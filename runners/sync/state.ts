import { SyncLimitError } from './errors.ts'

interface State {
  /** The run whose it is, which is forgotten as a whole. */
  run: string
  usedMs: number
  bytes: number
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
  /**
   * Forgets the runs nothing of which was used since then, on the clock of `performance`, and that nobody waits for or
   * listens to. What a state or topic belongs to is told by its key: Testground's begin with `run:<id>:`.
   */
  forget (beforeMs: number): void
  holdings (): { states: number, topics: number, retainedBytes: number }
}

interface Topic {
  run: string
  usedMs: number
  bytes: number
  log: string[]
  readers: Set<() => void>
}

function createState (): Omit<State, keyof Kept> {
  return { count: 0, waiters: new Map() }
}

function createTopic (): Omit<Topic, keyof Kept> {
  return { log: [], readers: new Set() }
}

/** What is kept of everything that can be forgotten. */
type Kept = Pick<State, 'run' | 'usedMs' | 'bytes'>

/** The run of a key, `run:<id>:…` in Testground's clients; all other keys together are one. */
function runOf (key: string): string {
  return /^run:[^:]*/.exec(key)?.[0] ?? ''
}

/** Bytes charged for a key beside its characters, so that very many short ones are bounded too. */
const keyOverheadBytes = 64

interface Budget {
  readonly heldBytes: number
  /** @throws SyncLimitError once the sum would pass the bound */
  retain (bytes: number, what: string): void
  release (bytes: number): void
}

/** Counts what is kept. */
function createBudget (bytesMax: number): Budget {
  let held = 0
  return {
    get heldBytes () { return held },
    retain (bytes, what) {
      if (held + bytes > bytesMax) {
        throw new SyncLimitError(`sync service: ${what} does not fit any more: the run's topics and states hold ` +
          `${held} of at most ${bytesMax} bytes already; publish less, or a hash of it`)
      }
      held += bytes
    },
    release: (bytes) => { held -= bytes }
  }
}

function waitIn ({ waiters }: State, target: number, reached: () => void): () => void {
  const waiting = waiters.get(target) ?? new Set()
  waiters.set(target, waiting.add(reached))
  return () => {
    waiting.delete(reached)
    if (waiting.size === 0 && waiters.get(target) === waiting) waiters.delete(target)
  }
}

function readFrom ({ log, readers }: Topic, appended: () => void): TopicReader {
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

/**
 * The states and topics of a sync service, without any sockets. A topic is a log, and a subscriber is a position in
 * it: that is what gives all subscribers one order, replays the past to a late one, and lets a stalled one cost
 * nothing to anybody else. Nothing is forgotten unless `forget` is called.
 *
 * @param retainedBytesMax bound on what topics and keys may hold together, in bytes of their encoded characters
 */
export function createSyncState (retainedBytesMax: number): SyncState {
  const states = new Map<string, State>()
  const topics = new Map<string, Topic>()
  const budget = createBudget(retainedBytesMax)

  function find<T extends Kept> (all: Map<string, T>, key: string, create: () => Omit<T, keyof Kept>, kind: string): T {
    const known = all.get(key)
    if (known !== undefined) {
      known.usedMs = performance.now()
      return known
    }
    const bytes = key.length + keyOverheadBytes
    budget.retain(bytes, `the ${kind} "${key.slice(0, 200)}"`)
    const created = { ...create(), run: runOf(key), usedMs: performance.now(), bytes } as T
    all.set(key, created)
    return created
  }

  function forgetOf (all: Map<string, Kept>, isInUse: (run: string) => boolean): void {
    for (const [key, { run, bytes }] of all) {
      if (isInUse(run)) continue
      all.delete(key)
      budget.release(bytes)
    }
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
      return waitIn(find(states, key, createState, 'state'), target, reached)
    },

    publish (key, encoded) {
      const topic = find(topics, key, createTopic, 'topic')
      budget.retain(encoded.length, `a message for the topic "${key.slice(0, 200)}"`)
      topic.bytes += encoded.length
      const seq = topic.log.push(encoded)
      for (const appended of topic.readers) appended()
      return seq
    },

    read: (key, appended) => readFrom(find(topics, key, createTopic, 'topic'), appended),

    forget (beforeMs) {
      const inUse = new Set([
        ...[...states.values()].filter(({ usedMs, waiters }) => usedMs > beforeMs || waiters.size > 0),
        ...[...topics.values()].filter(({ usedMs, readers }) => usedMs > beforeMs || readers.size > 0)
      ].map(({ run }) => run))
      forgetOf(states, (run) => inUse.has(run))
      forgetOf(topics, (run) => inUse.has(run))
    },

    holdings: () => ({ states: states.size, topics: topics.size, retainedBytes: budget.heldBytes })
  }
}
