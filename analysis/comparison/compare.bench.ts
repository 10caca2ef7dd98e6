import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureAlone, rowsOfRun, writeMillions } from '../million-rows.test-helper.ts'
import type { BenchRow } from '../../scripts/bench.ts'

const runs = 10

/** Two studies of ten runs of 50 peers and 11,125 contributions, from folders on disk to a verdict. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peerslab-bench-'))

  try {
    const [base, head] = [join(directory, 'base'), join(directory, 'head')]
    await writeMillions(base, runs, 1)
    await writeMillions(head, runs, 1.1)
    const { seconds, peakBytes } = await measureAlone(`
      const { compareStudies } = await load('comparison/index.ts')
      const { verdict, results } = await compareStudies(${JSON.stringify(base)}, ${JSON.stringify(head)}, { vary: [] })
      if (verdict !== 'fail' || results.length === 0) throw new Error('the slowdown was not found: ' + verdict)`)
    const name = `compare of 2 x ${runs} runs of ${(rowsOfRun / 1e6).toFixed(2)} million rows`
    return [
      { name: `${name}, time`, value: seconds, unit: 's', samples: 1, limit: 30 },
      { name: `${name}, memory`, value: peakBytes / 1e9, unit: 'GB', samples: 1, limit: 1 }
    ]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
