import { seededUint32 } from '../network/random.ts'
import { exp, ln } from './elementary.ts'

/** A stream of draws. Streams with different names are independent: what one draws never moves another. */
export interface Random {
  /** The next 32 random bits, as an integer from 0 to 2^32 - 1. */
  uint32 (): number
  /** Uniform in [0, 1), 53 bits. */
  uniform (): number
  /** Uniform integer from `min` to `max`, both included; the range may hold up to 2^32 values. */
  integer (min: number, max: number): number
  /** True with probability `p`. */
  chance (p: number): boolean
  /** Normal with the given mean and standard deviation. */
  normal (mean: number, deviation: number): number
  /** Log-normal: its median, and the standard deviation of its natural logarithm. */
  logNormal (median: number, sigma: number): number
  pick<T> (values: readonly T[]): T
  /** A shuffled copy. */
  shuffle<T> (values: readonly T[]): T[]
  /** The sub-stream of this name; it depends on the names above it and the seed, not on what was drawn so far. */
  stream (name: string): Random
}

/**
 * The stream that a seed and a path of names mean: `createRandom(7, 'record', 'abc')` equals
 * `createRandom(7).stream('record').stream('abc')`. Seeded with SHA-256, so that near seeds and names share nothing.
 */
export function createRandom (seed: number | string, ...names: string[]): Random {
  const next = seededUint32(JSON.stringify([String(seed), ...names]))
  const uniform = (): number => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992
  const normal = (mean: number, deviation: number): number => mean + deviation * standardNormal(uniform)
  const integer = (min: number, max: number): number => min + Math.floor(uniform() * (max - min + 1))
  return {
    uint32: next,
    uniform,
    integer,
    normal,
    chance: (p) => uniform() < p,
    logNormal: (median, sigma) => median * exp(normal(0, sigma)),
    pick: <T> (values: readonly T[]): T => {
      if (values.length === 0) throw new RangeError('pick needs at least one value')
      return values[integer(0, values.length - 1)] as T
    },
    shuffle: <T> (values: readonly T[]): T[] => {
      const copy = [...values]
      for (let last = copy.length - 1; last > 0; last--) {
        const other = integer(0, last)
        const kept = copy[last] as T
        copy[last] = copy[other] as T
        copy[other] = kept
      }
      return copy
    },
    stream: (name) => createRandom(seed, ...names, name)
  }
}

/** Marsaglia's polar method. Its second value is thrown away: a stream then holds no state beyond the generator's. */
function standardNormal (uniform: () => number): number {
  for (;;) {
    const u = 2 * uniform() - 1
    const v = 2 * uniform() - 1
    const s = u * u + v * v
    if (s > 0 && s < 1) return u * Math.sqrt(-2 * ln(s) / s)
  }
}
