import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { costLaws, costMs, costRangeMs, costToleranceMs, expectedCostMs } from './cost.ts'

/** Exact means for the indices 0 to 8, in milliseconds, worked out by hand from the laws. */
const expected = {
  constant: [4.5, 4.5, 4.5, 4.5, 4.5, 4.5, 4.5, 4.5, 4.5],
  linear: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  polynomial: [1.854, 5.840, 11.837, 19.835, 29.835, 41.834, 55.834, 71.834, 89.834],
  exponential: [4.168, 12.190, 34.016, 93.315, 254.515, 692.70, 1883.8, 5121.6, 13922.9],
  logarithmic: [0, 0.282, 1, 1, 1, 1, 1.611, 2, 2]
}
const exponentialRanges = [[2, 7], [7, 20], [20, 54], [54, 148], [148, 403], [403, 1096], [1096, 2980], [2980, 8103], [8103, 22026]]

describe.each(costLaws)('the %s law of costs', (law) => {
  it('has the means that are known', () => {
    // The table has as many digits as fit its columns.
    const half = (mean: number): number => mean > 1_000 ? 0.051 : mean > 600 ? 0.0051 : 0.00051
    expected[law].forEach((mean, index) => { expect(Math.abs(expectedCostMs(law, index) - mean)).toBeLessThan(half(mean)) })
  })

  it('gives whole milliseconds within its range, whatever is drawn', () => {
    const uniforms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(fc.property(fc.integer({ min: 0, max: 8 }), uniforms, (index, uniform) => {
      const ms = costMs(law, index, uniform)
      const { min, max } = costRangeMs(law, index)
      expect(Number.isInteger(ms)).toBe(true)
      expect(ms).toBeGreaterThanOrEqual(min)
      expect(ms).toBeLessThanOrEqual(max)
    }))
  })

  it('is drawn with that mean, within what chance allows', () => {
    const random = createRandom(1, law)
    const draws = Array.from({ length: 4_000 }, () => costMs(law, 2, random.uniform()))
    const mean = draws.reduce((sum, ms) => sum + ms, 0) / draws.length
    expect(Math.abs(mean - expectedCostMs(law, 2))).toBeLessThanOrEqual(costToleranceMs(law, 2, draws.length))
  })
})

it('the exponential law ranges as is known', () => {
  expect(exponentialRanges.map((_, index) => costRangeMs('exponential', index))).toEqual(exponentialRanges.map(([min, max]) => ({ min, max })))
})
