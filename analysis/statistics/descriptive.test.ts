import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ecdf, median, medianInterval, quantile, sortSamples, summarise, thin } from './index.ts'

const seen = (...values: number[]): Array<{ value: number, censored: boolean }> => values.map((value) => ({ value, censored: false }))
const waited = (value: number): { value: number, censored: boolean } => ({ value, censored: true })

describe('quantile (type 7)', () => {
  it('agrees with published results: R\'s quantile(1:10), and the example of NumPy\'s percentile', () => {
    const oneToTen = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    expect([0, 0.25, 0.5, 0.75, 1].map((p) => quantile(oneToTen, p))).toEqual([1, 3.25, 5.5, 7.75, 10])
    expect(quantile([1, 2, 3, 4, 7, 10], 0.5)).toBe(3.5)
  })

  it('follows the definition by hand on values with ties', () => {
    // (n - 1) p is 0.5 and 4.75: half-way from 2 to 4, and three quarters from 7 to 9.
    expect(quantile([2, 4, 4, 5, 7, 9], 0.1)).toBeCloseTo(3, 12)
    expect(quantile([2, 4, 4, 5, 7, 9], 0.95)).toBeCloseTo(8.5, 12)
  })

  it('gives the only value for every probability and refuses what is none', () => {
    expect(quantile([42], 0.95)).toBe(42)
    expect(() => quantile([], 0.5)).toThrow('No quantile')
    expect(() => quantile([1], 1.5)).toThrow('No quantile')
  })

  it('finds the median of values in any order, compared as numbers', () => {
    expect(median([100, 9, 20])).toBe(20)
  })
})

describe('the interval of a median', () => {
  it('agrees with the table of the sign test: which order statistics cover the median with 95 %', () => {
    const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)
    const ranks = [6, 8, 9, 10, 15, 20, 30].map((n) => medianInterval(oneTo(n)).low)
    expect(ranks).toEqual([1, 1, 2, 2, 4, 6, 10])
    const coverage = expect.closeTo(1 - 22 / 1024, 12) as number
    expect(medianInterval(oneTo(10))).toMatchObject({ n: 10, median: 5.5, low: 2, high: 9, coverage })
  })

  it('is the range, with the coverage that it has, where there are too few values', () => {
    expect(medianInterval([3, 1, 2])).toEqual({ n: 3, median: 2, low: 1, high: 3, coverage: expect.closeTo(0.75, 12) as number })
    expect(medianInterval([7])).toEqual({ n: 1, median: 7, low: 7, high: 7, coverage: 0 })
  })

  it('holds its median, and covers no less than was asked for from six values on', () => {
    fc.assert(fc.property(fc.array(fc.integer(), { minLength: 6, maxLength: 200 }), (values) => {
      const { median: middle, low, high, coverage } = medianInterval(values)
      expect(low <= middle && middle <= high).toBe(true)
      expect(coverage).toBeGreaterThanOrEqual(0.95)
    }))
  })
})

describe('censored samples', () => {
  it('marks a quantile as a bound only when a censored sample reaches it', () => {
    const summary = summarise([...seen(1, 2, 3), waited(10)])
    expect(summary).toMatchObject({ n: 4, censored: 1, median: { value: 2.5, bound: false } })
    expect(summary).toMatchObject({ p95: { bound: true }, max: { value: 10, bound: true } })
  })

  it('treats an early censored sample as a bound on all that lies above it', () => {
    const summary = summarise([waited(1), ...seen(2, 3, 4, 5)])
    expect(summary.median).toEqual({ value: 3, bound: true })
  })

  it('sorts a censored sample behind an equal observed one', () => {
    expect(sortSamples([waited(5), ...seen(5)]).map(({ censored }) => censored)).toEqual([false, true])
  })

  it('keeps the distribution below 1 by the share that ran out', () => {
    expect(ecdf([...seen(1, 1, 3), waited(9)])).toEqual([{ value: 1, fraction: 0.5 }, { value: 3, fraction: 0.75 }])
  })
})

it('thins evenly, first and last among what stays', () => {
  const items = Array.from({ length: 1001 }, (_, index) => index)
  const few = thin(items, 11)
  expect(few).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  expect(thin([1, 2], 11)).toEqual([1, 2])
})
