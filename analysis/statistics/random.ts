/** A stream of numbers from 0 (with it) to 1 (without it). */
export type Random = () => number

/**
 * The generator sfc32, seeded through splitmix32: the same seed gives the same numbers.
 *
 * Source: C. Doty-Humphrey, PractRand 0.93 (2014), "sfc32"; G. L. Steele, D. Lea and C. H. Flood, "Fast Splittable
 * Pseudorandom Number Generators", OOPSLA (2014), 453-472.
 */
export function createRandom (seed: number): Random {
  let state = seed >>> 0
  const mixed = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let word = state
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return (word ^ (word >>> 16)) >>> 0
  }
  let [a, b, c, counter] = [mixed(), mixed(), mixed(), 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 15; round++) next()
  return next
}
