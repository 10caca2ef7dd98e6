import type { CounterRow } from '../api.ts'

const help = {
  validation_verdicts: 'Verdicts that were asked for, by strategy and outcome.',
  validation_requests_sent: 'Requests for votes that were sent to other peers.',
  validation_requests_unanswered: 'Requests for votes that failed: no connection, no or a malformed answer.',
  validation_requests_answered: 'Requests for votes of other peers that were answered, by whether there was a vote to give.',
  validation_requests_refused: 'Requests for votes of other peers that were not answered, by the reason.',
  validation_votes_refused: 'Votes of other peers that were not counted, by the reason.'
}

export type CounterName = keyof typeof help

export interface Counters {
  increment (name: CounterName, labels?: Record<string, string>): void
  rows (): CounterRow[]
}

/** Counts of one peer since it was started. */
export function createCounters (): Counters {
  const rows = new Map<string, CounterRow>()

  return {
    increment: (name, labels = {}) => {
      const key = `${name} ${Object.values(labels).join(' ')}`
      const row = rows.get(key) ?? { name, help: help[name], type: 'counter', labels, value: 0 }
      row.value++
      rows.set(key, row)
    },
    rows: () => Array.from(rows.values(), (row) => ({ ...row }))
  }
}
