import { describe, expect, it } from 'vitest'
import { createRandom, exponential, xoshiro128StarStar } from './random.ts'

describe('random', () => {
  it('is xoshiro128**: from the state 1, 2, 3, 4 it draws what the definition gives by hand', () => {
    const next = xoshiro128StarStar([1, 2, 3, 4])
    expect([next(), next(), next()]).toEqual([11520, 0, 5927040])
  })

  it('draws the same from the same seed, and something else from a near one', () => {
    const draw = (seed: string): number[] => {
      const random = createRandom(seed)
      return [random(), random(), random()]
    }
    expect(draw('a/1')).toEqual(draw('a/1'))
    expect(draw('a/1')).not.toEqual(draw('a/2'))
  })

  it('is uniform in [0, 1), and its exponential has mean and deviation alike', () => {
    const random = createRandom('moments')
    const uniform = Array.from({ length: 20_000 }, random)
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
    const samples = Array.from({ length: 20_000 }, () => exponential(random, 3))
    const mean = samples.reduce((sum, x) => sum + x, 0) / samples.length
    const deviation = Math.sqrt(samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / samples.length)
    expect(uniform.reduce((sum, x) => sum + x, 0) / uniform.length).toBeCloseTo(0.5, 1)
    expect(mean).toBeGreaterThan(2.9)
    expect(mean).toBeLessThan(3.1)
    expect(deviation).toBeGreaterThan(2.85)
    expect(deviation).toBeLessThan(3.15)
    expect(Math.min(...samples)).toBeGreaterThanOrEqual(0)
  })
})
