import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MetricName } from './metrics.ts'
import type { Recorder, Tags } from './context.ts'

const flushIntervalMs = 250

export interface FileRecorder extends Recorder {
  /** Writes what is buffered; called at an interval and at the end. */
  flush (): void
}

/**
 * Records rows into `results.out` as they come, a quarter of a second late at most, so that an instance
 * which is killed loses no more than that.
 */
export function createFileRecorder (outputsDirectory: string, say: Pick<Recorder, 'message' | 'warning'>): FileRecorder {
  const file = join(outputsDirectory, 'results.out')
  let lines: string[] = []
  let common: Tags = {}

  const flush = (): void => {
    if (lines.length > 0) {
      appendFileSync(file, lines.join(''))
      lines = []
    }
  }

  // An instance that never records leaves an empty file, which is no lost one.
  appendFileSync(file, '')
  setInterval(flush, flushIntervalMs).unref()

  return {
    metric: (name, value, tags, more) => {
      lines.push(formatRow(Date.now(), name, value, { ...common, ...tags }, more))
    },
    tag: (tags) => { common = { ...common, ...tags } },
    ...say,
    flush
  }
}

/**
 * One line of `results.out`.
 *
 * @param tsMs - wall clock in milliseconds; the row carries nanoseconds, for ordering only
 */
export function formatRow (
  tsMs: number, name: MetricName, value: number, tags: Tags = {}, more: Readonly<Record<string, number>> = {}
): string {
  const tagged = [name, ...Object.entries(tags).map(([tag, text]) => `${tag}=${tagValue(text)}`)].join(',')
  const row = JSON.stringify({ type: 'point', name: tagged, measures: { value, ...more } })
  // Nanoseconds since 1970 do not fit a JavaScript number, so the digits are written next to each other.
  return `{"ts":${Math.trunc(tsMs)}000000,${row.slice(1)}\n`
}

/** A tag's value may hold neither of the characters that separate tags. */
function tagValue (value: string | number): string {
  return String(value).replace(/[,=\s]/g, '_')
}
