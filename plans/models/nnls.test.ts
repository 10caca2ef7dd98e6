import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitErnest as fitByEnumeration } from '../../peersdb/validation/ernest.ts'
import { ernestCoefficients } from './ernest.ts'
import { nonNegativeLeastSquares } from './nnls.ts'

const value = fc.integer({ min: -1000, max: 1000 }).map((tenths) => tenths / 10)
const problem = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) => fc.tuple(
  fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
  fc.array(value, { minLength: rows, maxLength: rows })
))

describe('non-negative least squares', () => {
  it('is the optimum: no step that keeps all coefficients from being negative comes closer (Karush, Kuhn and Tucker)', () => {
    fc.assert(fc.property(problem, ([rows, y]) => {
      const found = nonNegativeLeastSquares(rows, y)
      const residuals = rows.map((row, i) => y[i]! - row.reduce((sum, x, j) => sum + x * found[j]!, 0))
      found.forEach((coefficient, j) => {
        const scale = (Math.hypot(...rows.map((row) => row[j]!)) || 1) * (Math.hypot(...y) || 1)
        const gradient = rows.reduce((sum, row, i) => sum + row[j]! * residuals[i]!, 0) / scale
        expect(coefficient).toBeGreaterThanOrEqual(0)
        expect(gradient).toBeLessThan(1e-8)

        if (coefficient > 0) {
          expect(gradient).toBeGreaterThan(-1e-8)
        }
      })
    }), { numRuns: 300 })
  })

  it('agrees for Ernest with the search through all sets of columns', () => {
    const seconds = fc.double({ min: 1, max: 1000, noNaN: true })
    const row = fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 100_000 }), seconds)
    fc.assert(fc.property(fc.array(row, { minLength: 5, maxLength: 30 }), (rows) => {
      const rss = (coefficients: readonly number[]): number => rows.reduce((sum, [n, size, y]) =>
        sum + (y - [1, size / n, Math.log(n), n].reduce((all, x, i) => all + x * coefficients[i]!, 0)) ** 2, 0)
      const ours = rss(ernestCoefficients(rows.map(([n, size, y]) => ({ features: [n, size], runtimeSeconds: y }))))
      const other = rss(fitByEnumeration(rows.map(([machineCount, size, runtimeSeconds]) => ({ machineCount, size, runtimeSeconds }))))
      expect(ours / (other || 1)).toBeCloseTo(other === 0 ? 0 : 1, 8)
    }))
  })

  it('of zeros, and of one column that points away, is nothing', () => {
    expect(nonNegativeLeastSquares([[0, 0], [0, 0]], [1, 2])).toEqual([0, 0])
    expect(nonNegativeLeastSquares([[1], [2]], [-1, -2])).toEqual([0])
  })
})
