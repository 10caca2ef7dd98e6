import { describe, expect, it } from 'vitest'
import { costLawNames, validationMs } from './cost-laws.ts'
import { createRandom } from './random.ts'
import type { CostLaw } from './cost-laws.ts'

const draws = 100_000

/** The exact expectations of each law, by the index of the size, worked out from the source of the authors' plan. */
const expected: Readonly<Record<CostLaw, readonly number[]>> = {
  constant: [4.5, 4.5, 4.5, 4.5],
  linear: [1, 2, 3, 4],
  polynomial: [1.854, 5.840, 11.837, 19.835],
  exponential: [4.168, 12.190, 34.016, 93.315],
  logarithmic: [0, 0.282, 1, 1]
}

describe('the cost of validation', () => {
  it.each(costLawNames)('that is %s has the expectation of the authors\' plan', (law) => {
    expected[law].forEach((mean, sizeIndex) => {
      const random = createRandom(1, law, String(sizeIndex))
      const values = Array.from({ length: draws }, () => validationMs(law, sizeIndex, random))
      const measured = values.reduce((sum, value) => sum + value, 0) / draws
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - measured) ** 2, 0) / draws)
      // Four standard errors, and the last digit of what is expected.
      expect(Math.abs(measured - mean)).toBeLessThanOrEqual(4 * deviation / Math.sqrt(draws) + 0.0006)
      expect(values.every(Number.isInteger)).toBe(true)
    })
  })
})
