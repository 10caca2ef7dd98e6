import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureAlone, rowsOfRun, writeMillions } from './million-rows.test-helper.ts'
import type { BenchRow } from '../scripts/bench.ts'

const runs = 10

/** More than ten million rows, from folders on disk to a table by region; and a tenth of them out of an archive. */
export async function bench (): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'peerslab-bench-'))

  try {
    const study = join(directory, 'study')
    await writeMillions(study, runs, 1)
    execFileSync('tar', ['-czf', 'run.tgz', '-C', join(study, 'run-0'), '.'], { cwd: directory })
    const rows = (count: number): string => `${(count / 1e6).toFixed(1)} million rows`
    const folders = await measureAlone(ask(study, runs * rowsOfRun))
    const archive = await measureAlone(ask(join(directory, 'run.tgz'), rowsOfRun))
    return [
      { name: `analyze --by region of ${rows(runs * rowsOfRun)}, time`, value: folders.seconds, unit: 's', samples: 1, limit: 20 * runs * rowsOfRun / 1e7 },
      { name: `analyze --by region of ${rows(runs * rowsOfRun)}, memory`, value: folders.peakBytes / 1e9, unit: 'GB', samples: 1, limit: 1 },
      { name: `the same of an archive of ${rows(rowsOfRun)}, time`, value: archive.seconds, unit: 's', samples: 1, limit: 4 },
      { name: `the same of an archive of ${rows(rowsOfRun)}, memory`, value: archive.peakBytes / 1e9, unit: 'GB', samples: 1, limit: 1 }
    ]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function ask (path: string, rows: number): string {
  return `
    const { query } = await load('query.ts')
    const answer = await query(${JSON.stringify(path)}, ['region'])
    if (answer.rows !== ${rows} || answer.groups.length !== 12) throw new Error('not all was read: ' + answer.rows)`
}
