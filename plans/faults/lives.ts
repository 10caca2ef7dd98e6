import { isInstanceFault } from './timeline.ts'
import type { InstanceFaultKind, Timeline } from './timeline.ts'

/** From the moment at which an instance's peer is opened to the one at which it is gone. */
export interface Life {
  /** From 0. */
  readonly number: number
  /** The number of the disk that it has, from 0: a life that lost its disk has a new one. */
  readonly disk: number
  readonly begins: 'start' | 'join' | 'restart'
  readonly fromMs: number
  /** How it ends, where it does before the run. */
  readonly ends?: 'crash' | 'leave'
  /** Infinity for the life that is there at the end. */
  readonly untilMs: number
}

/** What may happen to an instance that is so, and what it is then. */
const transitions: Readonly<Record<InstanceFaultKind, { readonly from: readonly State[], readonly to: State }>> = {
  join: { from: ['absent'], to: 'up' },
  leave: { from: ['up'], to: 'down' },
  crash: { from: ['up', 'paused'], to: 'down' },
  restart: { from: ['down'], to: 'up' },
  pause: { from: ['up'], to: 'paused' },
  resume: { from: ['paused'], to: 'up' }
}

export type State = 'absent' | 'up' | 'paused' | 'down'

/** Those that are not there before a join. */
export function absentAtStart ({ events }: Pick<Timeline, 'events'>): ReadonlySet<string> {
  const first = new Map<string, InstanceFaultKind>()

  for (const { kind, instances } of events.filter(isInstanceFault)) {
    instances.filter((name) => !first.has(name)).forEach((name) => first.set(name, kind))
  }

  return new Set([...first].filter(([, kind]) => kind === 'join').map(([name]) => name))
}

/** What an instance is after a fault; undefined where that cannot happen to one that is as it is. */
export function stateAfter (state: State, kind: InstanceFaultKind): State | undefined {
  const { from, to } = transitions[kind]
  return from.includes(state) ? to : undefined
}

/** In which states a fault of this kind can happen. */
export function statesBefore (kind: InstanceFaultKind): readonly State[] {
  return transitions[kind].from
}

/** The lives of one instance, in order. Without a timeline there is one, which lasts. */
export function livesOf (timeline: Timeline | undefined, name: string): Life[] {
  const lives: Life[] = timeline != null && absentAtStart(timeline).has(name)
    ? []
    : [{ number: 0, disk: 0, begins: 'start', fromMs: 0, untilMs: Infinity }]

  for (const { atMs, kind, instances, disk } of timeline?.events.filter(isInstanceFault) ?? []) {
    const last = lives.at(-1)

    if (!instances.includes(name)) {
      continue
    }

    if ((kind === 'crash' || kind === 'leave') && last != null) {
      lives[lives.length - 1] = { ...last, ends: kind, untilMs: atMs }
    } else if (kind === 'join' || kind === 'restart') {
      lives.push({
        number: lives.length,
        disk: kind === 'join' ? 0 : (last?.disk ?? 0) + (disk === false ? 1 : 0),
        begins: kind,
        fromMs: atMs,
        untilMs: Infinity
      })
    }
  }

  return lives
}

/** The life in which an instance is at a time; undefined where it is in none. */
export function lifeAt (lives: readonly Life[], atMs: number): Life | undefined {
  return lives.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)
}
