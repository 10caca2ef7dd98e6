import { processFaults } from '../plans/index.ts'
import type { Timeline } from '../plans/index.ts'

/** Where an instance is carried out, one life after another. */
export interface Seat {
  /** Ends the process at once; nothing that it has not told or written yet is. Where no life follows, that is its end. */
  crash (comesBack: boolean): void
  pause (): void
  resume (): void
  /** Starts the process of a later life. */
  start (life: number): void
}

/** What was really done, and when. */
export interface FaultDone {
  readonly kind: string
  readonly instances?: readonly string[]
  readonly life?: number
  /** When it was to be done and when it was, in milliseconds after the start mark. */
  readonly atMs: number
  readonly doneMs: number
}

/** What `faults.json` holds. */
export interface FaultRecord extends Timeline {
  /** What all was drawn from. */
  readonly seed: number
  /** What the runner did. What is not among it, the instances did themselves: joins, leaves, and with processes the links. */
  readonly done: readonly FaultDone[]
}

export interface CarryOutInit {
  readonly timeline: Timeline
  /** By name. */
  readonly seats: ReadonlyMap<string, Seat>
  /** Calls back so many milliseconds after the start mark; returns what takes it back. */
  readonly at: (atMs: number, run: () => void) => () => void
  /** Milliseconds since the start mark. */
  readonly elapsedMs: () => number
  readonly done: (fault: FaultDone) => void
}

/** Does to the processes of instances what a timeline says. @returns what ends that */
export function carryOutOnProcesses ({ timeline, seats, at, elapsedMs, done }: CarryOutInit): () => void {
  const ends = processFaults(timeline).map(({ atMs, kind, instance, life, comesBack }) => at(atMs, () => {
    const seat = seats.get(instance)

    if (kind === 'start') {
      seat?.start(life)
    } else if (kind === 'crash') {
      seat?.crash(comesBack === true)
    } else {
      seat?.[kind]()
    }

    done({ kind, instances: [instance], life, atMs, doneMs: elapsedMs() })
  }))
  return () => { ends.forEach((end) => { end() }) }
}
