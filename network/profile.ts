import { readFile } from 'node:fs/promises'
import gcpPeersdb2023 from '../manifests/networks/gcp-peersdb-2023.json' with { type: 'json' }
import gcpSixRegions from '../manifests/networks/gcp-six-regions.json' with { type: 'json' }
import lan from '../manifests/networks/lan.json' with { type: 'json' }
import none from '../manifests/networks/none.json' with { type: 'json' }
import { profileSchema } from './profile-schema.ts'
import type { ProfileFile } from './profile-schema.ts'

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
  /** The rate in bit/s of all that one instance sends; Infinity is no limit. */
  uplinkBitsPerSecond: number
  /** The rate in bit/s of all that one instance receives; Infinity is no limit. */
  downlinkBitsPerSecond: number
  /** The probability that a TCP segment is lost. */
  lossProbability: number
}

/** A profile that is not there, cannot be read, is not of the form, or lacks a region or a cell. */
export class ProfileError extends Error {
  override name = 'ProfileError'
}

const bundled: Record<string, unknown> = {
  none, lan, 'gcp-six-regions': gcpSixRegions, 'gcp-peersdb-2023': gcpPeersdb2023
}

/** The names that `loadProfile` knows without a file. */
export const profileNames: readonly string[] = Object.keys(bundled)

/**
 * Loads a bundled profile by its name, or a user's own from a path that ends in `.json`.
 *
 * @throws ProfileError with one sentence that names the profile, the JSON path where there is one, and the cure
 */
export async function loadProfile (nameOrPath: string): Promise<Profile> {
  if (Object.hasOwn(bundled, nameOrPath)) {
    return parseProfile(bundled[nameOrPath], nameOrPath)
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

/**
 * Checks the file form and resolves it. `label` is what messages call the profile.
 *
 * @throws ProfileError
 */
export function parseProfile (json: unknown, label: string): Profile {
  const result = profileSchema.safeParse(json)
  if (!result.success) {
    const issue = result.error.issues[0]
    const message = issue === undefined ? 'unknown reason' : issue.message
    throw new ProfileError(`The network profile ${label} is not valid at ${jsonPath(issue?.path ?? [])} (${message}): ` +
      'compare it with manifests/networks/gcp-six-regions.json.')
  }
  const file = result.data
  checkSources(file, label)
  checkRegions(file, label)
  const oneWayLatencyMs = resolveLatency(file, label)
  const oneWayLatencyMsElsewhere = everyPairOneWayMs(file) ?? 0
  const oneWay = (from: string, to: string): number => cellOf(oneWayLatencyMs, from, to) ?? oneWayLatencyMsElsewhere
  return {
    name: file.name,
    description: file.description,
    source: Object.values(file.sources).join(' '),
    regions: file.regions,
    anyRegion: file.anyRegion,
    shapes: [file.latency, file.jitter, file.bandwidth, file.loss].some((part) => part !== null),
    oneWayLatencyMs,
    oneWayLatencyMsElsewhere,
    jitterRoundTripMs: file.jitter?.figure.value ?? 0,
    flowBitsPerSecond: (from, to) => flowRate(file, oneWay(from, to) + oneWay(to, from)),
    uplinkBitsPerSecond: file.bandwidth?.uplink?.value ?? Infinity,
    downlinkBitsPerSecond: file.bandwidth?.downlink?.value ?? Infinity,
    lossProbability: file.loss?.figure.value ?? 0
  }
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
  return Math.min(profile.flowBitsPerSecond(from, to), profile.uplinkBitsPerSecond, profile.downlinkBitsPerSecond)
}

/** Region names come from outside, so a name like `constructor` must not find what every object has. */
function cellOf (matrix: Profile['oneWayLatencyMs'], from: string, to: string): number | undefined {
  const row = Object.hasOwn(matrix, from) ? matrix[from] : undefined
  return row !== undefined && Object.hasOwn(row, to) ? row[to] : undefined
}

function flowRate (file: ProfileFile, roundTripMs: number): number {
  const flow = file.bandwidth?.flow
  if (flow === null || flow === undefined) {
    return Infinity
  }
  if (flow.kind === 'constant') {
    return flow.rate.value
  }
  return Math.min(flow.ceiling.value, flow.windowBits.value / (roundTripMs / 1000))
}

function everyPairOneWayMs (file: ProfileFile): number | undefined {
  const figure = file.latency?.everyPair
  return figure === undefined ? undefined : figure.value / (file.latency?.kind === 'round-trip' ? 2 : 1)
}

/** The matrix of one-way latencies in ms, complete or refused. */
function resolveLatency (file: ProfileFile, label: string): Record<string, Record<string, number>> {
  const cells = new Map<string, number>()
  const key = (from: string, to: string): string => JSON.stringify([from, to])
  const roundTrip = file.latency?.kind === 'round-trip'
  file.latency?.links.forEach((link, index) => {
    const pairs = roundTrip && link.from !== link.to ? [[link.from, link.to], [link.to, link.from]] : [[link.from, link.to]]
    for (const [from = '', to = ''] of pairs) {
      if (cells.has(key(from, to))) {
        throw new ProfileError(`The network profile ${label} gives the latency from ${from} to ${to} twice, ` +
          `the second time at latency.links[${index}]: keep one.`)
      }
      cells.set(key(from, to), roundTrip ? link.value / 2 : link.value)
    }
  })
  const fallback = file.latency === null ? 0 : everyPairOneWayMs(file)
  return Object.fromEntries(file.regions.map((from) => [from, Object.fromEntries(file.regions.map((to) => {
    const value = cells.get(key(from, to)) ?? fallback
    if (value === undefined) {
      throw new ProfileError(`The network profile ${label} has no latency from ${from} to ${to}: add this pair to latency.links.`)
    }
    return [to, value]
  }))]))
}

function checkRegions (file: ProfileFile, label: string): void {
  const known = new Set(file.regions)
  if (known.size !== file.regions.length) {
    throw new ProfileError(`The network profile ${label} names a region twice in regions: keep each once.`)
  }
  file.latency?.links.forEach((link, index) => {
    const stranger = [link.from, link.to].find((region) => !known.has(region))
    if (stranger !== undefined) {
      throw new ProfileError(`The network profile ${label} has a region ${stranger} at latency.links[${index}] ` +
        'that is not in its regions: add it there, or mend the name.')
    }
  })
  if (file.anyRegion && file.latency !== null && file.latency.everyPair === undefined) {
    throw new ProfileError(`The network profile ${label} accepts any region but has no latency for unnamed pairs: ` +
      'add latency.everyPair, or set anyRegion to false.')
  }
}

/** Every `source` must be explained; the walk is over the checked data, so it need not know where figures stand. */
function checkSources (file: ProfileFile, label: string): void {
  const walk = (value: unknown, path: PropertyKey[]): void => {
    if (typeof value !== 'object' || value === null) {
      return
    }
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'source' && !Object.hasOwn(file.sources, inner as string)) {
        throw new ProfileError(`The network profile ${label} names a source ${String(inner)} at ${jsonPath([...path, name])} ` +
          'that is not in its sources: explain it there.')
      }
      walk(inner, [...path, Array.isArray(value) ? Number(name) : name])
    }
  }
  walk({ latency: file.latency, jitter: file.jitter, bandwidth: file.bandwidth, loss: file.loss }, [])
}

function jsonPath (path: readonly PropertyKey[]): string {
  if (path.length === 0) {
    return 'its top level'
  }
  return path.map((part, index) => typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`).join('')
}
