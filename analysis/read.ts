import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { undefinedWhereAbsent } from './absent.ts'
import { isArchiveName } from './archive.ts'
import { RunFolderError } from './errors.ts'
import { parseFaults } from './faults.ts'
import { visitArchive } from './read-archive.ts'
import { missingInstances, outcomeFrom, readRows, runFrom } from './read-parts.ts'
import { readSequence } from './read-sequence.ts'
import type { Faults } from './faults.ts'
import type { Sinks } from './read-parts.ts'
import type { Sequence } from './read-sequence.ts'
import type { OutcomeRecord, RunRecord } from './records.ts'
import { createRowParser, parseReading } from './readings.ts'
import type { Reading } from './readings.ts'
import type { InstanceId, Row } from './rows.ts'
import { createIntern, instanceKey, plain } from './rows.ts'

export interface RunFolder extends VisitedFolder {
  rows: Row[]
  /** Of each run in which one contribution was followed. */
  sequences: Sequence[]
  /** Of each run in which something was to go wrong. */
  faults: Faults[]
}

/** A run folder of which rows were passed on and not kept. */
export interface VisitedFolder {
  /** Absolute path, symbolic links such as `latest` resolved. */
  path: string
  run: RunRecord
  outcome: OutcomeRecord | undefined
  /** Lines of `results.out` that are no rows. */
  unparsed: number
  /** Instances with a `results.out`. */
  instances: InstanceId[]
  /** False when something that a finished run leaves behind is missing or broken. */
  complete: boolean
  /** What was wrong with the folder, one sentence each. */
  problems: string[]
  /** What cannot be known of it although nothing is wrong, one sentence each. */
  notes: string[]
  /** The text of a file of a run as a whole, such as sequence.csv; undefined where there is none. */
  fileOf: (run: string, name: string) => Promise<string | undefined>
}

/**
 * Reads a run folder, or an archive of one, whole or cut short.
 *
 * @throws RunFolderError when there is no such folder, it is no run folder, or a newer one
 */
export async function readRunFolder (folder: string): Promise<RunFolder> {
  const rows: Row[] = []
  const visited = await visit(folder, createRowParser(), (row) => { rows.push(row) })
  const sequences: Sequence[] = []
  const faults: Faults[] = []
  for (const id of new Set(visited.instances.map((instance) => instance.run))) {
    sequences.push(...await readSequence((name) => visited.fileOf(id, name), id, visited.problems))
    const text = await visited.fileOf(id, 'faults.json')
    const found = text === undefined ? undefined : parseFaults(text, id, visited.problems)
    if (found !== undefined) faults.push(found)
  }
  return { ...visited, rows, sequences, faults, complete: visited.problems.length === 0 }
}

/**
 * Reads a run folder, or an archive of one, as a stream: holds no rows, so that a folder of any size can be reduced.
 *
 * @param onReading - hears each row, instance by instance in the order they were written
 * @throws RunFolderError as `readRunFolder`
 */
export async function visitRunFolder (folder: string, onReading: (reading: Reading) => void): Promise<VisitedFolder> {
  const intern = createIntern()
  return visit(folder, (line, from) => parseReading(line, from, intern), onReading)
}

/**
 * What is known of a run before its rows are read. In an archive the records may stand behind them, so it is gone through.
 *
 * @throws RunFolderError as `readRunFolder`
 */
export async function readRunRecord (folder: string): Promise<RunRecord> {
  const path = await find(folder)
  if (!await isFolder(path)) return (await visitArchive(path)).run
  return runFrom(await readText(join(path, 'run.json')), join(path, 'run.json'), [])
}

async function visit<T> (folder: string, parse: Sinks<T>['parse'], onRow: Sinks<T>['onRow']): Promise<VisitedFolder> {
  const path = await find(folder)
  const sinks = { parse, onRow }
  if (!await isFolder(path)) return visitArchive(path, sinks)
  const problems: string[] = []
  const run = runFrom(await readText(join(path, 'run.json')), join(path, 'run.json'), problems)
  const outcome = outcomeFrom(await readText(join(path, 'outcome.json')), problems)
  const instances = await listInstances(path, problems)
  let unparsed = 0
  for (const id of instances) {
    const place = `instances/${instanceKey(id)}/results.out`
    const file = join(path, 'instances', id.run, id.group, String(id.index), 'results.out')
    if (await isFile(file)) unparsed += await readRows(file, id, { ...sinks, problems, place })
    else problems.push(`${plain(place)} is missing: this instance recorded nothing.`)
  }
  problems.push(...missingInstances(run, outcome, instances))
  const fileOf = (run: string, name: string): Promise<string | undefined> => readText(join(path, 'instances', run, name))
  return { path, run, outcome, unparsed, instances, complete: problems.length === 0, problems, notes: [], fileOf }
}

async function find (folder: string): Promise<string> {
  const info = await stat(folder).catch(() => undefined)
  if (info === undefined) throw new RunFolderError(`There is no run folder ${folder}: give the folder that a run printed, for example runs/quick/latest.`)
  const path = await realpath(folder)
  if (info.isFile() && isArchiveName(folder)) return path
  if (!info.isDirectory()) throw new RunFolderError(`${folder} is a file and no run folder: give the folder it lies in, or the .tgz that Testground collected.`)
  const names = await readdir(path)
  if (!names.includes('run.json') && !names.includes('instances')) {
    throw new RunFolderError(`${folder} is no run folder, for it holds neither run.json nor instances/: give the folder that a run printed, for example runs/quick/latest.`)
  }
  return path
}

/**
 * Instances in the order of run, group and number. Only real folders are entered: a symbolic link
 * in a folder from elsewhere could lead out of it.
 */
async function listInstances (path: string, problems: string[]): Promise<InstanceId[]> {
  const root = join(path, 'instances')
  const found: InstanceId[] = []
  for (const run of await folders(root, 'instances', problems)) {
    for (const group of await folders(join(root, run), `instances/${run}`, problems)) {
      const place = `instances/${run}/${group}`
      const names = await folders(join(root, run, group), place, problems)
      const numbers = names.filter((name) => /^(0|[1-9]\d{0,8})$/.test(name)).map(Number).sort((a, b) => a - b)
      if (numbers.length < names.length) problems.push(`${plain(place)} holds a folder whose name is no instance number: it is passed over.`)
      for (const index of numbers) found.push({ run, group, index })
    }
  }
  return found
}

async function folders (path: string, place: string, problems: string[]): Promise<string[]> {
  const info = await lstat(path).catch(() => undefined)
  if (info?.isDirectory() !== true) {
    problems.push(`${plain(place)} is missing or no folder: the run left no rows there.`)
    return []
  }
  const entries = await readdir(path, { withFileTypes: true })
  for (const entry of entries) {
    if (entry.isSymbolicLink()) problems.push(`${plain(`${place}/${entry.name}`)} is a symbolic link and is not followed.`)
  }
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()
}

async function isFolder (path: string): Promise<boolean> {
  return (await lstat(path)).isDirectory()
}

async function isFile (path: string): Promise<boolean> {
  return (await lstat(path).catch(undefinedWhereAbsent))?.isFile() === true
}

async function readText (path: string): Promise<string | undefined> {
  return await isFile(path) ? await readFile(path, 'utf8') : undefined
}
