import { ProfileError } from './profile-error.ts'
import { createRandom, exponential } from './random.ts'
import type { ProfileFile } from './profile-schema.ts'

/**
 * Quantiles of the round trip in ms between 490 PlanetLab nodes (NetLatency-Data, slice 1). The least is not published;
 * the greatest, 2,984 ms, is an outlier: the last value is the one that gives the published mean of 146.8 ms.
 */
const quantiles: ReadonlyArray<readonly [fraction: number, ms: number]> = [
  [0, 1], [0.05, 19.3], [0.25, 59.3], [0.5, 135], [0.75, 201.8], [0.9, 290.7], [0.95, 324.9], [0.99, 412.6], [1, 579]
]
/** More sites than a profile in one file is good for. */
export const sitesMax = 200
/** The strip on which sites lie is as long as this many times its width: most of the distance between continents is one of longitude. */
const stripLength = 20
/** The mean length of an access link, in widths of the strip: what makes some sites far from all others. */
const accessMean = 0.05

export interface SampleInit {
  sites: number
  seed: string
}

/**
 * A profile of sites whose round trips are distributed as those of PlanetLab. Sites lie at random on a strip, each behind an
 * access link of its own, so that neighbours see about the same world (coordinates with heights: Dabek et al. 2004,
 * "Vivaldi"); the distances are then put in order, and each gets the quantile of its rank. The proportions of the strip are
 * those at which distances are spread about as the quantiles are: of 24 sites 13 % of triples break the triangle inequality,
 * and 20 % where distances are drawn one by one.
 *
 * @throws ProfileError for a number of sites that makes no profile
 */
export function samplePlanetlab ({ sites, seed }: SampleInit): ProfileFile {
  if (!Number.isInteger(sites) || sites < 2 || sites > sitesMax) {
    throw new ProfileError(`A sample of PlanetLab cannot have ${sites} sites: ask for 2 to ${sitesMax}.`)
  }
  const random = createRandom(JSON.stringify(['planetlab', seed]))
  const points = Array.from({ length: sites }, () => pointOf(random))
  const pairs = points
    .flatMap((a, row) => points.slice(row + 1).map((b, index) => ({ row, column: row + 1 + index, distance: distanceOf(a, b) })))
    .sort((a, b) => a.distance - b.distance || a.row - b.row || a.column - b.column)
  const rows: Array<Array<number | null>> = Array.from({ length: sites }, () => Array.from({ length: sites }, () => null))
  pairs.forEach(({ row, column }, rank) => {
    const roundTripMs = Math.round(10 * quantileAt((rank + 0.5) / pairs.length)) / 10
    rows[row]![column] = rows[column]![row] = roundTripMs
  })
  return profileOf(rows, seed)
}

interface Point {
  x: number
  y: number
  access: number
}

/** Uniform on the strip, behind an exponentially distributed access link. */
function pointOf (random: () => number): Point {
  return { x: stripLength * random(), y: random(), access: exponential(random, accessMean) }
}

function distanceOf (a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y) + a.access + b.access
}

function quantileAt (fraction: number): number {
  const above = quantiles.findIndex(([at]) => at >= fraction)
  const [[from, low], [to, high]] = [quantiles[above - 1]!, quantiles[above]!]
  return low + (high - low) * (fraction - from) / (to - from)
}

function profileOf (rows: Array<Array<number | null>>, seed: string): ProfileFile {
  const assumed = { kind: 'assumption', source: 'peerslab' } as const
  return {
    name: 'planetlab-like',
    description: `${rows.length} sites whose round trips are distributed as those between 490 PlanetLab nodes, drawn with seed ${seed}.`,
    sources: {
      'planetlab-netlatency': 'NetLatency-Data, PlanetLab, slice 1 of 18: quantiles of the round trips between 490 nodes.',
      peerslab: 'Assumption of this project; no measurement is known.'
    },
    regions: rows.map((_, index) => `site-${String(index + 1).padStart(String(rows.length).length, '0')}`),
    anyRegion: false,
    latency: {
      unit: 'ms',
      kind: 'round-trip',
      everyPair: { value: 1, ...assumed, note: 'Only for pairs within one site.' },
      matrix: { rows, kind: 'derived', source: 'planetlab-netlatency' },
      links: []
    },
    jitter: { unit: 'ms', kind: 'round-trip-deviation', figure: { value: 1, ...assumed } },
    bandwidth: { unit: 'bit/s', flow: null, uplink: { value: 100_000_000, ...assumed }, downlink: null },
    loss: null
  }
}
