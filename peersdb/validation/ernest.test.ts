import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitErnest, predictErnest } from './ernest.ts'
import type { ErnestRow } from './ernest.ts'

const grid = [1, 2, 4, 6, 8, 12].flatMap((machineCount) => [10, 20, 35].map((size) => ({ machineCount, size })))
const features = ({ machineCount: n, size }: { machineCount: number, size: number }): number[] => [1, size / n, Math.log(n), n]

describe('the fit of Ernest\'s model', () => {
  it('finds the coefficients that made the runtimes', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 4, maxLength: 4 }), (coefficients) => {
      const rows = grid.map((input) => ({ ...input, runtimeSeconds: features(input).reduce((sum, x, i) => sum + x * coefficients[i]!, 0) }))
      fitErnest(rows).forEach((found, i) => { expect(found).toBeCloseTo(coefficients[i]!, 5) })
    }))
  })

  it('is the optimum: no coefficient is negative, and no step that keeps them so would bring it closer (Karush, Kuhn and Tucker)', () => {
    const runtimes = fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: grid.length, maxLength: grid.length })
    fc.assert(fc.property(runtimes, (seconds) => {
      const rows = grid.map((input, i) => ({ ...input, runtimeSeconds: seconds[i]! }))
      const fit = fitErnest(rows)
      const residuals = rows.map((row) => row.runtimeSeconds - predictErnest(fit, row))

      fit.forEach((coefficient, i) => {
        const column = rows.map((row) => features(row)[i]!)
        const scale = Math.hypot(...column) * Math.hypot(...seconds)
        const gradient = column.reduce((sum, x, k) => sum + x * residuals[k]!, 0) / scale
        expect(coefficient).toBeGreaterThanOrEqual(0)
        expect(gradient).toBeLessThan(1e-9)

        if (coefficient > 0) {
          expect(gradient).toBeGreaterThan(-1e-9)
        }
      })
    }))
  })

  it('is the mean where all runs are of one configuration, whose columns depend on each other', () => {
    const rows = [90, 100, 110].map((runtimeSeconds) => ({ machineCount: 1, size: 0, runtimeSeconds }))
    expect(predictErnest(fitErnest(rows), { machineCount: 1, size: 0 })).toBeCloseTo(100, 9)
  })

  it('of no rows expects nothing', () => {
    expect(fitErnest([])).toEqual([0, 0, 0, 0])
  })
})

const c3o = join(import.meta.dirname, '../../../shared/data/c3o')
if (!existsSync(c3o)) process.stderr.write('Skipped: fits to the real C3O tables, because ../shared/data/c3o is not there.\n')

describe.skipIf(!existsSync(c3o))('fits to the real C3O tables, medians of repetitions', () => {
  type Row = Record<string, string>

  function medians (table: string, size: string, isTaken: (row: Row) => boolean): ErnestRow[] {
    const [header = '', ...lines] = readFileSync(join(c3o, `${table}.tsv`), 'utf8').trim().split('\n')
    const rows = lines.map((line): Row => Object.fromEntries(line.split('\t').map((cell, i) => [header.split('\t')[i], cell]))).filter(isTaken)
    const configurations = Map.groupBy(rows, (row) => JSON.stringify({ ...row, gross_runtime: '' }))
    return [...configurations.values()].map((repetitions) => ({
      machineCount: Number(repetitions[0]!['instance_count']),
      size: Number(repetitions[0]![size]),
      runtimeSeconds: repetitions.map((row) => Number(row['gross_runtime'])).sort((a, b) => a - b)[Math.floor(repetitions.length / 2)]!
    }))
  }

  // Coefficients and errors of an independent fit with scipy.optimize.nnls.
  it.each([
    ['sort', 'data_size_MB', (row: Row) => row['machine_type'] === 'c4.2xlarge' && row['line_length'] === '100', 36, [0, 0.073472716, 0, 8.3354937], 0.0545],
    ['grep', 'data_size_MB', (row: Row) => row['machine_type'] === 'm4.2xlarge', 150, [0, 0.026882523, 25.907349, 1.2276779], 0.3971],
    ['sgd', 'observations', (row: Row) => row['machine_type'] === 'r4.2xlarge' && Number(row['instance_count']) > 2, 140,
      [50.268737, 3.788614e-6, 0, 0], 0.2170]
  ] as const)('%s', (table, size, isTaken, count, coefficients, meanError) => {
    const rows = medians(table, size, isTaken)
    const fit = fitErnest(rows)
    const errors = rows.map((row) => Math.abs(predictErnest(fit, row) / row.runtimeSeconds - 1))

    expect(rows).toHaveLength(count)
    fit.forEach((found, i) => { expect(found / (coefficients[i]! || 1)).toBeCloseTo(coefficients[i] === 0 ? 0 : 1, 6) })
    expect(errors.reduce((sum, error) => sum + error, 0) / count).toBeCloseTo(meanError, 4)
  })
})
