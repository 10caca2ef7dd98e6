import { readFile } from 'node:fs/promises'
import { bundledProfiles } from './bundled-profiles.ts'
import { cellOf, parseProfile } from './parse-profile.ts'
import { ProfileError } from './profile-error.ts'

export { parseProfile } from './parse-profile.ts'
export { ProfileError } from './profile-error.ts'

/** A network profile as the rest of the program reads it: units in the names, every ordered pair resolved. */
export interface Profile {
  name: string
  description: string
  /** All sources of the file in one line, for `run.json` and reports. */
  source: string
  /** In the order of the file; the first is the one an instance gets that asks for none. */
  regions: string[]
  /** True when region names beyond `regions` are accepted too; they get the latency of `everyPair`. */
  anyRegion: boolean
  /** False only when nothing is shaped at all: bytes pass as the machine carries them. */
  shapes: boolean
  /** The median one-way latency in ms from the first key to the second, for every ordered pair of `regions`. */
  oneWayLatencyMs: Record<string, Record<string, number>>
  /** What a pair outside `oneWayLatencyMs` gets when `anyRegion` holds. */
  oneWayLatencyMsElsewhere: number
  /** Standard deviation of the round trip in ms. */
  jitterRoundTripMs: number
  /** The rate in bit/s of what one instance in the first region sends to one in the second; Infinity is no limit. */
  flowBitsPerSecond: (from: string, to: string) => number
  /** The rate in bit/s of all that one instance in this region sends; Infinity is no limit. */
  uplinkBitsPerSecond: (region: string) => number
  /** The rate in bit/s of all that one instance in this region receives; Infinity is no limit. */
  downlinkBitsPerSecond: (region: string) => number
  /** The probability that a TCP segment is lost. */
  lossProbability: number
}

/** The names that `loadProfile` knows without a file. */
export const profileNames: readonly string[] = Object.keys(bundledProfiles)

/**
 * Loads a bundled profile by its name, or a user's own from a path that ends in `.json`.
 *
 * @throws ProfileError with one sentence that names the profile, the JSON path where there is one, and the cure
 */
export async function loadProfile (nameOrPath: string): Promise<Profile> {
  if (Object.hasOwn(bundledProfiles, nameOrPath)) {
    return parseProfile(bundledProfiles[nameOrPath], nameOrPath)
  }
  if (!nameOrPath.endsWith('.json')) {
    throw new ProfileError(`There is no network profile ${nameOrPath}: use one of ${profileNames.join(', ')}, or the path of a .json file.`)
  }
  let text: string
  try {
    text = await readFile(nameOrPath, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code ?? String(error)})`
    throw new ProfileError(`The network profile ${nameOrPath} ${reason}: check the path, or use one of ${profileNames.join(', ')}.`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new ProfileError(`The network profile ${nameOrPath} is not JSON (${(error as Error).message}): mend it there.`)
  }
  return parseProfile(json, nameOrPath)
}

/** @throws ProfileError when an instance cannot stand in this region */
export function requireRegion (profile: Profile, region: string): void {
  if (profile.anyRegion || profile.regions.includes(region)) {
    return
  }
  throw new ProfileError(`The network profile ${profile.name} has no region ${JSON.stringify(region.slice(0, 64))}: ` +
    `use one of ${profile.regions.join(', ')}.`)
}

/** The median one-way latency in ms that was asked for. @throws ProfileError for a region that is not in the profile */
export function askedOneWayMs (profile: Profile, from: string, to: string): number {
  requireRegion(profile, from)
  requireRegion(profile, to)
  return cellOf(profile.oneWayLatencyMs, from, to) ?? profile.oneWayLatencyMsElsewhere
}

/** The median round trip in ms that was asked for. @throws ProfileError for a region that is not in the profile */
export function askedRoundTripMs (profile: Profile, a: string, b: string): number {
  return askedOneWayMs(profile, a, b) + askedOneWayMs(profile, b, a)
}

/**
 * The rate in bit/s at which one otherwise idle instance can send to another; Infinity when nothing limits it.
 *
 * @throws ProfileError for a region that is not in the profile
 */
export function askedBandwidthBitsPerSecond (profile: Profile, from: string, to: string): number {
  requireRegion(profile, from)
  requireRegion(profile, to)
  return Math.min(profile.flowBitsPerSecond(from, to), profile.uplinkBitsPerSecond(from), profile.downlinkBitsPerSecond(to))
}
