import type { TopLevelSpec } from 'vega-lite'
import { groupBy } from '../rows.ts'
import type { Box } from './box-panel.ts'
import { boxOf, boxPanel } from './box-panel.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import {
  drawnRegions, drawnRuns, frame, isNarrow, layoutOf, logTicks, panelRows, panelTitle, regionRemarks, replicationPanels, wantsLog
} from './figure.ts'
import type { ReplicationPair } from './replication-pairs.ts'
import { samplesTogether } from './replication-pairs.ts'

interface RegionBox extends Box {
  run: string
  panel: string
}

/**
 * `replication-by-region`: a box with its points for each region of the receiving peer, entry and file side by side, one row of
 * panels per run.
 */
export function drawReplicationByRegion (pairs: readonly ReplicationPair[], caption: Caption): Drawing {
  const occurring = new Set(pairs.map(({ region }) => region))
  const regions = drawnRegions(occurring, caption.regions)
  const { runs, remarks } = drawnRuns(pairs, caption)
  const boxes = runs.flatMap((run) => replicationPanels.flatMap(({ metric, label }) => {
    const byRegion = groupBy(pairs.filter((pair) => pair.run === run && pair.metric === metric), ({ region }) => region)
    return regions.flatMap((region): RegionBox[] => {
      const samples = samplesTogether(byRegion.get(region) ?? [])
      return samples.length === 0 ? [] : [{ run, panel: label, ...boxOf(region, samples) }]
    })
  }))
  if (boxes.length === 0) {
    return { name: 'replication-by-region', missing: 'There is no figure of replication by region, for no row has replication_entry_ms or replication_file_ms.' }
  }
  const title = 'Replication by region of the receiving peer'
  const notes = [
    'Box: quartiles and median; line: 5th to 95th percentile; below: the single times, thinned where they are many.',
    ...(boxes.some(({ isBound }) => isBound) ? ['○ a wait that ran out, > a line that it decides: the truth lies above.'] : []),
    ...regionRemarks(occurring, regions), ...remarks
  ]
  const drawn = boxes.flatMap(({ run, panel, row, points, n, p5, q1, median, q3, p95 }): Array<Record<string, Cell>> => [
    { run, panel, region: row, kind: 'box', ms: null, censored: null, n, p5, q1, median, q3, p95 },
    ...points.map(({ value, censored }) => ({ run, panel, region: row, kind: 'point', ms: value, censored, n: null, p5: null, q1: null, median: null, q3: null, p95: null }))
  ])
  const spec = specOf({ boxes, runs, regions, caption }, frame(title, caption, replicationPanels.map(({ metric }) => metric), notes))
  return { figure: { name: 'replication-by-region', title, width: layoutOf(caption).width, spec, drawn } }
}

interface Parts {
  boxes: readonly RegionBox[]
  runs: readonly string[]
  regions: readonly string[]
  caption: Caption
}

function specOf ({ boxes, runs, regions, caption }: Parts, common: object): TopLevelSpec {
  const shown = replicationPanels.filter(({ label }) => boxes.some(({ panel }) => panel === label))
  const values = boxes.flatMap(({ points, p5, p95 }) => [p5, p95, ...points.map(({ value }) => value)])
  const log = wantsLog(values)
  const domain = log ? [Math.min(...values) / 1.15, Math.max(...values) * 1.15] : [0, Math.max(...values) * 1.06]
  const axis = {
    title: `time since the contribution was written (ms${log ? ', log' : ''})`,
    scale: { type: log ? 'log' : 'linear', domain, nice: false },
    axis: { labelOverlap: 'greedy', format: ',~r', ...(log ? { values: logTicks(domain[0] as number, domain[1] as number) } : { tickCount: 5 }) }
  }
  const width = isNarrow(caption) ? 150 : shown.length === 1 ? 405 : 202
  return {
    ...common,
    spacing: 14,
    vconcat: panelRows(caption, runs.map((run) => shown.map(({ label }, place) => ({
      title: panelTitle(runs.length === 1 ? label : `Run ${run}: ${label.toLowerCase()}`),
      ...boxPanel({
        boxes: boxes.filter((box) => box.run === run && box.panel === label), rows: regions, axis, width,
        hasRowNames: isNarrow(caption) || place === 0
      })
    }))), 26)
  } as unknown as TopLevelSpec
}
