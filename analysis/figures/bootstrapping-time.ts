import type { Row } from '../rows.ts'
import { groupBy, instanceKey } from '../rows.ts'
import { thin } from '../statistics/index.ts'
import { fractionAxis, panelTitle, pointsMax } from './figure.ts'

export interface HeldPoint {
  what: 'log' | 'files'
  run: string
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

/** How much of the corpus each newcomer held over time. */
export function heldOverTime (rows: readonly Row[]): HeldPoint[] {
  return curves.flatMap(({ metric, what }) => {
    const newcomers = groupBy(rows.filter((row) => row.metric === metric), instanceKey)
    return [...newcomers].flatMap(([newcomer, own]) => {
      const points = own.flatMap(({ run, measures, tags }): HeldPoint[] => {
        const { value, of: total, elapsed_ms: elapsedMs } = measures
        if (value === undefined || total === undefined || total <= 0 || elapsedMs === undefined || elapsedMs < 0) return []
        return [{ what, run, newcomer, region: tags.region ?? '-', peersBefore: Number(tags.peers_before ?? NaN), seconds: elapsedMs / 1000, fraction: value / total }]
      })
      return fromNothing(thin(points.sort((a, b) => a.seconds - b.seconds), pointsMax - 1))
    })
  })
}

/** A newcomer starts with nothing, and its first row comes with the first it got: the curve starts before that. */
function fromNothing (curve: readonly HeldPoint[]): HeldPoint[] {
  const [first] = curve
  return first === undefined || first.seconds === 0 ? [...curve] : [{ ...first, seconds: 0, fraction: 0 }, ...curve]
}

export interface PanelLook {
  title: string | undefined
  colour: object
  dash: object
  shape: object
  /** Right end of the axis in seconds, the same for all panels that are compared. */
  secondsMax: number
}

/** One panel of curves; a sign at the end of each says its region without colour. */
export function timePanel (values: readonly HeldPoint[], what: HeldPoint['what'], look: PanelLook): object {
  const ends = [...groupBy(values, ({ newcomer }) => newcomer).values()].map((curve) => curve.at(-1))
  // Many curves at full width would run into one another.
  const strokeWidth = ends.length > 12 ? 0.7 : 1.4
  return {
    ...(look.title === undefined ? {} : { title: panelTitle(look.title) }),
    encoding: {
      x: {
        field: 'seconds', type: 'quantitative', title: 'time since the newcomer started (s)',
        scale: { domain: [0, look.secondsMax], nice: false }, axis: { tickCount: 6, format: '~r' }
      },
      y: fractionAxis(`fraction of the ${what} held`)
    },
    layer: [
      {
        data: { values },
        mark: { type: 'line', interpolate: 'step-after', strokeWidth, strokeCap: 'butt' },
        encoding: { detail: { field: 'newcomer', type: 'nominal' }, color: look.colour, strokeDash: look.dash }
      },
      { data: { values: ends }, mark: { type: 'point', filled: true, size: 30, opacity: 1 }, encoding: { color: look.colour, shape: look.shape } }
    ]
  }
}
