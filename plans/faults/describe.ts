import { isInstanceFault } from './timeline.ts'
import type { Timeline } from './timeline.ts'

/** A sentence of what goes wrong: "faults (churn exponential-1h, seed 1): 4 crashes, 3 restarts in 60 s". */
export function describeFaults ({ source, endMs, events }: Timeline): string {
  const counts = new Map<string, number>()

  for (const event of events) {
    counts.set(event.kind, (counts.get(event.kind) ?? 0) + (isInstanceFault(event) ? event.instances.length : 1))
  }

  const all = [...counts].map(([kind, count]) => `${count} x ${kind}`)
  return `faults (${source}): ${all.length === 0 ? 'none' : all.join(', ')} in ${endMs / 1000} s`
}
