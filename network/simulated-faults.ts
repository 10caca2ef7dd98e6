import { askedOneWayMs, ProfileError } from './profile.ts'
import { NetworkError } from './simulated-host.ts'
import type { Level } from './level.ts'
import type { Degradation } from './path.ts'
import type { Profile } from './profile.ts'
import type { Host } from './simulated-host.ts'

/** What can go wrong between the instances of a simulated network, and be mended. Unknown instances are refused by name. */
export interface Faults {
  /**
   * Nothing passes between the instances of one side and those of the other any more. What is on its way or sent later is
   * held, and comes after `heal` with TCP's next retransmission: 200 ms after it was first sent, then after twice as long
   * each time, up to 60 s. A dial that meets the partition gets no answer at all.
   */
  partition: (a: string[], b: string[]) => void
  /** Ends all partitions. */
  heal: () => void
  /** Changes one direction between two instances until `restore`; what is not given stays as the profile has it. */
  degrade: (from: string, to: string, degradation: Degradation) => void
  restore: (from: string, to: string) => void
  /**
   * All connections of an instance are no more, and it neither listens nor dials until it is given a new transport. Its
   * peers are told by a reset when what they send next comes to it; with `resets` its host tells them at once, as the
   * kernel of a process that was killed does; with `silent` its whole host is gone, and they are told nothing until it
   * is back.
   */
  crash: (instance: string, options?: { silent?: boolean, resets?: boolean }) => void
}

interface FaultsInit {
  profile: Profile
  level: Level
  hosts: ReadonlyMap<string, Host>
}

export interface FaultState {
  faults: Faults
  reachable: (from: Host, to: Host) => boolean
  latencyMs: (from: Host, to: Host) => number
  degradation: (from: string, to: string) => Degradation | undefined
  /** Holds or lets go what every connection sends, as things stand now. */
  apply: () => void
}

export function createFaults ({ profile, level, hosts }: FaultsInit): FaultState {
  let partitions: Array<[Set<string>, Set<string>]> = []
  const degradations = new Map<string, Map<string, Degradation>>()

  function requireHost (instance: string): Host {
    const host = hosts.get(instance)
    if (host === undefined) {
      throw new NetworkError(`There is no instance ${instance} in the simulated network: it has ${[...hosts.keys()].join(', ') || 'none'}.`)
    }
    return host
  }

  const reachable = (from: Host, to: Host): boolean => !from.silent && !to.silent && !partitions.some(([a, b]) =>
    (a.has(from.instance) && b.has(to.instance)) || (b.has(from.instance) && a.has(to.instance)))
  const degradation = (from: string, to: string): Degradation | undefined => degradations.get(from)?.get(to)

  function apply (): void {
    for (const host of hosts.values()) {
      for (const connection of host.connections) {
        connection.holdBack(!reachable(host, connection.remote))
      }
    }
  }

  const faults: Faults = {
    partition (a, b) {
      const both = a.find((instance) => b.includes(instance))
      if (both !== undefined) {
        throw new NetworkError(`The instance ${both} is on both sides of a partition: name it on one.`)
      }
      [...a, ...b].forEach(requireHost)
      partitions.push([new Set(a), new Set(b)])
      apply()
    },
    heal () {
      partitions = []
      apply()
    },
    degrade (from, to, degradation) {
      requireHost(from)
      requireHost(to)
      checkDegradation(degradation, level)
      degradations.set(from, (degradations.get(from) ?? new Map<string, Degradation>()).set(to, { ...degradation }))
    },
    restore (from, to) {
      requireHost(from)
      requireHost(to)
      degradations.get(from)?.delete(to)
    },
    crash (instance, { silent = false, resets = false } = {}) {
      const host = requireHost(instance)
      host.life.over = true
      host.silent = silent
      host.ports.clear()
      for (const connection of host.connections) {
        connection.vanish(resets)
      }
      apply()
    }
  }
  return {
    faults, reachable, degradation, apply,
    latencyMs: (from, to) => degradation(from.instance, to.instance)?.latencyMs ?? askedOneWayMs(profile, from.region, to.region)
  }
}

/** @throws ProfileError */
function checkDegradation ({ latencyMs, bitsPerSecond, loss }: Degradation, level: Level): void {
  const refuse = (what: string, range: string): never => { throw new ProfileError(`A link cannot be degraded to ${what}: give ${range}.`) }
  if (latencyMs !== undefined && !(latencyMs >= 0 && latencyMs < Infinity)) {
    refuse(`a latencyMs of ${latencyMs}`, '0 or more')
  }
  if (bitsPerSecond !== undefined && !(bitsPerSecond > 0)) {
    refuse(`${bitsPerSecond} bitsPerSecond`, 'more than 0, or use a partition')
  }
  if (loss !== undefined && !(loss >= 0 && loss < 1)) {
    refuse(`a loss of ${loss}`, 'a probability below 1, or use a partition')
  }
  if (bitsPerSecond !== undefined && level === 'ideal') {
    throw new ProfileError('The level ideal does not model the bitsPerSecond of a degraded link: use bandwidth.')
  }
  if (loss !== undefined && level !== 'tcp-envelope') {
    throw new ProfileError(`The level ${level} does not model the loss of a degraded link: use tcp-envelope.`)
  }
}
