import { invalid, undecided } from './check.ts'
import { ernestRowsMin, fitErnest, predictErnest } from '../ernest.ts'
import type { Check, CheckContext, Finding } from './check.ts'
import type { Run } from '../run-history.ts'

/** How many times the model's own error a run may be off, where that is more than tau. */
const errorsAllowed = 2

/**
 * Runtimes far from what Ernest's model, fitted to the runs of other contributions, expects: |ln(measured / expected)| > tau. Where
 * the model misses its own runs by more, as it does when memory runs short on few machines, twice its root mean square error counts
 * instead. With tau = ln 3, of the 930 configurations of C3O contributed in a random order fewer than 3 % are called outliers, and
 * with runtimes multiplied by ten more than 95 %.
 */
export const checkOutliers: Check = ({ contribution, runs }, context) => {
  const groups = Map.groupBy(runs, ({ group }) => group)
  return [...groups].flatMap(([group, members]) => groupFindings(group, members, contribution.cid, context))
}

function groupFindings (group: string, runs: Run[], cid: string, { history, options }: CheckContext): Finding[] {
  const others = [...history.runs(group)].filter((run) => run.cid !== cid)

  if (others.length < ernestRowsMin) {
    return options.withoutModel === 'valid'
      ? []
      : [undecided('outlier', `a model of such runs needs ${ernestRowsMin} others and there are ${others.length}`)]
  }

  const coefficients = fitErnest(others)
  const error = (run: Run): number => Math.abs(Math.log(run.runtimeSeconds / predictErnest(coefficients, run)))
  const meanSquare = others.reduce((sum, run) => sum + error(run) ** 2, 0) / others.length
  const allowed = Math.max(options.tau, errorsAllowed * Math.sqrt(meanSquare))
  const outlier = runs.find((run) => error(run) > allowed)

  if (outlier == null) {
    return []
  }

  const expected = predictErnest(coefficients, outlier).toPrecision(3)
  return [invalid('outlier', `a run on ${outlier.machineCount} machines took ${outlier.runtimeSeconds} s where ${expected} s are expected`)]
}
