import type { TopLevelSpec } from 'vega-lite'
import type { Row } from '../rows.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import { drawnRegions, frame, regionRemarks, regionScales } from './figure.ts'
import type { SizePoint } from './bootstrapping-size.ts'
import { sizePanel, timeOverSize } from './bootstrapping-size.ts'
import type { HeldPoint } from './bootstrapping-time.ts'
import { heldOverTime, timePanel } from './bootstrapping-time.ts'

const metrics = ['bootstrap_entries_held', 'bootstrap_files_held', 'bootstrap_log_ms', 'bootstrap_files_ms']

/**
 * `bootstrapping`: on the left what each newcomer held over time, on the right how long it took
 * beside the size of the cluster it joined; the log above, the files below.
 */
export function drawBootstrapping (rows: readonly Row[], caption: Caption): Drawing {
  const everything = [...heldOverTime(rows), ...timeOverSize(rows)]
  if (everything.length === 0) {
    return { name: 'bootstrapping', missing: 'There is no bootstrapping figure, for no row has bootstrap_log_ms, bootstrap_files_ms or what a newcomer held: no newcomer joined, or the run ended before one did.' }
  }
  const occurring = everything.map(({ region }) => region)
  const regions = drawnRegions(occurring, caption.regions)
  const held = heldOverTime(rows).filter(({ region }) => regions.includes(region))
  const sizes = timeOverSize(rows).filter(({ region }) => regions.includes(region))
  const title = 'Bootstrapping: how long until a newcomer holds what was there before it'
  const drawn = [...held, ...sizes].map((point): Record<string, Cell> => ({
    panel: 'fraction' in point ? 'over time' : 'over cluster size',
    what: point.what,
    newcomer: point.newcomer,
    region: point.region,
    peers_before: Number.isFinite(point.peersBefore) ? point.peersBefore : null,
    seconds: point.seconds,
    fraction_held: 'fraction' in point ? point.fraction : null,
    ran_out: 'ranOut' in point ? point.ranOut : null
  }))
  return { figure: { name: 'bootstrapping', title, spec: bootstrappingSpec({ title, held, sizes, regions, caption, remarks: regionRemarks(occurring, regions) }), drawn } }
}

interface Parts {
  title: string
  held: readonly HeldPoint[]
  sizes: readonly SizePoint[]
  regions: readonly string[]
  caption: Caption
  remarks: readonly string[]
}

function bootstrappingSpec ({ title, held, sizes, regions, caption, remarks: more }: Parts): TopLevelSpec {
  const scales = regionScales(regions)
  const byRegion = { field: 'region', type: 'nominal', title: 'region of the newcomer' }
  const legend = { orient: 'bottom', columns: 3, symbolStrokeWidth: 0 }
  const colour = { ...byRegion, scale: scales.colour, legend }
  const dash = { ...byRegion, scale: scales.dash, legend }
  const shape = { ...byRegion, scale: scales.shape, legend }
  const panelsOf = (what: 'log' | 'files'): object[] => [
    ...(held.some((point) => point.what === what) ? [timePanel(what, held, colour, dash, shape)] : []),
    ...(sizes.some((point) => point.what === what) ? [sizePanel(what, sizes, colour, shape)] : [])
  ]
  const rows = [panelsOf('log'), panelsOf('files')].filter((row) => row.length > 0)
  const late = sizes.some(({ ranOut }) => ranOut) ? ['↑ the wait ran out at this time: the truth lies above.'] : []
  const remarks = [...late, ...more]
  return {
    ...frame(title, caption, metrics, remarks),
    spacing: 20,
    vconcat: rows.map((row) => ({
      spacing: 56,
      bounds: 'flush',
      hconcat: row.map((panel) => ({ width: row.length === 1 ? 452 : 200, height: 110, ...panel }))
    }))
  } as TopLevelSpec
}
