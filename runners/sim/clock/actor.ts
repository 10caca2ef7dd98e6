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
  readonly #seed: string
  readonly #streams = new Map<string, () => number>()
  readonly #states = new Map<string, unknown>()

  constructor (name: string, seed: string) {
    this.name = name
    this.#seed = seed
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
