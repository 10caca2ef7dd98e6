import { askedOneWayMs } from './profile.ts'
import type { Degradation } from './path.ts'
import type { Profile } from './profile.ts'
import type { SimulatedNetwork } from './simulated.ts'

/** What a degraded link is, beside what the profile asks for; what is not given stays. */
export interface LinkChange {
  latencyFactor?: number
  bandwidthFactor?: number
  /** The probability that a TCP segment is lost; simulated networks alone have it. */
  loss?: number
}

/** Instances by name, each side in one list. */
export type Sides = ReadonlyArray<readonly string[]>

/** What can be done to the links between instances, wherever these are. */
export interface Links {
  /** Nothing passes between instances of different sides until `heal`; what is sent meanwhile is held, as by TCP. */
  partition: (sides: Sides) => void
  heal: () => void
  /** Changes the links between different sides until `restore`; `forth`: only what the first side sends to the others. */
  degrade: (sides: Sides, direction: 'both' | 'forth', change: LinkChange) => void
  restore: () => void
}

/** What has been done to links, as one instance's transport sees it. */
export interface LinkState extends Links {
  reachable: (a: string, b: string) => boolean
  change: (from: string, to: string) => LinkChange | undefined
  /** Calls back after each partition and heal; returns what ends that. */
  onPartition: (listener: () => void) => () => void
}

/** The links of real instances, each of which holds back what it sends itself. */
export function createLinkState (): LinkState {
  let partitioned: Sides = []
  let degraded: { sides: Sides, direction: 'both' | 'forth', change: LinkChange } | undefined
  const listeners = new Set<() => void>()
  const sideOf = (sides: Sides, instance: string): number => sides.findIndex((side) => side.includes(instance))
  const apart = (sides: Sides, a: string, b: string): boolean => {
    const [left, right] = [sideOf(sides, a), sideOf(sides, b)]
    return left !== right && left !== -1 && right !== -1
  }
  const cut = (sides: Sides): void => {
    partitioned = sides
    listeners.forEach((listener) => { listener() })
  }

  return {
    partition: cut,
    heal () { cut([]) },
    degrade (sides, direction, change) { degraded = { sides, direction, change } },
    restore () { degraded = undefined },
    reachable: (a, b) => !apart(partitioned, a, b),
    change: (from, to) => degraded !== undefined && apart(degraded.sides, from, to) &&
      (degraded.direction === 'both' || sideOf(degraded.sides, from) === 0)
      ? degraded.change
      : undefined,
    onPartition (listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    }
  }
}

/** The links of a simulated network. @param regionOf the region of an instance that stands in it */
export function simulatedLinks (network: SimulatedNetwork, profile: Profile, regionOf: (instance: string) => string): Links {
  let degraded: Array<[from: string, to: string]> = []

  return {
    partition (sides) {
      sides.forEach((side, i) => { sides.slice(i + 1).forEach((other) => { network.partition([...side], [...other]) }) })
    },
    heal () { network.heal() },
    degrade (sides, direction, change) {
      degraded = sides.flatMap((side, i) => sides.flatMap((other, j) => j === i || (direction === 'forth' && i > 0)
        ? []
        : side.flatMap((from) => other.map((to): [string, string] => [from, to]))))
      degraded.forEach(([from, to]) => { network.degrade(from, to, degradationOf(profile, [regionOf(from), regionOf(to)], change)) })
    },
    restore () {
      degraded.forEach(([from, to]) => { network.restore(from, to) })
      degraded = []
    }
  }
}

/** What a change makes of the direction between two regions. @throws ProfileError for a region that is not in the profile */
export function degradationOf (
  profile: Profile, [from, to]: readonly [string, string], { latencyFactor, bandwidthFactor, loss }: LinkChange
): Degradation {
  return {
    ...(latencyFactor === undefined ? {} : { latencyMs: latencyFactor * askedOneWayMs(profile, from, to) }),
    ...(bandwidthFactor === undefined ? {} : { bitsPerSecond: bandwidthFactor * profile.flowBitsPerSecond(from, to) }),
    ...(loss === undefined ? {} : { loss })
  }
}
