import { expect, it } from 'vitest'
import { medianInterval, quantileInterval } from './index.ts'
import { createRandom } from './random.ts'

it.each([1, 2, 5, 6, 9, 30, 101])('of the median of %i values is the interval of the median', (n) => {
  const values = Array.from({ length: n }, (_, index) => index)
  const { low, high, coverage } = quantileInterval(n, 0.5)
  const expected = medianInterval(values)
  expect([low, high]).toEqual([expected.low, expected.high])
  expect(coverage).toBeCloseTo(expected.coverage, 12)
})

it('agrees with the binomial quantiles of the 95th percentile', () => {
  // R: qbinom(c(.025, .975), 100, .95) is 90 and 99: the 90th and the 100th value.
  const { low, high, coverage } = quantileInterval(100, 0.95)
  expect([low + 1, high + 1]).toEqual([90, 100])
  expect(coverage).toBeGreaterThan(0.95)
})

it('says how little the largest value of few tells of a high percentile', () => {
  expect(quantileInterval(10, 0.95)).toMatchObject({ high: 9, coverage: expect.closeTo(1 - 0.95 ** 10, 1) as number })
})

it('covers as often as it says, and takes a million values', () => {
  const random = createRandom(7)
  const { low, high, coverage } = quantileInterval(40, 0.8)
  let covered = 0
  for (let repeat = 0; repeat < 4_000; repeat++) {
    const values = Array.from({ length: 40 }, () => random()).sort((a, b) => a - b)
    if ((values[low] as number) <= 0.8 && (values[high] as number) >= 0.8) covered++
  }
  expect(Math.abs(covered / 4_000 - coverage)).toBeLessThan(0.012)
  expect(quantileInterval(1e6, 0.5).low / 1e6).toBeCloseTo(0.5, 2)
})
