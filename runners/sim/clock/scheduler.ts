import { currentActor, runAs } from './actor.ts'
import { EventQueue } from './event-queue.ts'
import type { Actor } from './actor.ts'
import type { Completion, ScheduledEvent } from './event-queue.ts'
import type { Pace } from './pace.ts'

/** Immediates that are queued in one turn of Node's event loop, to save a poll for each event. */
const immediatesPerTurn = 32
/** Turns of Node's event loop that an empty heap waits for something nobody told it of, before it is a deadlock. */
const idleTurnsMax = 64

/** Why a simulation ended. */
export type End = 'done' | 'deadlock' | 'late' | 'stopped'

export interface SchedulerInit {
  /** Whose the events are that nobody in particular asked for. */
  readonly harness: Actor
  /** Node's own, taken before it was replaced. */
  readonly setImmediate: (callback: () => void) => void
  /** What one event costs its actor's processor, in milliseconds; absent: computing takes no time. */
  readonly eventCostMs?: number
  /** Absent: time jumps to the next event. */
  readonly pace?: Pace
  /** Called between events, now and then. */
  readonly onProgress?: () => void
}

/**
 * Virtual time: one heap of events ordered by (time, order of asking). Each event runs in a real `setImmediate` callback
 * of its own, so that Node itself drains its next ticks and microtasks before the next one; nothing else moves time.
 */
export class Scheduler {
  events = 0
  /** Processor time that all actors together were charged for what they did within events, in milliseconds. */
  chargedMs = 0
  readonly #init: SchedulerInit
  readonly #queue = new EventQueue()
  /** Of actors that are paused. */
  readonly #held = new Map<Actor, ScheduledEvent[]>()
  #nowMs = 0
  #running: { actor: Actor, startMs: number, chargedMs: number } | undefined
  #isFree = false
  /** The completion at which the world stands still until its result is here. */
  #awaited: ScheduledEvent | undefined
  #immediates = 0
  #untilMs = Infinity
  #idleTurns = 0
  #end: PromiseWithResolvers<End> | undefined

  constructor (init: SchedulerInit) {
    this.#init = init
  }

  /** Virtual milliseconds since the start, with fractions; within an event it goes on with what the event is charged. */
  get nowMs (): number {
    return this.#init.pace?.nowMs() ?? (this.#running == null ? this.#nowMs : this.#running.startMs + this.#running.chargedMs)
  }

  /** Holds back the events of an actor, as a signal that stops its process does, until `resume`. */
  pause (actor: Actor): void {
    actor.isPaused = true
  }

  /** All that has come to an actor meanwhile happens now, in the order in which it came. */
  resume (actor: Actor): void {
    actor.isPaused = false
    const held = this.#held.get(actor) ?? []
    this.#held.delete(actor)

    for (const event of held) {
      if (event.run != null) {
        this.#queue.push({ dueMs: this.nowMs, actor, run: () => { event.run?.() }, isForPlace: event.isForPlace })
      }
    }
  }

