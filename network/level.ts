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

/** @throws ProfileError when the level leaves out something that the profile gives */
export function requireLevel (profile: Profile, level: Level): void {
  const required = requiredLevel(profile)
  if (levels.indexOf(level) < levels.indexOf(required)) {
    const missing = level === 'ideal' && limitsBandwidth(profile) ? 'bandwidth' : 'loss'
    throw new ProfileError(`The level ${level} does not model the ${missing} of the network profile ${profile.name}: use ${required}.`)
  }
}

/** Whether one pair has a limit is the same for all of them. */
function limitsBandwidth (profile: Profile): boolean {
  const [region = ''] = profile.regions
  return Number.isFinite(Math.min(profile.flowBitsPerSecond(region, region), profile.uplinkBitsPerSecond, profile.downlinkBitsPerSecond))
}
