import type { TopLevelSpec } from 'vega-lite'
import { groupBy } from '../rows.ts'
import { ecdf, median, thin } from '../statistics/index.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import {
  drawnRegions, drawnRuns, fractionAxis, frame, isNarrow, layoutOf, legendBelow, logTicks, panelRows, panelTitle, pointsMax,
  regionRemarks, regionScales, replicationPanels, wantsLog
} from './figure.ts'
import type { ReplicationPair } from './replication-pairs.ts'
import { samplesTogether } from './replication-pairs.ts'

/** One-way latency that was asked for, in ms: from region, to region. */
export type Latencies = Readonly<Record<string, Readonly<Record<string, number>>>>

interface Point {
  run: string
  panel: string
  region: string
  ms: number
  fraction: number
  /** "step" of the curve, "ran out" where a censored wait ended it, "asked" for the latency on the axis. */
  kind: 'step' | 'ran out' | 'asked'
}

/**
 * `replication`: which fraction of contributions had reached a peer after which time, one curve per
 * region of the peer, entry and file side by side, one row per run; below, the one-way latency the network was asked
 * for (median over the same rows), which nothing can beat.
 */
export function drawReplication (pairs: readonly ReplicationPair[], caption: Caption, latencies: Latencies): Drawing {
  const occurring = new Set(pairs.map(({ region }) => region))
  const regions = drawnRegions(occurring, caption.regions)
  const { runs, remarks } = drawnRuns(pairs, caption)
  const points = runs.flatMap((run) => replicationPanels.flatMap(({ metric, label }) => {
    const byRegion = groupBy(pairs.filter((pair) => pair.run === run && pair.metric === metric), ({ region }) => region)
    const curves = regions.flatMap((region) => curve(region, byRegion.get(region) ?? [], latencies))
    return curves.map((point): Point => ({ run, panel: label, ...point }))
  }))
  if (!points.some(({ kind }) => kind !== 'asked')) {
    return { name: 'replication', missing: 'There is no replication figure, for no row has replication_entry_ms or replication_file_ms: the plan ran no replication, or ended before anything arrived.' }
  }
  const title = 'Replication: how long until a contribution has reached a peer'
  const spec = replicationSpec({ title, points, regions, runs, caption, remarks: [...regionRemarks(occurring, regions), ...remarks] })
  return { figure: { name: 'replication', title, width: layoutOf(caption).width, spec, drawn: points.map((point): Record<string, Cell> => ({ ...point })) } }
}

function curve (region: string, pairs: readonly ReplicationPair[], latencies: Latencies): Array<Omit<Point, 'run' | 'panel'>> {
  const samples = samplesTogether(pairs)
  const steps = ecdf(samples)
  const first = steps[0]
  const points = (first === undefined ? [] : [{ value: first.value, fraction: 0 }, ...thin(steps, pointsMax)])
    .map(({ value, fraction }): Omit<Point, 'run' | 'panel'> => ({ region, ms: value, fraction, kind: 'step' }))
  const end = samples.reduce((most, { value, censored }) => censored ? Math.max(most, value) : most, -1)
  if (end >= 0) {
    const fraction = steps.at(-1)?.fraction ?? 0
    points.push({ region, ms: Math.max(end, steps.at(-1)?.value ?? 0), fraction, kind: 'ran out' })
  }
  const asked = pairs.flatMap(({ from, samples: own }) => {
    const latency = latencies[from]?.[region]
    return latency === undefined ? [] : new Array<number>(own.length).fill(latency)
  })
  const floor = asked.length === 0 ? 0 : median(asked)
  if (points.length > 0 && floor > 0) points.push({ region, ms: floor, fraction: 0, kind: 'asked' })
  return points
}

interface Parts {
  title: string
  points: readonly Point[]
  runs: readonly string[]
  regions: readonly string[]
  caption: Caption
  remarks: readonly string[]
}

function replicationSpec ({ title, points, runs, regions, caption, remarks: more }: Parts): TopLevelSpec {
  const log = wantsLog(points.map(({ ms }) => ms))
  const has = (kind: Point['kind']): boolean => points.some((point) => point.kind === kind)
  const shown = replicationPanels.filter(({ label }) => points.some(({ panel }) => panel === label))
  const remarks = [
    ...(has('asked') ? ['▲ one-way latency asked of the network, median over the drawn rows.'] : []),
    ...(has('ran out') ? ['○ the longest wait that ran out: the curve stays below 1.'] : []),
    ...more
  ]
  return {
    ...frame(title, caption, replicationPanels.map(({ metric }) => metric), remarks),
    data: { values: points.map((point) => ({ ...point })) },
    spacing: 20,
    vconcat: panelRows(caption, runs.map((run) => shown.map(({ label }, column) => ({
      height: runs.length === 1 ? 160 : 110,
      title: panelTitle(runs.length === 1 ? label : `Run ${run}: ${label.toLowerCase()}`),
      transform: [{ filter: { and: [{ field: 'panel', equal: label }, { field: 'run', equal: run }] } }],
      encoding: {
        // All runs share the axis of a column, for they are there to be compared.
        x: timeAxis(points.filter(({ panel }) => panel === label).map(({ ms }) => ms), log),
        y: fractionAxis(column === 0 || isNarrow(caption) ? 'fraction of contributions' : null)
      },
      layer: layers(regions, caption)
    }))))
  } as TopLevelSpec
}

function timeAxis (values: readonly number[], log: boolean): object {
  const most = values.reduce((largest, value) => Math.max(largest, value), 0) * (log ? 1.1 : 1.03)
  const least = log ? values.reduce((smallest, value) => Math.min(smallest, value), Infinity) / 1.15 : 0
  return {
    field: 'ms',
    type: 'quantitative',
    title: `time since the contribution was written (ms${log ? ', log' : ''})`,
    scale: { type: log ? 'log' : 'linear', domain: [least, most], nice: false },
    axis: { labelOverlap: 'greedy', format: ',~r', ...(log ? { values: logTicks(least, most) } : { tickCount: 6 }) }
  }
}

function layers (regions: readonly string[], caption: Caption): object[] {
  const { colour, dash } = regionScales(regions)
  const legend = legendBelow(caption, 'strokes')
  const byRegion = { field: 'region', type: 'nominal', title: 'region of the receiving peer', legend }
  const color = { ...byRegion, scale: colour }
  return [
    {
      transform: [{ filter: { field: 'kind', oneOf: ['step', 'ran out'] } }],
      mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.4, strokeCap: 'butt' },
      encoding: { color, strokeDash: { ...byRegion, scale: dash } }
    },
    {
      transform: [{ filter: { field: 'kind', equal: 'ran out' } }],
      mark: { type: 'point', filled: false, size: 28, strokeWidth: 1.2, opacity: 1 },
      encoding: { color }
    },
    {
      transform: [{ filter: { field: 'kind', equal: 'asked' } }],
      mark: { type: 'point', shape: 'triangle-up', filled: true, size: 26, yOffset: -4, opacity: 1 },
      encoding: { color }
    }
  ]
}
