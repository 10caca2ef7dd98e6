import { isInstanceFault } from './timeline.ts'
import type { Links } from '../../network/links.ts'
import type { InstanceClock, Recorder } from '../context.ts'
import type { LinkFault, Timeline } from './timeline.ts'

/** Does to links what a fault says. */
export function carryOutOnLinks (fault: LinkFault, links: Links): void {
  switch (fault.kind) {
    case 'partition':
      links.partition(fault.sides)
      break
    case 'degrade': {
      const { sides, direction, latencyFactor, bandwidthFactor, loss } = fault
      links.degrade(sides, direction, { latencyFactor, bandwidthFactor, loss })
      break
    }
    case 'heal':
      links.heal()
      break
    case 'restore':
      links.restore()
  }
}

/** The faults of links of a timeline, with instances by their number in the run, as networks name them. */
export function numbered ({ events }: Timeline, numberOf: (name: string) => number): LinkFault[] {
  return events.filter((event) => !isInstanceFault(event)).map((event) =>
    'sides' in event ? { ...event, sides: event.sides.map((side) => side.map((name) => String(numberOf(name)))) } : event)
}

export interface FollowInit {
  readonly faults: readonly LinkFault[]
  /** On the clock. */
  readonly startMs: number
  readonly links: Links
  readonly clock: InstanceClock
  readonly record: Recorder
  readonly signal: AbortSignal
}

/** Carries faults out on one instance's own links, at their times; those whose time has passed, as after a restart, at once. */
export function followLinkFaults ({ faults, startMs, links, clock, record, signal }: FollowInit): void {
  const follow = async (): Promise<void> => {
    for (const fault of faults) {
      const waitMs = startMs + fault.atMs - clock.nowMs()

      if (waitMs > 0) {
        await clock.sleep(waitMs)
        record.message(`${fault.kind}, ${(clock.nowMs() - startMs).toFixed(0)} ms after the start mark`)
      }

      carryOutOnLinks(fault, links)
    }
  }

  follow().catch((err: Error) => {
    if (!signal.aborted) {
      record.warning(`the faults of links are not followed any more: ${err.message}`)
    }
  })
}
