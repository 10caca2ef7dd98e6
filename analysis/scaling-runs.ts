import { createReducer } from './comparison/reduce.ts'
import type { ScalingRun } from './figures/scaling.ts'
import { scalingPanels } from './figures/scaling.ts'
import type { RunFolder } from './read.ts'

/** The runs of a run folder, each with its number of instances and with what it says of the metrics of scaling. */
export function scalingRuns ({ run, rows, instances }: Pick<RunFolder, 'run' | 'rows' | 'instances'>): ScalingRun[] {
  const wanted = new Set(scalingPanels.map(({ metric }) => metric))
  const ids = [...new Set(instances.map((instance) => instance.run))].sort()
  // One run has one size, which shows no scaling.
  if (ids.length < 2) return []
  return ids.map((id) => {
    const reducer = createReducer()
    for (const { run: own, group, index, metric, measures: { value = NaN, censored = 0 } } of rows) {
      if (own !== id || !wanted.has(metric)) continue
      // Neither tags nor times decide a value of these.
      reducer.add({ run: own, group, index, metric, value, censored: censored !== 0, tags: '', ts: '0' })
    }
    const planned = run.runs?.find((each) => each.id === id)?.groups.reduce((sum, { count }) => sum + count, 0)
    return {
      run: id,
      instances: planned ?? instances.filter((instance) => instance.run === id).length,
      values: new Map(reducer.series().map(({ metric, value, bound }) => [metric, { value, isBound: bound }]))
    }
  })
}
