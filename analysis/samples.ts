import type { Row } from './rows.ts'
import type { Sample } from './statistics/index.ts'

/**
 * The sample of a row that measures something once: `measures.value`, censored when `measures.censored` is set; undefined for
 * one without a value, and for a time below zero, which only a wrong clock gives.
 */
export function sampleOf ({ metric, measures: { value, censored } }: Row): Sample | undefined {
  if (value === undefined || (value < 0 && metric.endsWith('_ms'))) return undefined
  return { value, censored: (censored ?? 0) !== 0 }
}

/** The samples of rows; those that have none are refused and counted. */
export function samplesOf (rows: readonly Row[]): { samples: Sample[], refused: number } {
  const samples: Sample[] = []
  for (const row of rows) {
    const sample = sampleOf(row)
    if (sample !== undefined) samples.push(sample)
  }
  return { samples, refused: rows.length - samples.length }
}
