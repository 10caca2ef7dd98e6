import type { Row } from '../rows.ts'
import { groupBy, instanceKey } from '../rows.ts'
import { thin } from '../statistics.ts'
import { pointsMax } from './figure.ts'

export interface HeldPoint {
  what: 'log' | 'files'
  newcomer: string
  region: string
  peersBefore: number
  seconds: number
  fraction: number
}

const curves = [
  { metric: 'bootstrap_entries_held', what: 'log' as const },
  { metric: 'bootstrap_files_held', what: 'files' as const }
]

/** How much of the corpus each newcomer held over time: the left column of `bootstrapping`. */
export function heldOverTime (rows: readonly Row[]): HeldPoint[] {
  return curves.flatMap(({ metric, what }) => {
    const newcomers = groupBy(rows.filter((row) => row.metric === metric), instanceKey)
    return [...newcomers].flatMap(([newcomer, own]) => {
      const points = own.flatMap(({ measures, tags }): HeldPoint[] => {
        const { value, of: total, elapsed_ms: elapsedMs } = measures
        if (value === undefined || total === undefined || total <= 0 || elapsedMs === undefined || elapsedMs < 0) return []
        return [{ what, newcomer, region: tags.region ?? '-', peersBefore: Number(tags.peers_before ?? NaN), seconds: elapsedMs / 1000, fraction: value / total }]
      })
      return thin(points.sort((a, b) => a.seconds - b.seconds), pointsMax)
    })
  })
}

/** One panel of the left column; a sign at the end of each curve says its region without colour. */
export function timePanel (what: HeldPoint['what'], values: readonly HeldPoint[], colour: object, dash: object, shape: object): object {
  const own = values.filter((point) => point.what === what)
  const ends = [...groupBy(own, ({ newcomer }) => newcomer).values()].map((curve) => curve.at(-1))
  // Many curves at full width would run into one another.
  const strokeWidth = ends.length > 12 ? 0.7 : 1.4
  return {
    encoding: {
      x: {
        field: 'seconds', type: 'quantitative', title: 'time since the newcomer started (s)',
        scale: { zero: true, nice: true }, axis: { tickCount: 6 }
      },
      y: {
        field: 'fraction', type: 'quantitative', title: `fraction of the ${what} held`,
        scale: { domain: [0, 1] }, axis: { format: '.1f', tickCount: 6 }
      }
    },
    layer: [
      {
        data: { values: own },
        mark: { type: 'line', interpolate: 'step-after', strokeWidth, strokeCap: 'butt' },
        encoding: { detail: { field: 'newcomer', type: 'nominal' }, color: colour, strokeDash: dash }
      },
      { data: { values: ends }, mark: { type: 'point', filled: true, size: 30, opacity: 1 }, encoding: { color: colour, shape } }
    ]
  }
}
