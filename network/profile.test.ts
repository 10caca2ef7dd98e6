import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import six from '../manifests/networks/gcp-six-regions.json' with { type: 'json' }
import {
  askedBandwidthBitsPerSecond, askedOneWayMs, askedRoundTripMs, loadProfile, parseProfile, profileNames, ProfileError
} from './profile.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'peerslab-profile-')) })
afterAll(async () => { await rm(folder, { recursive: true }) })

/** The six-region profile with one change. */
function changed (change: (profile: typeof six) => void): unknown {
  const copy = structuredClone(six)
  change(copy)
  return copy
}

function refusal (json: unknown): string {
  try {
    parseProfile(json, 'mine')
  } catch (error) {
    expect(error).toBeInstanceOf(ProfileError)
    expect((error as Error).name).toBe('ProfileError')
    expect((error as Error).message).not.toContain('\n')
    return (error as Error).message
  }
  throw new Error('it was accepted')
}

describe('bundled profiles', () => {
  it('are the files of manifests/networks, and all of them load', async () => {
    const files = await readdir(new URL('../manifests/networks/', import.meta.url))
    expect([...profileNames].sort()).toEqual(files.map((file) => file.replace('.json', '')).sort())
    for (const name of profileNames) {
      expect((await loadProfile(name)).name).toBe(name)
    }
  })

  it('gcp-six-regions holds the published grid, halved into directions', async () => {
    const profile = await loadProfile('gcp-six-regions')
    expect(profile.regions).toEqual(['europe-west3', 'us-west1', 'southamerica-east1', 'me-west1', 'australia-southeast1', 'asia-east2'])
    expect(profile.oneWayLatencyMs['asia-east2']?.['europe-west3']).toBe(108.55)
    expect(askedRoundTripMs(profile, 'europe-west3', 'us-west1')).toBe(138.2)
    expect(askedRoundTripMs(profile, 'us-west1', 'europe-west3')).toBe(138.2)
    expect(askedRoundTripMs(profile, 'asia-east2', 'asia-east2')).toBe(1.2)
    expect(profile.jitterRoundTripMs).toBe(0.38)
  })

  it('gcp-six-regions limits a flow to its window over the round trip, and to the ceiling', async () => {
    const profile = await loadProfile('gcp-six-regions')
    expect(askedBandwidthBitsPerSecond(profile, 'europe-west3', 'me-west1')).toBeCloseTo(27e6 / 0.049, 3)
    expect(askedBandwidthBitsPerSecond(profile, 'us-west1', 'us-west1')).toBe(1.2e9)
  })

  it('gcp-peersdb-2023 differs only in the row of asia-east2', async () => {
    const [fit, grid] = [await loadProfile('gcp-peersdb-2023'), await loadProfile('gcp-six-regions')]
    expect(fit.regions.map((region) => askedRoundTripMs(fit, region, 'asia-east2'))).toEqual([274.9, 132, 291.2, 324.1, 128.8, 1.2])
    for (const from of fit.regions.filter((region) => region !== 'asia-east2')) {
      for (const to of fit.regions.filter((region) => region !== 'asia-east2')) {
        expect(askedOneWayMs(fit, from, to)).toBe(askedOneWayMs(grid, from, to))
      }
    }
  })

  it('aws-six-regions and azure-six-regions hold the published grids', async () => {
    const [aws, azure] = [await loadProfile('aws-six-regions'), await loadProfile('azure-six-regions')]
    expect([askedRoundTripMs(aws, 'eu-central-1', 'ap-east-1'), askedRoundTripMs(aws, 'ap-southeast-2', 'sa-east-1')]).toEqual([195.6, 307.9])
    expect([askedRoundTripMs(azure, 'uaenorth', 'eastasia'), askedRoundTripMs(azure, 'brazilsouth', 'uaenorth')]).toEqual([111.9, 293.1])
    expect(askedRoundTripMs(aws, 'eu-central-1', 'eu-central-1')).toBe(1.3)
  })

  it('wonderproxy-six-cities has each direction as it was measured', async () => {
    const profile = await loadProfile('wonderproxy-six-cities')
    expect([askedOneWayMs(profile, 'portland', 'sydney'), askedOneWayMs(profile, 'sydney', 'portland')]).toEqual([178.9 / 2, 217.1 / 2])
  })

  it('aptos gives each direction a rate of its own', async () => {
    const profile = await loadProfile('aptos')
    expect(askedBandwidthBitsPerSecond(profile, 'aws--sa-east-1', 'gcp--us-central1')).toBe(200_146_944)
    expect(askedBandwidthBitsPerSecond(profile, 'gcp--us-central1', 'aws--sa-east-1')).toBe(57_933_824)
    expect(askedRoundTripMs(profile, 'gcp--us-central1', 'aws--sa-east-1')).toBeCloseTo((145.483 + 145.703) / 2, 9)
  })

  it('star has a hub with a faster link than the leaves, who are twice as far from each other', async () => {
    const profile = await loadProfile('star')
    expect([askedBandwidthBitsPerSecond(profile, 'hub', 'leaf'), askedBandwidthBitsPerSecond(profile, 'leaf', 'hub')]).toEqual([1e9, 2e7])
    expect([askedRoundTripMs(profile, 'leaf', 'leaf'), askedRoundTripMs(profile, 'leaf', 'hub')]).toEqual([80, 40])
  })

  it('none and lan accept any region, also one named like what every object has', async () => {
    const [none, lan] = [await loadProfile('none'), await loadProfile('lan')]
    expect(none.shapes).toBe(false)
    expect(lan.shapes).toBe(true)
    expect(askedRoundTripMs(none, 'a', '__proto__')).toBe(0)
    expect(askedRoundTripMs(lan, '__proto__', 'toString')).toBe(0.5)
    expect(askedBandwidthBitsPerSecond(none, 'a', 'b')).toBe(Infinity)
    expect(askedBandwidthBitsPerSecond(lan, 'a', 'constructor')).toBe(1e9)
  })
})

