import type { Row } from './rows.ts'
import type { Sample } from './statistics/index.ts'

/**
 * The samples of rows that measure something once: `measures.value`, censored when
 * `measures.censored` is set. A row without a value, and a time below zero, which only a wrong clock
 * gives, is refused and counted.
 */
export function samplesOf (rows: readonly Row[]): { samples: Sample[], refused: number } {
  const samples: Sample[] = []
  for (const { metric, measures } of rows) {
    const { value, censored } = measures
    if (value === undefined || (value < 0 && metric.endsWith('_ms'))) continue
    samples.push({ value, censored: (censored ?? 0) !== 0 })
  }
  return { samples, refused: rows.length - samples.length }
}
