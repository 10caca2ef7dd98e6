import { describe, expect, it } from 'vitest'
import { conditionsOf, valuesOf } from './run-values.ts'
import type { Row } from './rows.ts'

const at = (ts: number, metric: string, value: number, more: Record<string, number> = {}): Row =>
  ({ run: 'default', group: 'peers', index: 0, metric, tags: {}, measures: { value, ...more }, ts })

describe('the values of a run', () => {
  it('are medians of times and of redundancy, and sums of bytes', () => {
    const rows = [
      ...[5, 1, 9].map((ms) => at(0, 'replication_file_ms', ms)), ...[2, 4].map((factor) => at(0, 'redundancy', factor)),
      ...[100, 20].map((bytes) => at(0, 'bytes_received', bytes)), at(0, 'rss_bytes', 1)
    ]
    expect(Object.fromEntries(valuesOf(rows).values)).toEqual({ replication_file_ms: 5, redundancy: 3, bytes_received: 120 })
  })

  it('leave out a median that is a wait that ran out, and keep one that is not', () => {
    const waits = [at(0, 'bootstrap_log_ms', 9, { censored: 1 })]
    expect(valuesOf(waits)).toEqual({ values: new Map(), bounds: ['bootstrap_log_ms'] })
    expect(valuesOf([at(0, 'bootstrap_log_ms', 1), at(0, 'bootstrap_log_ms', 2), ...waits]).values.get('bootstrap_log_ms')).toBe(2)
  })
})

describe('the conditions of a run', () => {
  it('are those while it was measured, and not those of its start and its end', () => {
    const cpu = [[0, 100], [10, 20], [15, 30], [20, 40], [30, 100]] as const
    const rows = [
      ...cpu.map(([ts, percent]) => at(ts, 'cpu_percent', percent)), ...[[5, 500], [12, 4]].map(([ts, ms]) => at(ts!, 'event_loop_delay_ms', ms!)),
      at(10, 'replication_entry_ms', 1), at(20, 'replication_file_ms', 1), at(40, 'redundancy', 1)
    ]
    expect(conditionsOf(rows)).toEqual({ cpuPercent: 30, loopDelayMs: 4 })
  })

  it('are not known where nothing was recorded', () => {
    expect(conditionsOf([at(0, 'replication_entry_ms', 1)])).toEqual({})
  })
})