  /** As `at`, for what comes to an instance from outside: where its life is over by then, its next one meets it. */
  atPlace (dueMs: number, run: () => void, actor: Actor): () => void {
    const event = this.#queue.push({ dueMs: Math.max(dueMs, this.nowMs), actor, run, isForPlace: true })
    return () => { this.#queue.cancel(event) }
  }

  /** How many events are waiting. */
  get pending (): number {
    return this.#queue.pending
  }

  /** Calls back at that time, or now if it has passed, on behalf of an actor; returns what takes it back. */
  at (dueMs: number, run: () => void, actor: Actor = currentActor() ?? this.#init.harness): () => void {
    const event = this.#queue.push({ dueMs: Math.max(dueMs, this.nowMs), actor, run })
    return () => { this.#queue.cancel(event) }
  }

  /**
   * Fixes now when the end of native work, which is about to begin, is seen: after `costMs`, however long it really
   * takes. Until the result is here, the world stands still at that time.
   *
   * @returns what to call with the result, once
   */
  complete (costMs: number): (deliver: () => void) => void {
    const completion: Completion = { settled: false }
    const actor = currentActor() ?? this.#init.harness
    const event = this.#queue.push({ dueMs: this.nowMs + costMs, actor, run: undefined, completion })
    return (deliver) => {
      completion.settled = true
      event.run = deliver

      if (this.#awaited === event) {
        this.#awaited = undefined
        this.#pump()
      }
    }
  }

  /** Takes processor time of the actor whose event runs: what it does from here on is later by so much. */
  charge (costMs: number): void {
    if (this.#running != null && this.#init.eventCostMs != null && !this.#isFree) {
      this.#running.chargedMs += costMs
      this.chargedMs += costMs
    }
  }

  /** Does the harness's own work within an event, which takes nobody's processor time. */
  free<T> (work: () => T): T {
    this.#isFree = true

    try {
      return work()
    } finally {
      this.#isFree = false
    }
  }

  /** Runs events until `stop` is called; `deadlock` when none is left, `late` when the next one would come after `untilMs`. */
  run (untilMs = Infinity): Promise<End> {
    this.#untilMs = untilMs
    this.#idleTurns = 0
    this.#end = Promise.withResolvers<End>()
    this.#pump()
    return this.#end.promise
  }

  /** Runs events until a promise that they lead to has settled; for what is read before a simulation begins. */
  async settle<T> (promise: Promise<T>): Promise<T> {
    promise.then(() => { this.stop('done') }, () => { this.stop('done') })
    await this.run()
    return promise
  }

  stop (end: End): void {
    this.#end?.resolve(end)
    this.#end = undefined
  }

  #pump (): void {
    while (this.#immediates < immediatesPerTurn) {
      this.#immediates++
      this.#init.setImmediate(this.#turn)
    }
  }

  readonly #turn = (): void => {
    this.#immediates--
    this.#endEvent()

    if (this.#end == null || this.#awaited != null) {
      return
    }

    const event = this.#queue.first()

    if (event == null) {
      this.#idle()
    } else if (event.dueMs > this.#untilMs) {
      this.stop('late')
    } else if (this.#init.pace == null || this.#init.pace.isDue(event.dueMs, () => { this.#pump() })) {
      this.#idleTurns = 0
      this.#take(event)
    }

    if (this.#immediates === 0 && this.#end != null && this.#awaited == null && this.#init.pace?.isWaiting !== true) {
      this.#init.onProgress?.()
      this.#pump()
    }
  }

  /** Work that no event stands for, such as the first lines of the program, may still be on its way. */
  #idle (): void {
    if (this.#immediates === 0 && ++this.#idleTurns > idleTurnsMax) {
      this.stop('deadlock')
    }
  }

  #take (event: ScheduledEvent): void {
    if (event.completion?.settled === false) {
      this.#awaited = event
      return
    }

    const isToRun = this.#queue.shift(event)
    this.#nowMs = Math.max(this.#nowMs, event.dueMs)

    if (event.actor.isOver) {
      // The end of native work was waited for all the same, so that it cannot meet what a next life does.
      if (isToRun && event.isForPlace === true) {
        this.#execute(event, event.actor.present ?? this.#init.harness)
      }
    } else if (isToRun && event.actor.isPaused) {
      this.#held.set(event.actor, [...this.#held.get(event.actor) ?? [], event])
    } else if (isToRun && (this.#init.eventCostMs == null || event.actor === this.#init.harness)) {
      this.#execute(event)
    } else if (isToRun) {
      this.#executeInTurn(event)
    }
  }

  /** An event of an actor that is busy waits for its processor, behind those that wait already: bytes stay in order. */
  #executeInTurn (event: ScheduledEvent): void {
    const { actor } = event

    if (actor.waiting.length === 0 && actor.busyUntilMs <= this.#nowMs) {
      this.#execute(event)
      return
    }

    actor.waiting.push(event)

    if (actor.waiting.length === 1) {
      this.#wake(actor)
    }
  }

  #wake (actor: Actor): void {
    this.#queue.push({
      dueMs: actor.busyUntilMs,
      actor: this.#init.harness,
      run: () => {
        if (actor.isPaused) {
          this.#held.set(actor, [...this.#held.get(actor) ?? [], ...actor.waiting.splice(0)])
          return
        }

        const next = actor.waiting.shift()

        if (next?.run != null && !actor.isOver) {
          this.#execute(next)
        } else if (actor.waiting.length > 0) {
          this.#wake(actor)
        }
      }
    })
  }

  #execute (event: ScheduledEvent, actor = event.actor): void {
    const { run } = event
    event.run = undefined
    this.events++
    this.#running = { actor, startMs: this.#nowMs, chargedMs: 0 }

    if (run != null) {
      runAs(actor, run)
    }
  }

  /** An event has ended when its promises have: just before the next one begins. */
  #endEvent (): void {
    const { eventCostMs } = this.#init

    if (this.#running != null && eventCostMs != null && this.#running.actor !== this.#init.harness) {
      const { actor, startMs, chargedMs } = this.#running
      actor.busyUntilMs = startMs + chargedMs + eventCostMs

      if (actor.waiting.length > 0) {
        this.#wake(actor)
      }
    }

    this.#running = undefined
  }
}
