import { c3oFiles } from './c3o-generated.ts'
import { createRandom } from '../random.ts'
import { drawProfile } from './sar-load.ts'
import { firstRowMs, INTERVAL_SECONDS } from './sar-format.ts'
import { multiNodeFiles, multiNodeName, multiNodeRecords } from './multi-node.ts'
import { recordAt, recordName, recordsOfJobs, universeSize } from './scout-universe.ts'
import { reportText, runFacts } from './scout-report.ts'
import { sarCsv } from './sar-series.ts'
import { scoutAttributes } from '../../peersdb/records/scout.ts'
import { storedZip } from '../../peersdb/records/zip.ts'
import type { CorpusItem } from './item.ts'
import type { Preset } from './presets.ts'
import type { RunFacts } from './scout-report.ts'
import type { ScoutRecord } from './scout-universe.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

/** An item that nobody has to have a copy of. */
export interface GeneratedItem extends CorpusItem {
  /** The files by which a directory holds it, so that the directory as a corpus has this very item; made one after another. */
  files (): Iterable<ZipEntry>
}

/** How many jobs of the universe the presets of single-node records have. */
const JOBS = { small: 10, medium: 50 } as const

/**
 * The first `count` items of a preset in the seeded order, or of all single-node records where none is named. An item is drawn from
 * the seed and its own name only, so it is the same in every corpus of that seed.
 */
export function generatedItems ({ preset, count, seed }: { preset?: Preset | undefined, count: number, seed: number }): GeneratedItem[] {
  const order = createRandom(seed, 'order of records')
  if (preset === 'multi-node') {
    return order.shuffle(multiNodeRecords).slice(0, count)
      .map((record) => recordItem(multiNodeName(record), () => multiNodeFiles(seed, record)))
  }
  const universe = order.shuffle(Array.from({ length: universeSize }, (_, index) => index))
  const few = preset === 'small' || preset === 'medium' ? new Set(recordsOfJobs(JOBS[preset])) : undefined
  const makers = universe.filter((index) => few?.has(index) ?? true).map((index) => () => {
    const record = recordAt(seed, index)
    return recordItem(recordName(record), () => recordFiles(seed, record))
  })
  // The paper's experiments posted their copy of C3O first.
  return (preset === 'paper' ? [() => c3oItem(seed), ...makers] : makers).slice(0, count).map((make) => make())
}

function recordItem (directoryName: string, files: () => Iterable<ZipEntry>): GeneratedItem {
  return {
    kind: 'record',
    name: `${directoryName}.zip`,
    attributes: scoutAttributes(directoryName) ?? {},
    bytes: async () => storedZip([...files()]),
    files
  }
}

function c3oItem (seed: number): GeneratedItem {
  const name = 'c3o-experiments.zip'
  const archive = (): Uint8Array => storedZip(c3oFiles(seed))
  return { kind: 'file', name, attributes: {}, bytes: async () => archive(), files: () => [{ name, bytes: archive() }] }
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
    firstMs: firstRowMs(facts.startMs),
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
