import { createHash } from 'node:crypto'

/** A stream of uniform numbers in [0, 1). */
export type Random = () => number

export function createRandom (seed: string): Random {
  const next = seededUint32(seed)
  return () => next() / 2 ** 32
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna 2018), whole numbers below 2^32, period 2^128 - 1. Small, fast, and the same on
 * every machine; good for simulation, never for secrets.
 *
 * @param seed any text; the state is the first 128 bits of its SHA-256, so that near seeds give unrelated streams
 */
export function seededUint32 (seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest()
  const words = [0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset))
  return xoshiro128StarStar(words as [number, number, number, number])
}

/** The generator itself, as whole numbers below 2^32, from a state of four such numbers that are not all zero. */
export function xoshiro128StarStar (state: [number, number, number, number]): () => number {
  let [a, b, c, d] = state
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }
}

/** A sample of the exponential distribution with this mean, which is also its standard deviation. At most 22.2 times it. */
export function exponential (random: Random, mean: number): number {
  return -mean * Math.log(1 - random())
}

function rotateLeft (word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
