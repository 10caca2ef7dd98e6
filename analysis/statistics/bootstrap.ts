import { mean } from './mean.ts'
import { normalCdf, normalQuantile } from './normal.ts'
import { quantile } from './quantile.ts'
import { createRandom } from './random.ts'

export interface BootstrapInit {
  seed: number
  resamples?: number
  confidence?: number
}

export interface BootstrapInterval {
  estimate: number
  low: number
  high: number
}

/**
 * Bootstrap interval, bias-corrected and accelerated (BCa). What is resampled are the units, which are independent of
 * each other: runs, each with all of its rows, and never rows.
 *
 * Source: B. Efron, "Better Bootstrap Confidence Intervals", Journal of the American Statistical Association 82 (1987),
 * 171-185; A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application" (1997), section 5.3.
 *
 * @param units - at least two
 */
export function bootstrap<T> (units: readonly T[], statistic: (units: readonly T[]) => number, init: BootstrapInit): BootstrapInterval {
  const { seed, resamples = 2000, confidence = 0.95 } = init
  const n = units.length
  if (n < 2) throw new RangeError(`No bootstrap of ${n} units: it takes two.`)
  const random = createRandom(seed)
  const drawn = new Array<T>(n)
  const distribution = Array.from({ length: resamples }, () => {
    for (let index = 0; index < n; index++) drawn[index] = units[Math.floor(random() * n)] as T
    return statistic(drawn)
  })
  const without = units.map((_, index) => statistic(units.toSpliced(index, 1)))
  return bcaInterval(statistic(units), distribution, without, confidence)
}

/** The BCa interval of a statistic from its bootstrap distribution and from its values without one unit each. */
export function bcaInterval (
  estimate: number, distribution: readonly number[], without: readonly number[], confidence = 0.95
): BootstrapInterval {
  const sorted = [...distribution].sort((a, b) => a - b)
  if (sorted[0] === sorted.at(-1)) return { estimate, low: sorted[0] as number, high: sorted[0] as number }
  const below = sorted.reduce((sum, value) => sum + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0) / sorted.length
  // An estimate beyond all resamples would move both ends to the same extreme; half a resample is the least that can be said.
  const bias = normalQuantile(Math.min(1 - 0.5 / sorted.length, Math.max(0.5 / sorted.length, below)))
  const middle = mean(without)
  const squares = without.reduce((sum, value) => sum + (middle - value) ** 2, 0)
  const cubes = without.reduce((sum, value) => sum + (middle - value) ** 3, 0)
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5)
  const at = (p: number): number => {
    const moved = bias + normalQuantile(p)
    return quantile(sorted, normalCdf(bias + moved / (1 - acceleration * moved)))
  }
  return { estimate, low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) }
}
