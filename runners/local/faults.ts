import { startMarkTopic } from '../../plans/index.ts'
import { carryOutOnProcesses } from '../faults.ts'
import { syncKeys } from '../sync/index.ts'
import type { FaultDone } from '../faults.ts'
import type { SyncService } from '../sync/index.ts'
import type { LocalSeat } from './seat.ts'
import type { LocalRunInit } from './run.ts'

/**
 * Does to processes what the timeline of a run says, from the start mark on; links are the instances' own affair.
 *
 * @returns what was done so far, and what ends it
 */
export function followFaults (
  { composition, run, faults }: LocalRunInit, sync: SyncService, seats: readonly LocalSeat[]
): { done: readonly FaultDone[], stop: () => void } {
  const done: FaultDone[] = []
  const stops: Array<() => void> = []

  if (faults != null) {
    const topic = syncKeys.topic(run.id, composition.plan, composition.case, startMarkTopic)
    stops.push(sync.subscribe(topic, (mark) => {
      const { startMs } = mark as { startMs: number }
      stops.push(carryOutOnProcesses({
        timeline: faults,
        seats: new Map(seats.map((seat) => [`${seat.group}/${seat.index}`, seat])),
        at: (atMs, act) => {
          const timer = setTimeout(act, Math.max(0, startMs + atMs - nowMs()))
          return () => { clearTimeout(timer) }
        },
        elapsedMs: () => nowMs() - startMs,
        done: (fault) => { done.push(fault) }
      }))
    }))
  }

  return { done, stop: () => { stops.forEach((stop) => { stop() }) } }
}

/** The machine's monotonic clock, which its processes share. */
function nowMs (): number {
  return Number(process.hrtime.bigint()) / 1e6
}
