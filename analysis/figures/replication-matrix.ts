import type { TopLevelSpec } from 'vega-lite'
import { scaleFor } from '../units.ts'
import { summarise } from '../statistics/index.ts'
import type { Caption, Cell, Drawing } from './figure.ts'
import {
  drawnRegions, drawnRuns, frame, isNarrow, layoutOf, panelRows, panelTitle, regionRemarks, replicationPanels, wantsLog
} from './figure.ts'
import type { HeatMapCell } from './heat-map.ts'
import { heatPanel } from './heat-map.ts'
import type { ReplicationPair } from './replication-pairs.ts'

interface RunCell extends HeatMapCell {
  run: string
  panel: string
  n: number
  /** Whether waits that ran out decided the median. */
  isBound: boolean
}

/** `replication-matrix`: the median time from each region to each other one, entry and file side by side on one scale, one row per run. */
export function drawReplicationMatrix (pairs: readonly ReplicationPair[], caption: Caption): Drawing {
  const occurring = new Set(pairs.flatMap(({ region, from }) => [region, from]))
  const regions = drawnRegions(occurring, caption.regions)
  const { runs, remarks } = drawnRuns(pairs, caption)
  const cells = runs.flatMap((run) => replicationPanels.flatMap(({ metric, label }) => {
    const own = pairs.filter((pair) => pair.run === run && pair.metric === metric)
    return regions.flatMap((from) => regions.map((to): RunCell => {
      const { samples = [] } = own.find((pair) => pair.from === from && pair.region === to) ?? {}
      const middle = samples.length === 0 ? undefined : summarise(samples).median
      return { run, panel: label, from, to, value: middle?.value ?? null, n: samples.length, isBound: middle?.bound ?? false }
    }))
  })).filter((cell, _, all) => all.some(({ run, panel, value }) => run === cell.run && panel === cell.panel && value !== null))
  if (cells.length === 0) {
    return { name: 'replication-matrix', missing: 'There is no matrix of replication times, for no row has replication_entry_ms or replication_file_ms.' }
  }
  const title = 'Replication from region to region: median time'
  const notes = [
    'Row: region of the contributor. Column: region of the receiving peer. Empty: nothing went there.',
    ...(cells.some(({ isBound }) => isBound) ? ['Some medians are waits that ran out, and so lower bounds; the CSV says which.'] : []),
    ...regionRemarks(occurring, regions), ...remarks
  ]
  const drawn = cells.map(({ run, panel, from, to, value, n, isBound }): Record<string, Cell> =>
    ({ run, panel, from, to, median_ms: value, n, lower_bound: isBound }))
  const spec = specOf({ cells, runs, regions, caption }, frame(title, caption, replicationPanels.map(({ metric }) => metric), notes))
  return { figure: { name: 'replication-matrix', title, width: layoutOf(caption).width, spec, drawn } }
}

interface Parts {
  cells: readonly RunCell[]
  runs: readonly string[]
  regions: readonly string[]
  caption: Caption
}

function specOf ({ cells, runs, regions, caption }: Parts, common: object): TopLevelSpec {
  const values = cells.flatMap(({ value }) => value ?? [])
  const { unit, divisor } = scaleFor('ms', Math.max(...values))
  const shownCells = cells.map((cell) => ({ ...cell, value: cell.value === null ? null : cell.value / divisor }))
  const scaled = values.map((value) => value / divisor)
  const isLog = wantsLog(scaled)
  const label = `median in ${unit}${isLog ? ', log' : ''}`
  const shown = replicationPanels.filter(({ label }) => cells.some(({ panel }) => panel === label))
  const size = isNarrow(caption) ? 156 : shown.length === 1 ? 340 : 198
  return {
    ...common,
    spacing: 14,
    vconcat: panelRows(caption, runs.map((run) => shown.map(({ label: panel }, place) => ({
      title: panelTitle(runs.length === 1 ? panel : `Run ${run}: ${panel.toLowerCase()}`),
      ...heatPanel({
        regions, cells: shownCells.filter((cell) => cell.run === run && cell.panel === panel), label, size, isLog,
        isLegendBelow: true, domain: [Math.min(...scaled), Math.max(...scaled)], hasRowNames: isNarrow(caption) || place === 0
      })
    }))), 22)
  } as unknown as TopLevelSpec
}
