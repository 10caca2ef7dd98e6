import { expect, it } from 'vitest'
import { medianInterval, quantileInterval } from './index.ts'
import { createRandom } from './random.ts'

/** 2^n P(B < k), B binomial (n, 1/2), to the last digit. */
function waysBelow (n: number, k: number): bigint {
  let [ways, sum] = [1n, 0n]
  for (let i = 0; i < k; i++) {
    sum += ways
    ways = ways * BigInt(n - i) / BigInt(i + 1)
  }
  return sum
}

/** A ratio of whole numbers, to 15 digits. */
const ratio = (part: bigint, whole: bigint): number => Number(part * 10n ** 15n / whole) / 1e15

it.each([2, 6, 9, 30, 101, 1070, 1080, 5000])('of the median of %i values is exact, however small the chance of the outermost', (n) => {
  const { n: count, low, high, coverage } = medianInterval(Array.from({ length: n }, (_, index) => index + 1))
  expect([count, high]).toEqual([n, n + 1 - low])
  const whole = 2n ** BigInt(n)
  expect(coverage).toBeCloseTo(1 - 2 * ratio(waysBelow(n, low), whole), 9)
  // The largest k whose values leave no more than 5 % outside; the outermost where none does.
  if (low > 1) expect(40n * waysBelow(n, low)).toBeLessThanOrEqual(whole)
  expect(40n * waysBelow(n, low + 1)).toBeGreaterThan(whole)
})

it('of the median of many is where the normal distribution has it', () => {
  const { low, high } = medianInterval(Array.from({ length: 5000 }, (_, index) => index + 1))
  expect(Math.abs(low - (2500 - 1.959964 * Math.sqrt(5000) / 2))).toBeLessThan(1)
  expect(Math.abs(high - (2501 + 1.959964 * Math.sqrt(5000) / 2))).toBeLessThan(1)
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
