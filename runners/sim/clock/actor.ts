import { AsyncLocalStorage } from 'node:async_hooks'
import { seededUint32 } from '../../../network/random.ts'
import type { ScheduledEvent } from './event-queue.ts'

/**
 * Whose events these are: an instance of the plan, or the harness. What runs on its behalf, promises and timers
 * included, draws from its streams of chance, uses its processor and has its copy of what libraries keep per process.
 */
export class Actor {
  readonly name: string
  /** Until when its processor is taken by what ran last, in virtual milliseconds. */
  busyUntilMs = 0
  /** Its events that are due and wait for the processor, in the order in which they became due. */
  readonly waiting: ScheduledEvent[] = []
  /** Stopped, as by a signal: its events wait until it goes on. */
  isPaused = false
  /** Its process is no more: none of its events happens. */
  isOver = false
  /** The actor of the same instance's next life. */
  heir: Actor | undefined
  /** What it has open in this process that would outlive it, and what closes each of these. */
  readonly open = new Map<object, () => void>()
  readonly #seed: string
  readonly #streams = new Map<string, () => number>()
  readonly #states = new Map<string, unknown>()

  /** @param seed what its streams of chance are drawn from, with its name; a later life has another one */
  constructor (name: string, seed: string) {
    this.name = name
    this.#seed = seed
  }

  /** Ends it as a kill does: nothing of it happens any more, and what it had open is closed as it stands. */
  end (): void {
    this.isOver = true
    this.waiting.length = 0
    this.open.forEach((close) => { close() })
    this.open.clear()
  }

  /** Who has the place of this actor now: itself, or its latest life; undefined where there is none. */
  get present (): Actor | undefined {
    return this.isOver ? this.heir?.present : this
  }

  /** The stream of whole numbers below 2^32 for one purpose. */
  uint32 (purpose: string): number {
    let next = this.#streams.get(purpose)

    if (next == null) {
      next = seededUint32(JSON.stringify([this.#seed, this.name, purpose]))
      this.#streams.set(purpose, next)
    }

    return next()
  }

  /** This actor's own of what a library keeps once per process. */
  state<T> (key: string, create: () => T): T {
    if (!this.#states.has(key)) {
      this.#states.set(key, create())
    }

    return this.#states.get(key) as T
  }
}

/** In place of an actor: what runs is part of native work whose end the scheduler has fixed. */
const native = Symbol('native work')
const current = new AsyncLocalStorage<Actor | typeof native>()

/** Runs something, and all that follows from it, on behalf of an actor. */
export function runAs<T> (actor: Actor, work: () => T): T {
  return current.run(actor, work)
}

export function currentActor (): Actor | undefined {
  const store = current.getStore()
  return store === native ? undefined : store
}

/** Does native work; all that it leads to until its end is part of it. */
export function runAsNative<T> (work: () => T): T {
  return current.run(native, work)
}

export function isNative (): boolean {
  return current.getStore() === native
}
