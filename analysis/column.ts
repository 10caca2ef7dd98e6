import { position, quantile } from './statistics/quantile.ts'
import { selectPlaces } from './statistics/select-places.ts'

/** One value of a run; `bound` when a wait that ran out decided it, so that the truth is above it. */
export interface RunValue {
  value: number
  bound: boolean
}

/** Numbers of one metric of one run, eight bytes each. */
export interface Column {
  readonly rows: number
  add (value: number, censored: boolean): void
  /** How many of the rows are waits that ran out. */
  readonly censored: number
  /** Quantile of type 7, marked as a bound where a censored number is at it or below, as `summarise` does. */
  quantile (p: number): RunValue
  /** Several of them, for which the numbers are put in order once, and no more than it takes. */
  quantiles (ps: readonly number[]): RunValue[]
}

export function createColumn (): Column {
  let values = new Float64Array(64)
  let rows = 0
  let shortestWait = Infinity
  let waits = 0
  let censoredRows = 0
  const quantiles = (ps: readonly number[]): RunValue[] => {
    const ordered = values.slice(0, rows)
    const places = ps.flatMap((p) => {
      const { low, weight } = position(rows, p)
      return weight === 0 ? [low] : [low, low + 1]
    })
    selectPlaces(ordered, places.sort((a, b) => a - b))
    // A wait that ran out stands behind those which took as long and did end.
    const endedBefore = waits === 0 ? rows : upTo(ordered, shortestWait) - waits
    return ps.map((p) => {
      const { low, weight } = position(rows, p)
      return { value: quantile(ordered, p), bound: waits > 0 && endedBefore <= (weight === 0 ? low : low + 1) }
    })
  }

  return {
    get rows () { return rows },
    get censored () { return censoredRows },
    add: (value, censored) => {
      if (rows === values.length) {
        const wider = new Float64Array(2 * rows)
        wider.set(values)
        values = wider
      }
      values[rows++] = value
      if (!censored) return
      censoredRows++
      waits = value < shortestWait ? 1 : value === shortestWait ? waits + 1 : waits
      shortestWait = Math.min(shortestWait, value)
    },
    quantile: (p) => quantiles([p])[0] as RunValue,
    quantiles
  }
}

/** How many values are at most `limit`. */
function upTo (values: Float64Array, limit: number): number {
  return values.reduce((count, value) => value <= limit ? count + 1 : count, 0)
}