describe('profiles of users', () => {
  it('load from a path that ends in .json', async () => {
    const path = join(folder, 'mine.json')
    await writeFile(path, JSON.stringify(six))
    expect((await loadProfile(path)).regions).toHaveLength(6)
  })

  it('can give each direction its own latency', () => {
    const links = [['a', 'b', 100], ['b', 'a', 30], ['a', 'a', 1], ['b', 'b', 1]].map(([from, to, value]) =>
      ({ from, to, value, kind: 'assumption', source: 'peerslab' }))
    const profile = parseProfile({ ...six, regions: ['a', 'b'], latency: { unit: 'ms', kind: 'one-way', links } }, 'mine')
    expect(askedOneWayMs(profile, 'a', 'b')).toBe(100)
    expect(askedRoundTripMs(profile, 'a', 'b')).toBe(130)
  })

  it('are refused with one sentence when they cannot be read', async () => {
    await expect(loadProfile('gcp')).rejects.toThrow('There is no network profile gcp: use one of none, lan, uniform, star, gcp-six-regions, gcp-peersdb-2023,')
    await expect(loadProfile('constructor')).rejects.toThrow('There is no network profile constructor')
    await expect(loadProfile(join(folder, 'missing.json'))).rejects.toThrow(/missing\.json is not there: check the path/)
    const broken = join(folder, 'broken.json')
    await writeFile(broken, '{')
    await expect(loadProfile(broken)).rejects.toThrow(/broken\.json is not JSON/)
  })

  it('are refused with the JSON path when they are not of the form', () => {
    expect(refusal(changed((profile) => { Object.assign(profile.latency.links[3] ?? {}, { value: 'far' }) }))).toContain('latency.links[3].value')
    expect(refusal(changed((profile) => { Object.assign(profile.latency.links[2] ?? {}, { value: -1 }) }))).toContain('latency.links[2].value')
    expect(refusal(changed((profile) => { Object.assign(profile, { bandwith: null }) }))).toContain('bandwith')
    expect(refusal(changed((profile) => { Object.assign(profile.latency, { unit: 's' }) }))).toContain('latency.unit')
    expect(refusal(null)).toContain('its top level')
  })

  it('are refused when a cell, a region or a source is missing or doubled', () => {
    expect(refusal(changed((profile) => { profile.latency.links.splice(1, 1) })))
      .toContain('no latency from europe-west3 to us-west1: add this pair')
    expect(refusal(changed((profile) => { Object.assign(profile.latency.links[1] ?? {}, { to: 'mars-1' }) })))
      .toContain('a region mars-1 at latency.links[1]')
    expect(refusal(changed((profile) => { profile.latency.links.push({ ...profile.latency.links[1]! }) }))).toContain('twice')
    expect(refusal(changed((profile) => { profile.regions.push('us-west1') }))).toContain('twice')
    expect(refusal(changed((profile) => { Object.assign(profile.latency.links[1] ?? {}, { source: 'hearsay' }) })))
      .toContain('a source hearsay at latency.links[1].source')
    expect(refusal(changed((profile) => { profile.anyRegion = true }))).toContain('add latency.everyPair')
  })

  it('are refused where a matrix is not square, has a hole, or where a region limits what is not there', () => {
    const matrix = (rows: Array<Array<number | null>>): unknown => changed((profile) => {
      Object.assign(profile, { regions: ['a', 'b'] })
      Object.assign(profile.latency, { links: [], matrix: { rows, kind: 'assumption', source: 'peerslab' } })
    })
    expect(parseProfile(matrix([[1, 10], [20, 1]]), 'mine').oneWayLatencyMs).toEqual({ a: { a: 0.5, b: 5 }, b: { a: 10, b: 0.5 } })
    expect(refusal(matrix([[1, 10], [20]]))).toContain('has 2 regions, but latency.matrix is not as many rows of as many cells (see latency.matrix.rows[1])')
    expect(refusal(matrix([[1, 10]]))).toContain('see latency.matrix.rows[1]')
    expect(refusal(matrix([[1, null], [20, 1]]))).toContain('no latency from a to b: fill the cell latency.matrix.rows[0][1]')
    expect(refusal(matrix([[1, -2], [20, 1]]))).toContain('latency.matrix.rows[0][1]')
    expect(refusal(matrix([[null, 2], [20, 1]]))).toContain('no latency from a to a')
    expect(refusal(changed((profile) => { Object.assign(profile.bandwidth, { regions: [{ region: 'mars-1', uplink: null, downlink: null }] }) })))
      .toContain('has at bandwidth.regions[0] a region mars-1 that is not in its regions')
  })

  it('name their regions to whoever asks for another', async () => {
    const profile = await loadProfile('gcp-six-regions')
    expect(() => askedRoundTripMs(profile, 'mars-1', 'us-west1')).toThrow(
      'The network profile gcp-six-regions has no region "mars-1": use one of europe-west3, us-west1,')
  })
})
