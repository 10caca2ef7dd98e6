import { groupBy, instanceKey } from '../rows.ts'
import { bootstrap, mean, quantileInterval } from '../statistics/index.ts'
import { formatEstimate, formatNumber } from '../units.ts'
import type { Row } from '../rows.ts'
import type { Sample } from '../statistics/index.ts'
import type { Scale } from '../units.ts'

/** Instances from which a sum over them is resampled; of fewer, resamples are too much alike. */
export const instancesForInterval = 6
/** The same rows give the same interval. */
const seed = 1

/**
 * "[80.1, 92.0]": between which values a quantile lies with 95 %, by order statistics; "> " where a wait that ran out is an end of it,
 * and "-" where there are too few values.
 *
 * @param sorted - as `sortSamples` orders them
 */
export function quantileCell (sorted: readonly Sample[], p: number, scale: Scale): string {
  if (sorted.length === 0) return '-'
  const { low, high, coverage } = quantileInterval(sorted.length, p)
  const end = (place: number): string => {
    const { value, censored } = sorted[place] as Sample
    return formatEstimate({ value, bound: censored }, scale)
  }
  // Few values have no interval of 95 %, and a wider one would be read as one.
  return coverage < 0.95 ? '-' : `[${end(low)}, ${end(high)}]`
}

/** "[80.1, 92.0]": what as many instances like these would sum up to, by BCa bootstrap over instances; "-" where they are too few. */
export function totalCell (values: readonly number[], divisor: number): string {
  return bootstrapCell(values, (drawn) => drawn.reduce((sum, value) => sum + value, 0) / divisor)
}

/** The mean over instances, each of which counts once, and between which values that of instances like these lies, in the same way. */
export function meanCells (rows: readonly Row[], valueOf: (row: Row) => number | undefined): [mean: string, interval: string] {
  const means = [...groupBy(rows, instanceKey).values()].flatMap((own) => {
    const values = own.flatMap((row) => valueOf(row) ?? [])
    return values.length === 0 ? [] : mean(values)
  })
  return means.length === 0 ? ['-', '-'] : [formatNumber(mean(means)), bootstrapCell(means, mean)]
}

function bootstrapCell (values: readonly number[], statistic: (drawn: readonly number[]) => number): string {
  if (values.length < instancesForInterval) return '-'
  const { low, high } = bootstrap(values, statistic, { seed })
  return `[${formatNumber(low)}, ${formatNumber(high)}]`
}
