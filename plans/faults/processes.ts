import { livesOf } from './lives.ts'
import { isInstanceFault } from './timeline.ts'
import type { Timeline } from './timeline.ts'

/** What a runner does to the process of an instance. `start` begins the life of that number, after a crash. */
export interface ProcessFault {
  readonly atMs: number
  readonly kind: 'crash' | 'pause' | 'resume' | 'start'
  /** By name. */
  readonly instance: string
  /** The life that ends, is paused or goes on, or begins. */
  readonly life: number
  /** Of a crash: whether another life follows. */
  readonly comesBack?: boolean
}

/** What of a timeline concerns processes; whoever takes leave keeps its process, and comes back within it. */
export function processFaults (timeline: Timeline): ProcessFault[] {
  const instances = [...new Set(timeline.events.filter(isInstanceFault).flatMap((event) => event.instances))]

  return instances.flatMap((instance) => {
    const lives = livesOf(timeline, instance)
    const begun = lives.slice(1).filter((_, i) => lives[i]?.ends === 'crash')
    const done = timeline.events.filter(isInstanceFault).flatMap(({ atMs, kind, instances: named }): ProcessFault[] => {
      const life = lives.findLastIndex(({ fromMs }) => fromMs <= atMs)
      return named.includes(instance) && (kind === 'crash' || kind === 'pause' || kind === 'resume')
        ? [{ atMs, kind, instance, life, ...(kind === 'crash' ? { comesBack: life + 1 < lives.length } : {}) }]
        : []
    })
    return [...done, ...begun.map(({ fromMs, number }): ProcessFault => ({ atMs: fromMs, kind: 'start', instance, life: number }))]
  }).sort((a, b) => a.atMs - b.atMs)
}
