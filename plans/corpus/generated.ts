import { createRandom } from '../random.ts'
import { drawProfile } from './sar-load.ts'
import { INTERVAL_SECONDS } from './sar-format.ts'
import { recordAt, recordName, universeSize } from './scout-universe.ts'
import { reportText, runFacts } from './scout-report.ts'
import { sarCsv } from './sar-series.ts'
import { storedZip } from '../../peersdb/records/zip.ts'
import type { CorpusItem } from './item.ts'
import type { RunFacts } from './scout-report.ts'
import type { ScoutRecord } from './scout-universe.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

/** The first row of a sar.csv comes this long after the start that the report names. */
const FIRST_ROW_MS = 6000

/**
 * The first `count` records of the seeded order of all that the generator knows, each one a zip. A record is drawn from the seed and
 * its own names only, so it is the same in every corpus of that seed.
 */
export function generatedItems (init: { count: number, seed: number }): CorpusItem[] {
  const { count, seed } = init
  const order = createRandom(seed, 'order of records').shuffle(Array.from({ length: universeSize }, (_, index) => index))
  return order.slice(0, count).map((index) => {
    const record = recordAt(seed, index)
    return {
      name: `${recordName(record)}.zip`,
      attributes: {
        workload: record.workload,
        framework: record.framework,
        machine_type: record.machine.name,
        size: record.size,
        run: String(record.run)
      },
      bytes: async () => storedZip(recordFiles(seed, record))
    }
  })
}

/** The files of a record: sar.csv, and report.json where the run left one. */
export function recordFiles (seed: number, record: ScoutRecord): ZipEntry[] {
  const name = recordName(record)
  const random = createRandom(seed, 'record', name)
  const facts = runFacts(seed, record, random.stream('facts'))
  const profile = drawProfile(record.framework, createRandom(seed, 'profile', record.framework, record.workload))
  const sar = sarCsv({
    machine: record.machine,
    profile,
    rows: rowCount(facts),
    firstMs: facts.startMs + FIRST_ROW_MS,
    random: random.stream('sar')
  })
  const report = reportText(record, facts)
  // The record's directory stands in the archive, so that unpacking a whole corpus gives the layout of the data set.
  const files = report === undefined ? { 'sar.csv': sar } : { 'report.json': report, 'sar.csv': sar }
  return Object.entries(files).map(([file, text]) => ({ name: `${name}/${file}`, bytes: Buffer.from(text) }))
}

/** One row for every five seconds of the run; a run that failed shows in two or three rows. */
function rowCount (facts: RunFacts): number {
  return Math.max(2, Math.round(facts.elapsedSeconds / INTERVAL_SECONDS))
}
