import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Point } from './slope.ts'
import type { Sample } from './samples.ts'
import type { ShiftInterval } from './hodges-lehmann.ts'

/** What independent implementations say; fixtures/README.md tells how it was made. */
interface Fixtures {
  quantile: Array<{ values: number[], p: number[], expected: number[] }>
  medianInterval: Array<{ values: number[], median: number, low: number, high: number, coverage: number }>
  normal: { x: number[], cdf: number[], p: number[], quantile: number[] }
  student: Array<{ degrees: number, t: number[], cdf: number[], reach: number }>
  twoSamples: Array<{ base: number[], head: number[], u: number, p: number, delta: number, hodgesLehmann: ShiftInterval }>
  paired: Array<{ differences: number[], w: number, p: number, interval: ShiftInterval | null }>
  holm: { p: number[], expected: number[] }
  kaplanMeier: Array<{ samples: Sample[], values: number[], atRisk: number[], survival: number[], standardError: Array<number | null> }>
  slope: Array<{ points: Point[], slope: number, intercept: number, low: number, high: number, trimmed: number }>
  powerLaw: { points: Point[], factor: number, exponent: number, low: number, high: number, r2: number }
  geometricMean: { ratios: number[], mean: number, low: number, high: number }
  bca: Array<{ estimate: number, distribution: number[], without: number[], low: number, high: number }>
  drift: Array<{ values: number[], tau: number, p: number, perRepeat: number }>
  dip: Array<{ values: number[], dip: number }>
}

export const fixtures = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'scipy.json'), 'utf8')) as Fixtures

/** To 1e-9 of the value, and to 1e-9 where it is below 1. */
export function expectClose (found: number, expected: number): void {
  expect(Math.abs(found - expected), `${found} where ${expected} is expected`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)))
}

/** The fields of `expected`, each to 1e-9. */
export function expectFields<T extends object> (found: T, expected: { [Field in keyof T]?: number }): void {
  for (const [field, value] of Object.entries(expected)) expectClose(found[field as keyof T] as number, value as number)
}
