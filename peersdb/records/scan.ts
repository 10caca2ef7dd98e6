import { lstat, readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { c3oRecords, isC3oHeader } from './c3o.ts'
import { recordBytesMax, RecordDirectoryError, UnfinishedRecordError } from './record.ts'
import { scoutAttributes, scoutFile, scoutRecord } from './scout.ts'
import type { JobRecord } from './record.ts'

/** What may be a record, or a table of several: a scout directory, or a `.tsv` file. */
export interface Candidate {
  /** Relative to the scanned directory, with `/`. One that is the scanned directory itself has that directory's name. */
  readonly path: string
  /** Differs once one of its files was written to. */
  readonly stamp: string
  /**
   * Reads and judges it; nothing where a `.tsv` is no C3O table.
   *
   * @throws {UnfinishedRecordError} where it is not whole, or was written to while it was read
   */
  read (): Promise<JobRecord[]>
}

/**
 * Everything in a directory and the directories within it that may be a record. What begins with a dot is left out, and so are links,
 * so that nothing outside is read. A folder that disappears meanwhile is passed over; the next scan knows better.
 *
 * @throws {RecordDirectoryError} where the directory cannot be read
 */
export async function scan (directory: string, options: { signal?: AbortSignal } = {}): Promise<Candidate[]> {
  const candidates: Candidate[] = []
  const folders = ['']

  for (let folder = folders.pop(); folder != null; folder = folders.pop()) {
    options.signal?.throwIfAborted()
    const path = join(directory, folder)
    const entries = (await readdir(path, { withFileTypes: true }).catch(folder === '' ? refuse : passOver))
      .filter(({ name }) => !name.startsWith('.'))
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
    const within = (name: string): string => folder === '' ? name : `${folder}/${name}`
    folders.push(...entries.filter((entry) => entry.isDirectory()).map(({ name }) => within(name)))
    const series = files.filter((name) => scoutFile.test(name)).sort()
    const recordPath = folder === '' ? basename(resolve(directory)) : folder

    if (isRecord(basename(recordPath), series)) {
      candidates.push(await candidate(recordPath, path, series, (contents) => [scoutRecord(recordPath, contents)]))
      continue
    }

    for (const name of files.filter((file) => file.endsWith('.tsv'))) {
      const tablePath = within(name)
      const judge: Judge = (contents) => contents.flatMap(({ bytes }) => tableRecords(tablePath, bytes))
      candidates.push(await candidate(tablePath, path, [name], judge))
    }
  }

  return candidates
}

/** It has a report and a series, or one of them and the name of a record. */
function isRecord (name: string, files: readonly string[]): boolean {
  const reports = files.filter((file) => file === 'report.json').length
  return (reports > 0 && files.length > reports) || (files.length > 0 && scoutAttributes(name) != null)
}

function tableRecords (path: string, bytes: Uint8Array): JobRecord[] {
  const text = Buffer.from(bytes).toString()

  if (!isC3oHeader(text.slice(0, text.indexOf('\n') + 1))) {
    return []
  }

  // Text that is not UTF-8 would come out changed.
  if (Buffer.compare(Buffer.from(text), bytes) !== 0) {
    throw new UnfinishedRecordError(`${path}: is no UTF-8 text; convert the table, or take it away`)
  }

  return c3oRecords(path, text)
}

type Judge = (files: Array<{ name: string, bytes: Uint8Array }>) => JobRecord[]

async function candidate (path: string, folder: string, names: readonly string[], judge: Judge): Promise<Candidate> {
  const files = names.map((name) => join(folder, name))
  const stamp = await stampOf(files)

  return {
    path,
    stamp,
    read: async () => {
      await checkSize(path, files)
      const contents = await Promise.all(names.map(async (name, index) => ({ name, bytes: await readFile(files[index] ?? name) })))

      if (await stampOf(files) !== stamp) {
        throw new UnfinishedRecordError(`${path}: was written to while it was read; it is contributed once it stays as it is`)
      }

      return judge(contents)
    }
  }
}

async function stampOf (files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(files.map(async (file) => {
    const { size, mtimeMs, ino } = await lstat(file).catch(() => ({ size: -1, mtimeMs: 0, ino: 0 }))
    return `${basename(file)}:${size}:${mtimeMs}:${ino}`
  }))
  return stamps.join('/')
}

async function checkSize (path: string, files: readonly string[]): Promise<void> {
  const sizes = await Promise.all(files.map(async (file) => (await lstat(file)).size))
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0)

  if (sizeBytes > recordBytesMax) {
    throw new UnfinishedRecordError(`${path}: has ${sizeBytes} bytes, more than the ${recordBytesMax} that one record may hold; split it`)
  }
}

function refuse (err: Error): never {
  throw new RecordDirectoryError(`the directory of records cannot be read: ${err.message}; name one that is there`, { cause: err })
}

function passOver (): [] {
  return []
}
