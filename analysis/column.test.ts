import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createColumn } from './column.ts'
import { quantile, summarise } from './statistics/index.ts'
import { selectPlaces } from './statistics/select-places.ts'

const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 300 })

describe('values in order as far as it takes', () => {
  it('are at the places that are asked for what sorting puts there', () => {
    fc.assert(fc.property(values, fc.array(fc.nat(299), { minLength: 1, maxLength: 4 }), (numbers, wanted) => {
      const places = wanted.map((place) => place % numbers.length).sort((a, b) => a - b)
      const ordered = Float64Array.from(numbers)
      selectPlaces(ordered, places)
      const sorted = Float64Array.from(numbers).sort()
      for (const place of places) {
        expect(ordered[place]).toBe(sorted[place])
        expect(Math.max(...ordered.subarray(0, place + 1))).toBe(sorted[place])
        expect(Math.min(...ordered.subarray(place))).toBe(sorted[place])
      }
      expect(ordered.sort()).toEqual(sorted)
    }))
  })

  it.each([
    ['rising', (index: number) => index], ['falling', (index: number) => -index], ['all alike', () => 7],
    ['of two kinds', (index: number) => index % 2], ['like organ pipes', (index: number) => Math.min(index, 20_000 - index)]
  ])('take no longer when they are %s', (_, valueOf) => {
    const numbers = Float64Array.from({ length: 20_000 }, (_, index) => valueOf(index))
    const sorted = numbers.toSorted()
    selectPlaces(numbers, [9_999, 10_000, 18_999])
    expect([numbers[9_999], numbers[10_000], numbers[18_999]]).toEqual([sorted[9_999], sorted[10_000], sorted[18_999]])
  })
})

describe('a column', () => {
  it('has the quantiles of its numbers, in any order that they are asked for', () => {
    fc.assert(fc.property(values, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }), (numbers, ps) => {
      const column = createColumn()
      for (const value of numbers) column.add(value, false)
      const sorted = numbers.toSorted((a, b) => a - b)
      expect(column.quantiles(ps)).toEqual(ps.map((p) => ({ value: quantile(sorted, p), bound: false })))
    }))
  })

  it('marks as a bound what a summary of the same samples does', () => {
    fc.assert(fc.property(fc.array(fc.record({ value: fc.nat(9), censored: fc.boolean() }), { minLength: 1, maxLength: 40 }), (samples) => {
      const column = createColumn()
      for (const { value, censored } of samples) column.add(value, censored)
      const { median, p95, max, censored } = summarise(samples)
      expect(column.quantiles([0.5, 0.95, 1])).toEqual([median, p95, max])
      expect([column.rows, column.censored]).toEqual([samples.length, censored])
    }))
  })
})
