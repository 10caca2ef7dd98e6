import { basename } from 'node:path'
import { cutTable, HEADER_BYTES_MAX, isC3oTable } from './c3o.ts'
import { checkReadable, readRanges, readStamped, readStart, readWhole } from './files.ts'
import { createRandom } from '../random.ts'
import { CorpusError } from './item.ts'
import { findFiles } from './directory.ts'
import { scoutAttributes } from '../../peersdb/records/scout.ts'
import { storedZip } from '../../peersdb/records/zip.ts'
import type { CorpusItem } from './item.ts'
import type { Found } from './directory.ts'

/** How many files are checked at once. */
const CHECKS_AT_ONCE = 32

/** An item with the files that it will read. */
interface Candidate {
  readonly item: CorpusItem
  readonly paths: readonly string[]
}

/** What a directory gave: the items chosen, how many there were to choose from, and a phrase that says what these are. */
export interface StoredItems {
  readonly items: CorpusItem[]
  readonly available: number
  readonly contents: string
}

/**
 * The first `count` contributions of a directory in the seeded order: every configuration of a C3O table, every scout record as a
 * zip, and every other file as it is. The files of the chosen ones are checked, not read.
 *
 * @throws {CorpusError} as {@link findFiles}; when nothing is found, a table is malformed, names clash, or a chosen file is unreadable
 */
export async function storedItems (init: { directory: string, count: number, seed: number }): Promise<StoredItems> {
  const { directory, count, seed } = init
  const candidates: Candidate[] = []
  const counts = { tables: 0, configurations: 0, records: 0, files: 0 }
  for (const found of await findFiles(directory)) {
    const configurations = await configurationsOf(found)
    if (configurations.length > 0) {
      counts.tables++
      counts.configurations += configurations.length
      candidates.push(...configurations)
    } else {
      counts[found.kind === 'record' ? 'records' : 'files']++
      candidates.push({ item: found.kind === 'record' ? recordItem(found) : fileItem(found), paths: found.paths })
    }
  }
  if (candidates.length === 0) {
    throw new CorpusError(`Corpus directory ${directory} holds no file to contribute (names that begin with a dot do not count). ` +
      'Put files there, or leave "corpus" empty to have records generated.')
  }
  refuseClashes(directory, candidates)
  const chosen = createRandom(seed, 'order of files').shuffle(candidates).slice(0, count)
  await checkAll(chosen)
  return { items: chosen.map(({ item }) => item), available: candidates.length, contents: phrase(counts) }
}

/** The configurations of a file that is a C3O table; nothing for any other. */
async function configurationsOf (found: Found): Promise<Candidate[]> {
  const path = found.paths[0]
  if (found.kind !== 'file' || path === undefined || !path.endsWith('.tsv')) return []
  if (!isC3oTable(await readStart(path, HEADER_BYTES_MAX))) return []
  const { bytes, stamp } = await readStamped(path)
  return cutTable(bytes, path, found.name.slice(0, -'.tsv'.length)).map(({ name, attributes, ranges }) => ({
    item: { kind: 'configuration', name, attributes, bytes: () => readRanges(path, ranges, stamp) },
    paths: [path]
  }))
}

function recordItem ({ name, paths }: Found): CorpusItem {
  const directoryName = basename(name)
  return {
    kind: 'record',
    name: `${name}.zip`,
    attributes: scoutAttributes(directoryName) ?? {},
    bytes: async () => {
      const read = async (path: string): Promise<{ name: string, bytes: Uint8Array }> =>
        ({ name: `${directoryName}/${basename(path)}`, bytes: await readWhole(path) })
      return storedZip(await Promise.all(paths.map(read)))
    }
  }
}

function fileItem ({ name, paths }: Found): CorpusItem {
  const path = paths[0] ?? name
  return { kind: 'file', name, attributes: {}, bytes: () => readWhole(path) }
}

function refuseClashes (directory: string, candidates: readonly Candidate[]): void {
  const names = new Map<string, string>()
  for (const { item, paths } of candidates) {
    const path = paths[0] ?? directory
    const other = names.get(item.name)
    if (other !== undefined) {
      throw new CorpusError(`Two contributions of corpus directory ${directory} would be named ${item.name}: one from ${other}, one from ` +
        `${path}. Rename or remove one of them.`)
    }
    names.set(item.name, path)
  }
}

/** Checks in small batches; of several bad files, the first in order is the one reported. */
async function checkAll (chosen: readonly Candidate[]): Promise<void> {
  const checked = new Set<string>()
  const groups = chosen.map(({ paths }) => paths).filter((paths) => {
    const key = paths.join('\0')
    return !checked.has(key) && checked.add(key)
  })
  for (let first = 0; first < groups.length; first += CHECKS_AT_ONCE) {
    const results = await Promise.allSettled(groups.slice(first, first + CHECKS_AT_ONCE).map(checkReadable))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}

function phrase (counts: { tables: number, configurations: number, records: number, files: number }): string {
  const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
  return [
    ...counts.tables > 0 ? [`${plural(counts.configurations, 'configuration')} of ${plural(counts.tables, 'C3O table')}`] : [],
    ...counts.records > 0 ? [plural(counts.records, 'scout record')] : [],
    ...counts.files > 0 ? [plural(counts.files, 'file')] : []
  ].join(', ')
}
