import { createHeap } from '../../../network/heap.ts'
import type { Actor } from './actor.ts'

/** Cancelled events are taken out of the heap once there are so many and they are more than half of it. */
const cancelledMin = 1024

export interface ScheduledEvent {
  readonly dueMs: number
  /** Breaks ties: the order in which events were asked for. */
  readonly order: number
  readonly actor: Actor
  /** It comes to the instance from outside, whichever of its lives it meets; without one, the harness takes it. */
  readonly isForPlace?: boolean
  /** Undefined once it ran or was taken back. */
  run: (() => void) | undefined
  /** Whether it is still in the queue. */
  isAhead: boolean
  /** Present where the event is the end of native work: the event does not run before the result is here. */
  readonly completion?: Completion
}

/** The end of native asynchronous work, whose time is fixed when the work begins. */
export interface Completion {
  settled: boolean
}

/** The events to come, ordered by (time, order of asking). */
export class EventQueue {
  readonly #heap = createHeap<ScheduledEvent>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order))
  #order = 0
  #cancelled = 0

  /** How many events are waiting that were not taken back. */
  get pending (): number {
    return this.#heap.size - this.#cancelled
  }

  push ({ actor, completion, dueMs, run, isForPlace }: Pick<ScheduledEvent, 'dueMs' | 'actor' | 'run' | 'completion' | 'isForPlace'>): ScheduledEvent {
    const event: ScheduledEvent = { dueMs, order: this.#order++, actor, isForPlace, run, isAhead: true, completion }
    this.#heap.push(event)
    return event
  }

  /** The next event, which may have been taken back. */
  first (): ScheduledEvent | undefined {
    return this.#heap.first()
  }

  /** Takes the next event out; whether it is still to run. */
  shift (event: ScheduledEvent): boolean {
    this.#heap.pop()
    event.isAhead = false
    this.#cancelled -= event.run == null ? 1 : 0
    return event.run != null
  }

  cancel (event: ScheduledEvent): void {
    if (event.run != null) {
      event.run = undefined
      this.#cancelled += event.isAhead ? 1 : 0

      if (this.#cancelled > cancelledMin && this.#cancelled > this.#heap.size / 2) {
        this.#heap.keep(({ run, completion }) => run != null || completion != null)
        this.#cancelled = 0
      }
    }
  }
}
