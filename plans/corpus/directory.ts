import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, resolve } from 'node:path'
import { CorpusError } from './item.ts'
import { presetNames } from './presets.ts'
import { unreadable } from './files.ts'
import { scoutAttributes, scoutFile } from '../../peersdb/records/scout.ts'

/** A file to take as it is, or a scout record: a directory whose files become one archive. */
export interface Found {
  readonly kind: 'file' | 'record'
  /** Relative to the corpus directory, with `/`. A record that is the corpus directory itself has that directory's name. */
  readonly name: string
  /** Where its file is, or its files are. */
  readonly paths: readonly string[]
}

/**
 * All regular files under a directory, scout records apart, sorted by the bytes of their names. What begins with a dot is left out,
 * and so is a link to a directory: what it leads to is found in its own place.
 *
 * @throws {CorpusError} when the directory is missing or no directory, a part of it cannot be read, or a link leads nowhere or outside
 */
export async function findFiles (directory: string): Promise<Found[]> {
  const root = await rootOf(directory)
  const found: Found[] = []
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { files, subfolders } = await list(directory, root, folder)
    folders.push(...subfolders)
    const recordName = basename(folder === '' ? resolve(directory) : folder)
    if (isRecord(recordName, files)) {
      found.push({ kind: 'record', name: folder === '' ? recordName : folder, paths: files.map((file) => join(directory, folder, file)) })
    } else {
      found.push(...files.map((file) => {
        const name = folder === '' ? file : `${folder}/${file}`
        return { kind: 'file' as const, name, paths: [join(directory, name)] }
      }))
    }
  }
  return found
    .map((item) => ({ item, key: Buffer.from(item.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ item }) => item)
}

async function rootOf (directory: string): Promise<string> {
  const isDirectory = await stat(directory).then((found) => found.isDirectory(), (error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new CorpusError(`Corpus directory ${directory} does not exist. Name one that holds the files to contribute, or one of the ` +
        `presets ${presetNames.join(', ')}, or leave "corpus" empty to have records generated.`, { cause: error })
    }
    throw unreadable(directory, error)
  })
  if (!isDirectory) throw new CorpusError(`Corpus ${directory} is not a directory. Name the directory that holds the files to contribute.`)
  return realpath(directory)
}

/** The names of the files in a folder, and the paths of its subfolders. */
async function list (directory: string, root: string, folder: string): Promise<{ files: string[], subfolders: string[] }> {
  const path = join(directory, folder)
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => { throw unreadable(path, error) })
  const files: string[] = []
  const subfolders: string[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) subfolders.push(folder === '' ? entry.name : `${folder}/${entry.name}`)
    else if (entry.isFile() || (entry.isSymbolicLink() && await leadsToFile(join(path, entry.name), root))) files.push(entry.name)
  }
  return { files, subfolders }
}

async function leadsToFile (link: string, root: string): Promise<boolean> {
  const target = await realpath(link).catch((error: unknown) => { throw unreadable(link, error) })
  const fromRoot = relative(root, target)
  if (fromRoot.split(/[\\/]/)[0] === '..' || isAbsolute(fromRoot)) {
    throw new CorpusError(`Corpus link ${link} leads out of the corpus directory, to ${target}. Put the file itself there, or remove the link.`)
  }
  return (await stat(target)).isFile()
}

/**
 * Whether a directory with these files is a scout record: it has both kinds of file, or one of them and the name of a record (of the
 * real ones, about 11 % have no report.json).
 */
function isRecord (name: string, files: readonly string[]): boolean {
  const report = files.includes('report.json')
  const series = files.some((file) => file !== 'report.json' && scoutFile.test(file))
  return (report && series) || ((report || series) && scoutAttributes(name) !== undefined)
}
