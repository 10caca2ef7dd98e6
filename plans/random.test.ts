import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { xoshiro128StarStar } from '../network/random.ts'
import { createRandom } from './random.ts'
import { exp, ln } from './elementary.ts'

describe('the generator behind it', () => {
  it('gives the published sequence for the state 1, 2, 3, 4', () => {
    const next = xoshiro128StarStar([1, 2, 3, 4])
    expect(Array.from({ length: 10 }, next)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804
    ])
  })
})

describe('createRandom', () => {
  it('gives the same draws for the same seed and names, on every machine', () => {
    const random = createRandom(42, 'test')
    const draws = [random.uint32(), random.uniform(), random.integer(1, 6), random.normal(0, 1), random.logNormal(95, 0.8)]
    expect(draws).toEqual([1482807244, 0.3507163420318603, 6, 0.9146189304736977, 52.116793177298916])
  })

  it('keeps sub-streams apart from what was drawn before and from their neighbours', () => {
    const drawn = createRandom(1, 'a')
    drawn.uint32()
    const first = drawn.stream('x').uint32()
    expect(createRandom(1, 'a').stream('x').uint32()).toBe(first)
    expect(createRandom(1, 'a', 'x').uint32()).toBe(first)
    const others = [createRandom(2, 'a', 'x'), createRandom(1, 'ax'), createRandom(1, 'x', 'a'), createRandom(1, 'a', 'y')]
    for (const other of others) expect(other.uint32()).not.toBe(first)
  })

  it('keeps every draw inside its bounds', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: -1000, max: 1000 }), fc.nat(1000), (seed, min, width) => {
      const random = createRandom(seed)
      const share = random.uniform()
      const whole = random.integer(min, min + width)
      return share >= 0 && share < 1 && Number.isInteger(whole) && whole >= min && whole <= min + width
    }))
  })

  it('draws a normal distribution: mean, deviation and tails', () => {
    const random = createRandom(3, 'normal')
    const draws = Array.from({ length: 20_000 }, () => random.normal(10, 2))
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length
    const deviation = Math.sqrt(draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length)
    expect(Math.abs(mean - 10)).toBeLessThan(0.05)
    expect(Math.abs(deviation - 2)).toBeLessThan(0.05)
    const outside = draws.filter((x) => Math.abs(x - 10) > 2 * 1.96).length / draws.length
    expect(Math.abs(outside - 0.05)).toBeLessThan(0.006)
  })

  it('draws a log-normal distribution with the median that was asked for', () => {
    const random = createRandom(4, 'log-normal')
    const sorted = Array.from({ length: 10_001 }, () => random.logNormal(95, 0.8)).sort((a, b) => a - b)
    expect(Math.abs((sorted[5000] ?? 0) - 95)).toBeLessThan(4)
    expect(Math.abs((sorted[8413] ?? 0) / (sorted[5000] ?? 1) - Math.exp(0.8))).toBeLessThan(0.1)
  })

  it('shuffles: nothing lost, the original untouched, every place equally likely', () => {
    const values = [0, 1, 2, 3, 4]
    const firsts = [0, 0, 0, 0, 0]
    for (let seed = 0; seed < 2000; seed++) {
      const shuffled = createRandom(seed).shuffle(values)
      expect([...shuffled].sort()).toEqual(values)
      const first = shuffled[0] ?? 0
      firsts[first] = (firsts[first] ?? 0) + 1
    }
    expect(values).toEqual([0, 1, 2, 3, 4])
    for (const times of firsts) expect(Math.abs(times - 400)).toBeLessThan(80)
  })

  it('refuses to pick from nothing', () => {
    expect(() => createRandom(1).pick([])).toThrow(RangeError)
  })
})

describe('ln and exp', () => {
  it('agree with the built-in functions to the precision they promise', () => {
    fc.assert(fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) =>
      Math.abs(ln(x) - Math.log(x)) <= 4e-16 * Math.max(1, Math.abs(Math.log(x)))))
    fc.assert(fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) =>
      Math.abs(exp(x) / Math.exp(x) - 1) <= 1e-13))
  })

  it('refuse what has no finite answer', () => {
    for (const x of [0, -1, Infinity, NaN]) expect(() => ln(x)).toThrow(RangeError)
    for (const x of [701, -701, NaN]) expect(() => exp(x)).toThrow(RangeError)
  })
})
