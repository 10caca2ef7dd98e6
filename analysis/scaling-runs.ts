import { createReducer } from './comparison/reduce.ts'
import type { ScalingRun } from './figures/scaling.ts'
import { scalingPanels } from './figures/scaling.ts'
import type { RunFolder } from './read.ts'
import { readingOf } from './readings.ts'

/** The runs of a run folder, each with its number of instances and with what it says of the metrics of scaling. */
export function scalingRuns ({ run, rows, instances }: Pick<RunFolder, 'run' | 'rows' | 'instances'>): ScalingRun[] {
  const wanted = new Set(scalingPanels.map(({ metric }) => metric))
  const ids = [...new Set(instances.map((instance) => instance.run))].sort()
  return ids.map((id) => {
    const reducer = createReducer()
    for (const row of rows) if (row.run === id && wanted.has(row.metric)) reducer.add(readingOf(row))
    const planned = run.runs?.find((each) => each.id === id)?.groups.reduce((sum, { count }) => sum + count, 0)
    return {
      run: id,
      instances: planned ?? instances.filter((instance) => instance.run === id).length,
      values: new Map(reducer.series().map(({ metric, value, bound }) => [metric, { value, isBound: bound }]))
    }
  })
}
