import { ProfileError } from './profile-error.ts'
import { profileSchema } from './profile-schema.ts'
import type { Profile } from './profile.ts'
import type { ProfileFile } from './profile-schema.ts'

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
  checkLatencyMatrix(file, label)
  checkRates(file, label)
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
    flowBitsPerSecond: (from, to) => flowRate(file, from, to, oneWay(from, to) + oneWay(to, from)),
    uplinkBitsPerSecond: (region) => regionLimit(file, 'uplink', region),
    downlinkBitsPerSecond: (region) => regionLimit(file, 'downlink', region),
    lossProbability: file.loss?.figure.value ?? 0
  }
}

/** Region names come from outside, so a name like `constructor` must not find what every object has. */
export function cellOf (matrix: Profile['oneWayLatencyMs'], from: string, to: string): number | undefined {
  const row = Object.hasOwn(matrix, from) ? matrix[from] : undefined
  return row !== undefined && Object.hasOwn(row, to) ? row[to] : undefined
}

function flowRate (file: ProfileFile, from: string, to: string, roundTripMs: number): number {
  const flow = file.bandwidth?.flow
  switch (flow?.kind) {
    case 'constant': return flow.rate.value
    case 'window': return Math.min(flow.ceiling.value, flow.windowBits.value / (roundTripMs / 1000))
    case 'matrix': return flow.rates.rows[file.regions.indexOf(from)]?.[file.regions.indexOf(to)] ?? Infinity
    case undefined: return Infinity
  }
}

/** What one region says goes before what all do, also where it says that there is no limit. */
function regionLimit (file: ProfileFile, limit: 'uplink' | 'downlink', name: string): number {
  const own = file.bandwidth?.regions?.find(({ region }) => region === name)
  return (own === undefined ? file.bandwidth?.[limit] : own[limit])?.value ?? Infinity
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
  const matrixCell = (row: number, column: number): number | undefined => {
    const value = file.latency?.matrix?.rows[row]?.[column]
    return value == null ? undefined : roundTrip ? value / 2 : value
  }
  return Object.fromEntries(file.regions.map((from, row) => [from, Object.fromEntries(file.regions.map((to, column) => {
    const value = cells.get(key(from, to)) ?? matrixCell(row, column) ?? fallback
    if (value === undefined) {
      throw new ProfileError(`The network profile ${label} has no latency from ${from} to ${to}: add this pair to latency.links, or its cell to latency.matrix.`)
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

function checkMatrix (
  rows: ReadonlyArray<readonly unknown[]> | undefined, place: string, { regions }: ProfileFile, label: string
): void {
  const isSquare = rows === undefined || rows.length === regions.length
  const odd = isSquare ? rows?.findIndex((row) => row.length !== regions.length) ?? -1 : rows.length
  if (odd !== -1) {
    throw new ProfileError(`The network profile ${label} has ${regions.length} regions, but ${place} is not as many rows of as many cells ` +
      `(see ${place}.rows[${odd}]): give every region a row, and every row a cell for each region.`)
  }
}

/** A pair of two regions that has no figure would silently get the one that is meant for pairs within a region. */
function checkLatencyMatrix (file: ProfileFile, label: string): void {
  const { matrix, links = [] } = file.latency ?? {}
  checkMatrix(matrix?.rows, 'latency.matrix', file, label)
  matrix?.rows.forEach((cells, row) => {
    const column = cells.findIndex((cell, index) => cell === null && index !== row &&
      !links.some(({ from, to }) => from === file.regions[row] && to === file.regions[index]))
    if (column !== -1) {
      throw new ProfileError(`The network profile ${label} has no latency from ${file.regions[row]} to ${file.regions[column]}: ` +
        `fill the cell latency.matrix.rows[${row}][${column}].`)
    }
  })
}

function checkRates (file: ProfileFile, label: string): void {
  const { flow, regions: own = [] } = file.bandwidth ?? {}
  if (flow?.kind === 'matrix') {
    checkMatrix(flow.rates.rows, 'bandwidth.flow.rates', file, label)
    if (file.anyRegion) {
      throw new ProfileError(`The network profile ${label} accepts any region, but bandwidth.flow has rates of named ones only: set anyRegion to false.`)
    }
  }
  own.forEach(({ region }, index) => {
    if (!file.regions.includes(region) || own.findIndex((other) => other.region === region) !== index) {
      throw new ProfileError(`The network profile ${label} has at bandwidth.regions[${index}] a region ${region} that ` +
        'is not in its regions, or was given before: give each of them once.')
    }
  })
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
