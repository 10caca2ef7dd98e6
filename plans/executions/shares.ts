import { featuresOf } from '../models/jobs.ts'
import type { CorpusItem } from '../corpus/index.ts'
import type { Job, TableRow } from '../models/jobs.ts'

export const shareNames = ['random', 'context'] as const

export type Shares = (typeof shareNames)[number]

/** What one user's executions have in common, as text. */
export function contextOf (job: Job, row: TableRow): string {
  return JSON.stringify(job.context.map((column) => row[column] ?? ''))
}

/**
 * Orders items so that the contributor of each rank, who takes every `contributors`th, has what `shares` says: any of them, or those of
 * one context (of two where the contexts do not divide evenly).
 */
export function orderByShares (items: readonly CorpusItem[], job: Job, shares: Shares, contributors: number): CorpusItem[] {
  if (shares === 'random' || contributors < 2) {
    return [...items]
  }

  const sorted = items.toSorted((a, b) => contextNumber(job, a) - contextNumber(job, b))
  const countOf = (rank: number): number => Math.floor(items.length / contributors) + (rank < items.length % contributors ? 1 : 0)
  const starts = [0]

  for (let rank = 0; rank < contributors; rank++) {
    starts.push((starts[rank] ?? 0) + countOf(rank))
  }

  return items.map((_, i) => sorted[(starts[i % contributors] ?? 0) + Math.floor(i / contributors)] as CorpusItem)
}

/** Contexts in numerical order, so that those that are alike stand beside each other. */
function contextNumber (job: Job, { attributes }: CorpusItem): number {
  const values = featuresOf({ ...job, features: ['instance_count', ...job.context] }, attributes).slice(1)
  return values.reduce((number, value) => number * 1e9 + value, 0)
}

/** The context that most of these rows have. */
export function commonContext (job: Job, rows: readonly TableRow[]): string | undefined {
  const counts = [...Map.groupBy(rows, (row) => contextOf(job, row))].map(([context, { length }]) => ({ context, length }))
  return counts.toSorted((a, b) => b.length - a.length)[0]?.context
}
