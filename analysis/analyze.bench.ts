import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureAlone, rowsOfRun, writeMillions } from './million-rows.test-helper.ts'
import type { BenchRow } from '../scripts/bench.ts'

/** A run of 50 peers and 11,125 contributions, from its folder on disk to tables, figures in every form and a report. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peerslab-bench-'))

  try {
    await writeMillions(directory, 1, 1)
    const { seconds, peakBytes, figureSeconds = NaN, reportBytes = NaN } = await measureAlone(`
      const { stat } = await import('node:fs/promises')
      const { analyze } = await load('index.ts')
      let [before, figureSeconds] = [performance.now(), 0]
      const { rows, report } = await analyze(${JSON.stringify(join(directory, 'run-0'))}, { onProgress: (sentence) => {
        const now = performance.now()
        // What comes before the first figure is drawn is reading, and its rows for all of them.
        if (sentence.startsWith('Drew')) figureSeconds += (now - before) / 1000
        before = now
      } })
      if (rows !== ${rowsOfRun}) throw new Error('not all was read: ' + rows)
      const more = { figureSeconds, reportBytes: (await stat(report)).size }`)
    const name = `analyze of ${(rowsOfRun / 1e6).toFixed(2)} million rows`
    return [
      { name: `${name}, time`, value: seconds, unit: 's', samples: 1, limit: 10 },
      { name: `${name}, its figures alone`, value: figureSeconds, unit: 's', samples: 1, limit: 5 },
      { name: `${name}, report`, value: reportBytes / 1e6, unit: 'MB', samples: 1, limit: 3 },
      { name: `${name}, memory`, value: peakBytes / 1e9, unit: 'GB', samples: 1 }
    ]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
