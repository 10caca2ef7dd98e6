import { createHash } from 'node:crypto'
import { basename, relative, sep } from 'node:path'
import { cutTable, isC3oTable } from './c3o.ts'
import { CorpusError } from './item.ts'
import { findFiles } from './directory.ts'
import { openCorpus } from './index.ts'
import { readWhole } from './files.ts'
import { writeDirectory } from './write.ts'
import type { CorpusProgress, Written } from './generate.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

/** What can be imported: the records of a clone of scout, the tables of a copy of C3O, or all files of a directory. */
export const importKinds = ['scout', 'c3o', 'directory'] as const
export type ImportKind = typeof importKinds[number]

export interface ImportInit {
  readonly kind: ImportKind
  readonly from: string
  /** A directory that is new or empty. */
  readonly to: string
  /** Takes C3O tables other than those of the data set's commit ccdbbaa. */
  readonly unchecked: boolean
}

/** MD5 of the tables of github.com/dos-group/c3o-experiments at commit ccdbbaa. */
const c3oDigests: Readonly<Record<string, string>> = {
  'grep.tsv': 'b5479d7b597683316944b11277745c9c',
  'kmeans.tsv': '2d7980f11fbaeefc503d7a43c2bb96bb',
  'pagerank.tsv': '4f0060a2d422a29a5777b9d8f282c3fb',
  'sgd.tsv': '5b6bfd9a71ef29f020440553f13f3535',
  'sort.tsv': '477d442a8588d38e23f5ba37c479a54d'
}

/** A file to import: where it is, and its name in the corpus. */
interface Source {
  readonly path: string
  readonly name: string
}

/**
 * Copies what makes a corpus, byte for byte, into a directory of its own.
 *
 * @throws {CorpusError} when there is nothing of that kind, a table is not the data set's or malformed, names clash, or a file or the
 * target cannot be had
 */
export async function importCorpus ({ kind, from, to, unchecked }: ImportInit, { onProgress, signal }: CorpusProgress): Promise<Written> {
  const sources = await find[kind](from, unchecked)
  refuseClashes(sources)
  const written = { files: 0, bytes: 0 }
  async function * files (): AsyncGenerator<ZipEntry> {
    for (const { path, name } of sources) {
      const bytes = await readWhole(path)
      written.bytes += bytes.byteLength
      yield { name, bytes }
      onProgress(++written.files, sources.length)
    }
  }
  await writeDirectory(to, files(), signal)
  const { items } = await openCorpus({ directory: to, count: Number.MAX_SAFE_INTEGER, seed: 1 })
  return { contributions: items.length, ...written }
}

const find: Readonly<Record<ImportKind, (from: string, unchecked: boolean) => Promise<Source[]>>> = {
  /** Records lose the folders above them, so that a clone and a part of it give the same names. */
  scout: async (from) => {
    const records = (await findFiles(from)).filter(({ kind }) => kind === 'record')
    if (records.length === 0) {
      throw new CorpusError(`Directory ${from} holds no scout record, which is a directory of report.json and sar.csv or sar_node1.csv. Name a clone of ` +
        'github.com/oxhead/scout, or a part of one.')
    }
    return records.flatMap(({ name, paths }) => paths.map((path) => ({ path, name: `${basename(name)}/${basename(path)}` })))
  },

  c3o: async (from, unchecked) => {
    const found = (await findFiles(from)).flatMap(({ paths }) => paths).map((path) => ({ path, name: basename(path) }))
    const tables: Source[] = []
    for (const source of found.filter(({ name }) => unchecked ? name.endsWith('.tsv') : Object.hasOwn(c3oDigests, name))) {
      const bytes = await readWhole(source.path)
      if (!unchecked) checkDigest(source, bytes)
      else if (!isC3oTable(bytes)) continue
      // A row that does not fit is refused here rather than when the corpus is used.
      cutTable(bytes, source.path, basename(source.name, '.tsv'))
      tables.push(source)
    }
    const missing = unchecked ? [] : Object.keys(c3oDigests).filter((table) => !tables.some(({ name }) => name === table))
    if (missing.length > 0 || tables.length === 0) {
      throw new CorpusError(`Directory ${from} lacks ${missing.length > 0 ? missing.join(', ') : 'C3O tables'}. Name a copy of github.com/dos-group/c3o-experiments` +
        `${unchecked ? '' : ', or give --unchecked to take what C3O tables it has'}.`)
    }
    return tables
  },

  directory: async (from) => {
    // Opening it refuses what would make no corpus.
    await openCorpus({ directory: from, count: Number.MAX_SAFE_INTEGER, seed: 1 })
    return (await findFiles(from)).flatMap(({ paths }) => paths).map((path) => ({ path, name: relative(from, path).split(sep).join('/') }))
  }
}

function checkDigest ({ path, name }: Source, bytes: Uint8Array): void {
  const digest = createHash('md5').update(bytes).digest('hex')
  if (digest !== c3oDigests[name]) {
    throw new CorpusError(`Table ${path} is not the one of the C3O data set: its MD5 is ${digest}, not ${c3oDigests[name]}. Fetch it again, or give ` +
      '--unchecked to take it as it is.')
  }
}

function refuseClashes (sources: readonly Source[]): void {
  const paths = new Map<string, string>()
  for (const { name, path } of sources) {
    const other = paths.get(name)
    if (other !== undefined) {
      throw new CorpusError(`Two files would be imported as ${name}: ${other} and ${path}. Take one of them away, or import a part of the directory.`)
    }
    paths.set(name, path)
  }
}
