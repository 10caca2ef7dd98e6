import { createRandom } from './random.ts'

/** Nearest lower corner of the greatest convex minorant, and nearest upper one of the least concave majorant, by index. */
interface Corners {
  minorant: number[]
  majorant: number[]
}

interface Segment {
  low: number
  high: number
}

/**
 * Hartigan's dip: the largest difference between the distribution of the values and the nearest one with a single peak.
 * From 1 / (2 n) for values that are evenly spread to 1 / 4 for two far heaps.
 *
 * Source: J. A. Hartigan and P. M. Hartigan, "The Dip Test of Unimodality", Annals of Statistics 13 (1985), 70-84;
 * P. M. Hartigan, "Algorithm AS 217", Applied Statistics 34 (1985), 320-325, with M. Maechler's corrections (R's diptest).
 *
 * @param values - at least one, in any order
 */
export function dip (values: readonly number[]): number {
  const n = values.length
  // From 1, as in the published algorithm.
  const x = [NaN, ...[...values].sort((a, b) => a - b)]
  if (n < 2 || x[1] === x[n]) return 1 / (2 * n)
  const corners = cornersOf(x, n)
  let segment: Segment | undefined = { low: 1, high: n }
  let largest = 1
  while (segment !== undefined) {
    const { distance, touch, lower, upper, next } = modalInterval(x, corners, segment)
    if (distance < largest) break
    largest = Math.max(largest, beyond(x, lower, touch.lower, 1), beyond(x, upper, touch.upper, -1))
    segment = next.low === segment.low && next.high === segment.high ? undefined : next
  }
  return largest / (2 * n)
}

/**
 * The chance of a dip as large in as many values of the uniform distribution, which is the hardest with a single peak;
 * by simulation, the same for the same seed.
 */
export function dipTest (values: readonly number[], init: { seed: number, resamples?: number }): { dip: number, p: number } {
  const { seed, resamples = 1000 } = init
  const found = dip(values)
  const asLarge = uniformDips(values.length, seed, resamples).filter((each) => each >= found).length
  return { dip: found, p: (asLarge + 1) / (resamples + 1) }
}

/** By number of values, seed and resamples: many samples of one size are tested, and what they are held to is the same. */
const known = new Map<string, number[]>()

function uniformDips (n: number, seed: number, resamples: number): number[] {
  const key = `${n} ${seed} ${resamples}`
  const found = known.get(key)
  if (found !== undefined) return found
  const random = createRandom(seed)
  const dips = Array.from({ length: resamples }, () => dip(Array.from({ length: n }, random)))
  known.set(key, dips)
  return dips
}

function cornersOf (x: readonly number[], n: number): Corners {
  const at = (index: number): number => x[index] as number
  const isStraight = (from: number, via: number, to: number): boolean =>
    (at(from) - at(via)) * (via - to) >= (at(via) - at(to)) * (from - via)
  const minorant = [0, 1]
  for (let j = 2; j <= n; j++) {
    let corner = j - 1
    while (corner !== 1 && isStraight(j, corner, minorant[corner] as number)) corner = minorant[corner] as number
    minorant[j] = corner
  }
  const majorant = new Array<number>(n + 1)
  majorant[n] = n
  for (let k = n - 1; k >= 1; k--) {
    let corner = k + 1
    while (corner !== n && isStraight(k, corner, majorant[corner] as number)) corner = majorant[corner] as number
    majorant[k] = corner
  }
  return { minorant, majorant }
}

interface Modal {
  /** Largest distance between minorant and majorant. */
  distance: number
  /** Corners of the minorant from the highest to the lowest, and of the majorant the other way. */
  lower: number[]
  upper: number[]
  /** At which of these corners the distance is the largest. */
  touch: { lower: number, upper: number }
  next: Segment
}

function modalInterval (x: readonly number[], { minorant, majorant }: Corners, { low, high }: Segment): Modal {
  const at = (index: number): number => x[index] as number
  const lower = [high]
  while ((lower.at(-1) as number) > low) lower.push(minorant[lower.at(-1) as number] as number)
  const upper = [low]
  while ((upper.at(-1) as number) < high) upper.push(majorant[upper.at(-1) as number] as number)
  const touch = { lower: lower.length - 1, upper: upper.length - 1 }
  const isOneLine = lower.length === 2 && upper.length === 2
  let distance = isOneLine ? 1 : 0
  let [ix, iv] = [lower.length - 2, 1]
  while (!isOneLine) {
    const [below, above] = [lower[ix] as number, upper[iv] as number]
    const usesUpper = below > above
    const from = (usesUpper ? lower[ix + 1] : upper[iv - 1]) as number
    const gap = usesUpper
      ? above - from + 1 - (at(above) - at(from)) * (below - from) / (at(below) - at(from))
      : (at(below) - at(from)) * (above - from) / (at(above) - at(from)) - (below - from - 1)
    if (usesUpper) iv++
    else ix--
    if (gap >= distance) {
      distance = gap
      touch.lower = ix + 1
      touch.upper = usesUpper ? iv - 1 : iv
    }
    ix = Math.max(ix, 0)
    iv = Math.min(iv, upper.length - 1)
    if (lower[ix] === upper[iv]) break
  }
  return { distance, lower, upper, touch, next: { low: lower[touch.lower] as number, high: upper[touch.upper] as number } }
}

/** How far the distribution goes beyond the straight lines between corners, from one of them on: below (1) or above (-1). */
function beyond (x: readonly number[], corners: readonly number[], start: number, sign: 1 | -1): number {
  const at = (index: number): number => x[index] as number
  let largest = 0
  for (let j = start; j < corners.length - 1; j++) {
    const [from, to] = [corners[j] as number, corners[j + 1] as number].sort((a, b) => a - b) as [number, number]
    let most = 1
    if (to - from > 1 && at(to) !== at(from)) {
      const rate = (to - from) / (at(to) - at(from))
      for (let index = from; index <= to; index++) most = Math.max(most, 1 + sign * (index - from - (at(index) - at(from)) * rate))
    }
    largest = Math.max(largest, most)
  }
  return largest
}
