import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { formatProfile } from '../network/format-profile.ts'
import { importCsv } from '../network/import-csv.ts'
import { requiredLevel } from '../network/level.ts'
import { samplePlanetlab } from '../network/planetlab.ts'
import { askedBandwidthBitsPerSecond, askedRoundTripMs, loadProfile, parseProfile, profileNames, ProfileError } from '../network/profile.ts'
import type { Level } from '../network/level.ts'
import type { Profile } from '../network/profile.ts'
import type { ProfileFile } from '../network/profile-schema.ts'

/** More than a table of a published measurement has. */
const tableBytesMax = 16 * 2 ** 20

export interface NetworkSummary {
  readonly name: string
  readonly description: string
  readonly regions: readonly string[]
  /** Whether any other region name is accepted too. */
  readonly anyRegion: boolean
  readonly source: string
  /** The lowest level of the simulation that models all of it. */
  readonly level: Level
  readonly jitterRoundTripMs: number
  readonly lossProbability: number
  /** One for each ordered pair. */
  readonly links: readonly NetworkLink[]
}

export interface NetworkLink {
  readonly from: string
  readonly to: string
  readonly roundTripMs: number
  /** Null where nothing limits it. */
  readonly bitsPerSecond: number | null
}

export interface SampleNetworkInit {
  readonly to: string
  readonly sites: number
  readonly seed: string
  readonly workingDirectory: string
}

/** A profile as people look at it. @throws ProfileError */
export async function readNetwork (nameOrPath: string, workingDirectory: string): Promise<NetworkSummary> {
  return summaryOf(await loadProfile(nameOrPath.endsWith('.json') ? resolve(workingDirectory, nameOrPath) : nameOrPath))
}

/** Those that come with the package. */
export async function readNetworks (): Promise<NetworkSummary[]> {
  return Promise.all(profileNames.map(async (name) => summaryOf(await loadProfile(name))))
}

export interface ImportNetworkInit {
  readonly from: string
  readonly to: string
  readonly name: string
  readonly source: string
  readonly workingDirectory: string
}

/** Makes a profile of a table of round trips, and writes it to a file that must not exist. @throws ProfileError */
export async function importNetwork ({ from, to, name, source, workingDirectory }: ImportNetworkInit): Promise<NetworkSummary> {
  const path = resolve(workingDirectory, from)
  const bytes = await readFile(path).catch((err: NodeJS.ErrnoException) => {
    throw new ProfileError(`The table ${from} ${err.code === 'ENOENT' ? 'is not there' : `cannot be read (${err.code ?? err.message})`}: check the path.`)
  })

  if (bytes.length > tableBytesMax) {
    throw new ProfileError(`The table ${from} has ${bytes.length} bytes, more than ${tableBytesMax}: take a part of it.`)
  }

  return write(importCsv(bytes.toString('utf8'), { name, source, label: from }), to, workingDirectory)
}

/** Draws a profile like PlanetLab, and writes it to a file that must not exist. @throws ProfileError */
export async function sampleNetwork ({ to, sites, seed, workingDirectory }: SampleNetworkInit): Promise<NetworkSummary> {
  return write(samplePlanetlab({ sites, seed }), to, workingDirectory)
}

async function write (file: ProfileFile, to: string, workingDirectory: string): Promise<NetworkSummary> {
  if (!to.endsWith('.json')) {
    throw new ProfileError(`A profile cannot be written to ${to}: name a file that ends in .json.`)
  }

  const profile = parseProfile(file, to)
  await writeFile(resolve(workingDirectory, to), formatProfile(file), { flag: 'wx' }).catch((err: NodeJS.ErrnoException) => {
    throw new ProfileError(err.code === 'EEXIST'
      ? `The profile ${to} is there already: remove it, or name another file.`
      : `The profile ${to} cannot be written (${err.code ?? err.message}): name a file in a directory where you may write.`)
  })
  return summaryOf(profile)
}

function summaryOf (profile: Profile): NetworkSummary {
  const { name, description, regions, anyRegion, source, jitterRoundTripMs, lossProbability } = profile
  return {
    name,
    description,
    regions,
    anyRegion,
    source,
    level: requiredLevel(profile),
    jitterRoundTripMs,
    lossProbability,
    links: regions.flatMap((from) => regions.map((to) => {
      const rate = askedBandwidthBitsPerSecond(profile, from, to)
      return { from, to, roundTripMs: askedRoundTripMs(profile, from, to), bitsPerSecond: Number.isFinite(rate) ? rate : null }
    }))
  }
}
