import type { TopLevelSpec } from 'vega-lite'
import type { Row } from '../rows.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRegions, drawnRuns, frame, layoutOf, legendBelow, panelRows, regionRemarks, regionScales, runShapes } from './figure.ts'
import type { SizePoint } from './bootstrapping-size.ts'
import { sizePanel, timeOverSize } from './bootstrapping-size.ts'
import type { HeldPoint } from './bootstrapping-time.ts'
import { heldOverTime, timePanel } from './bootstrapping-time.ts'

const metrics = ['bootstrap_entries_held', 'bootstrap_files_held', 'bootstrap_log_ms', 'bootstrap_files_ms']
const whats = ['log', 'files'] as const

/**
 * `bootstrapping`: log on the left, files on the right; above, what each newcomer held over time, one
 * row per run; below, how long it took beside the size of the cluster it joined, one sign per run
 * where there are several.
 */
export function drawBootstrapping (rows: readonly Row[], caption: Caption): Drawing {
  const everyHeld = heldOverTime(rows)
  const everySize = timeOverSize(rows)
  const everything = [...everyHeld, ...everySize]
  if (everything.length === 0) {
    return { name: 'bootstrapping', missing: 'There is no bootstrapping figure, for no row has bootstrap_log_ms, bootstrap_files_ms or what a newcomer held: no newcomer joined, or the run ended before one did.' }
  }
  const occurring = everything.map(({ region }) => region)
  const regions = drawnRegions(occurring, caption.regions)
  const { runs, remarks } = drawnRuns(everything, caption)
  const isDrawn = ({ region, run }: { region: string, run: string }): boolean => regions.includes(region) && runs.includes(run)
  const held = everyHeld.filter(isDrawn)
  const sizes = everySize.filter(isDrawn)
  const title = 'Bootstrapping: how long until a newcomer holds what was there before it'
  const drawn = [...held, ...sizes].map((point): Record<string, Cell> => ({
    run: point.run,
    panel: 'fraction' in point ? 'over time' : 'over cluster size',
    what: point.what,
    newcomer: point.newcomer,
    region: point.region,
    peers_before: Number.isFinite(point.peersBefore) ? point.peersBefore : null,
    seconds: point.seconds,
    fraction_held: 'fraction' in point ? point.fraction : null,
    ran_out: 'ranOut' in point ? point.ranOut : null
  }))
  const parts = { title, held, sizes, regions, runs, caption, remarks: [...regionRemarks(occurring, regions), ...remarks] }
  return { figure: { name: 'bootstrapping', title, width: layoutOf(caption).width, spec: bootstrappingSpec(parts), drawn } }
}

interface Parts {
  title: string
  held: readonly HeldPoint[]
  sizes: readonly SizePoint[]
  regions: readonly string[]
  runs: readonly string[]
  caption: Caption
  remarks: readonly string[]
}

function bootstrappingSpec (parts: Parts): TopLevelSpec {
  const { title, sizes, runs, caption, remarks } = parts
  const late = sizes.some(({ ranOut }) => ranOut) ? ['↑ the wait ran out at this time: the truth lies above.'] : []
  const rows = [...timeRows(parts), sizeRow(parts)].filter((row) => row.length > 0)
  return {
    ...frame(title, caption, metrics, [...late, ...remarks]),
    spacing: 16,
    vconcat: panelRows(caption, rows.map((row) => row.map((panel) => ({ height: 110, ...panel })))),
    // The shape says the region, but where several runs share a panel it says the run there.
    ...(runs.length > 1 ? { resolve: { scale: { shape: 'independent' }, legend: { shape: 'independent' } } } : {})
  } as TopLevelSpec
}

/** Colour, dash and shape by region, with the legend of the figure. */
function looks ({ regions, runs, caption }: Parts): { colour: object, dash: object, shape: object } {
  const scales = regionScales(regions)
  const byRegion = { field: 'region', type: 'nominal', title: 'region of the newcomer' }
  // Signs for one run; lines where the signs below stand for runs.
  const legend = legendBelow(caption, runs.length === 1 ? 'points' : 'strokes')
  return {
    colour: { ...byRegion, scale: scales.colour, legend },
    dash: { ...byRegion, scale: scales.dash, legend },
    shape: { ...byRegion, scale: scales.shape, legend: runs.length === 1 ? legend : null }
  }
}

function timeRows (parts: Parts): object[][] {
  const { held, runs } = parts
  const secondsMax = topOf(held, 1.04)
  return runs.map((run) => whats.flatMap((what) => {
    const values = held.filter((point) => point.run === run && point.what === what)
    return values.length === 0 ? [] : [timePanel(values, what, { ...looks(parts), secondsMax, title: runs.length === 1 ? undefined : `Run ${run}: ${what}` })]
  }))
}

function sizeRow (parts: Parts): object[] {
  const { sizes, runs, caption } = parts
  const { colour, shape: shapeByRegion } = looks(parts)
  const shapeByRun = { field: 'run', type: 'nominal', title: 'run', scale: runShapes(runs), legend: legendBelow(caption, 'points', { symbolStrokeWidth: 1 }) }
  const look = { colour, shape: runs.length === 1 ? shapeByRegion : shapeByRun, secondsMax: topOf(sizes, 1.1) }
  return whats.flatMap((what) => {
    const values = sizes.filter((point) => point.what === what)
    return values.length === 0 ? [] : [sizePanel(values, what, look)]
  })
}

/** Right or upper end of an axis that starts at 0, with room for the sign of the largest value. */
function topOf (points: ReadonlyArray<{ seconds: number }>, room: number): number {
  return (points.reduce((most, { seconds }) => Math.max(most, seconds), 0) || 1) * room
}
