import { BETA_DEFAULT } from './envelope.ts'
import { ProfileError } from './profile.ts'
import type { Profile } from './profile.ts'

/**
 * How much of a network is modelled, each level with all of the one before: latency and jitter; rates of flows, uplinks
 * and downlinks; loss and the window of TCP.
 */
export const levels = ['ideal', 'bandwidth', 'tcp-envelope'] as const
export type Level = typeof levels[number]

/** The lowest level that models all of a profile. */
export function requiredLevel (profile: Profile): Level {
  if (profile.lossProbability > 0) {
    return 'tcp-envelope'
  }
  return limitsBandwidth(profile) ? 'bandwidth' : 'ideal'
}

/** What is chosen for a network beside its profile. */
export interface Model {
  level: Level
  /** What TCP leaves of its window after a loss, at level tcp-envelope: 0.7 by default, as Linux's CUBIC; 0.5 is Reno. */
  beta?: number
}

/** The beta of a model that has one. @throws ProfileError when it is given but not modelled, or not between 0 and 1 */
export function betaOf ({ level, beta }: Model): number | undefined {
  if (beta !== undefined && level !== 'tcp-envelope') {
    throw new ProfileError(`The level ${level} does not model the window of TCP that beta is for: use tcp-envelope, or give no beta.`)
  }
  if (beta !== undefined && !(beta > 0 && beta < 1)) {
    throw new ProfileError(`The beta of TCP cannot be ${beta}: give a fraction between 0 and 1, such as 0.7 for CUBIC or 0.5 for Reno.`)
  }
  return level === 'tcp-envelope' ? beta ?? BETA_DEFAULT : undefined
}

/** @throws ProfileError when the level leaves out something that the profile gives */
export function requireLevel (profile: Profile, level: Level): void {
  const required = requiredLevel(profile)
  if (levels.indexOf(level) < levels.indexOf(required)) {
    const missing = level === 'ideal' && limitsBandwidth(profile) ? 'bandwidth' : 'loss'
    throw new ProfileError(`The level ${level} does not model the ${missing} of the network profile ${profile.name}: use ${required}.`)
  }
}

/** Whether any pair of regions, or the link of any instance, has a limit. */
function limitsBandwidth ({ regions, flowBitsPerSecond, uplinkBitsPerSecond, downlinkBitsPerSecond }: Profile): boolean {
  return regions.some((from) => Number.isFinite(Math.min(uplinkBitsPerSecond(from), downlinkBitsPerSecond(from))) ||
    regions.some((to) => Number.isFinite(flowBitsPerSecond(from, to))))
}
