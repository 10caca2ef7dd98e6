import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RunFolderError } from './errors.ts'
import { forEachLine } from './lines.ts'
import { parseFaults } from './faults.ts'
import type { Faults } from './faults.ts'
import { readSequence } from './read-sequence.ts'
import type { Sequence } from './read-sequence.ts'
import type { OutcomeRecord, RunRecord } from './records.ts'
import { parseOutcomeRecord, parseRunRecord, schemaVersion } from './records.ts'
import { parseReading } from './readings.ts'
import type { Reading } from './readings.ts'
import type { InstanceId, Intern, Row } from './rows.ts'
import { createIntern, instanceKey, parseRow, plain } from './rows.ts'

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
}

/** How many broken lines are named one by one before they are only counted. */
const namedLines = 3

/**
 * Reads a run folder, whole or cut short.
 *
 * @throws RunFolderError when there is no such folder, it is no run folder, or a newer one
 */
export async function readRunFolder (folder: string): Promise<RunFolder> {
  const rows: Row[] = []
  const visited = await visit(folder, parseRow, (row) => { rows.push(row) })
  const sequences: Sequence[] = []
  const faults: Faults[] = []
  for (const id of new Set(visited.instances.map((instance) => instance.run))) {
    sequences.push(...await readSequence(visited.path, id, visited.problems))
    const text = await readText(join(visited.path, 'instances', id, 'faults.json'))
    const found = text === undefined ? undefined : parseFaults(text, id, visited.problems)
    if (found !== undefined) faults.push(found)
  }
  return { ...visited, rows, sequences, faults, complete: visited.problems.length === 0 }
}

/**
 * Reads a run folder as a stream: holds no rows, so that a folder of any size can be reduced.
 *
 * @param onReading - hears each row, instance by instance in the order they were written
 * @throws RunFolderError as `readRunFolder`
 */
export async function visitRunFolder (folder: string, onReading: (reading: Reading) => void): Promise<VisitedFolder> {
  return visit(folder, parseReading, onReading)
}

type Parse<T> = (line: string, from: InstanceId, intern: Intern) => T | string

async function visit<T> (folder: string, parse: Parse<T>, onRow: (row: T) => void): Promise<VisitedFolder> {
  const path = await findFolder(folder)
  const problems: string[] = []
  const run = await readRun(path, problems)
  const outcome = await readOutcome(path, problems)
  const instances = await listInstances(path, problems)
  const intern = createIntern()
  let unparsed = 0
  for (const id of instances) unparsed += await readRows(path, id, { parse: (line, from) => parse(line, from, intern), onRow, problems })
  problems.push(...missingInstances(run, outcome, instances))
  return { path, run, outcome, unparsed, instances, complete: problems.length === 0, problems }
}

async function findFolder (folder: string): Promise<string> {
  const info = await stat(folder).catch(() => undefined)
  if (info === undefined) throw new RunFolderError(`There is no run folder ${folder}: give the folder that a run printed, for example runs/quick/latest.`)
  if (!info.isDirectory()) throw new RunFolderError(`${folder} is a file and no run folder: give the folder it lies in.`)
  const path = await realpath(folder)
  const names = await readdir(path)
  if (!names.includes('run.json') && !names.includes('instances')) {
    throw new RunFolderError(`${folder} is no run folder, for it holds neither run.json nor instances/: give the folder that a run printed, for example runs/quick/latest.`)
  }
  return path
}

async function readRun (path: string, problems: string[]): Promise<RunRecord> {
  const text = await readText(join(path, 'run.json'))
  if (text === undefined) {
    problems.push('run.json is missing: runner, seed and network of this run are not known.')
    return {}
  }
  const { value, problems: found } = parseRunRecord(text)
  if (value.schema !== undefined && value.schema !== schemaVersion) {
    throw new RunFolderError(`${join(path, 'run.json')} has schema ${value.schema}, and this PeersLab reads schema ${schemaVersion}: analyse it with the PeersLab that wrote it${value.peerslab === undefined ? '' : ` (${value.peerslab})`}.`)
  }
  problems.push(...found)
  return value
}

async function readOutcome (path: string, problems: string[]): Promise<OutcomeRecord | undefined> {
  const text = await readText(join(path, 'outcome.json'))
  if (text === undefined) {
    problems.push('outcome.json is missing: the run was cut short or still goes on, and has no verdict.')
    return undefined
  }
  const { value, problems: found } = parseOutcomeRecord(text)
  problems.push(...found)
  return value
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

interface Sinks<T> {
  parse: (line: string, from: InstanceId) => T | string
  onRow: (row: T) => void
  problems: string[]
}

async function readRows<T> (path: string, id: InstanceId, { parse, onRow, problems }: Sinks<T>): Promise<number> {
  const place = plain(`instances/${instanceKey(id)}/results.out`)
  const file = join(path, 'instances', id.run, id.group, String(id.index), 'results.out')
  const info = await lstat(file).catch(() => undefined)
  if (info?.isFile() !== true) {
    problems.push(`${place} is missing: this instance recorded nothing.`)
    return 0
  }
  const shown = { run: plain(id.run), group: plain(id.group), index: id.index }
  let unparsed = 0
  await forEachLine(file, (line, number, ended) => {
    if (line?.trim() === '') return
    const row = line === undefined ? 'it is too long' : parse(line, shown)
    if (typeof row !== 'string') {
      onRow(row)
      return
    }
    unparsed++
    const why = ended ? row : 'the file ends in the middle of it'
    if (unparsed <= namedLines) problems.push(`${place}:${number} is no row, for ${why}: it is left out.`)
  })
  if (unparsed > namedLines) problems.push(`${place} has ${unparsed} lines that are no rows; the first ${namedLines} are named above.`)
  return unparsed
}

function missingInstances (run: RunRecord, outcome: OutcomeRecord | undefined, instances: readonly InstanceId[]): string[] {
  const present = new Set(instances.map((id) => plain(instanceKey(id))))
  const missing = new Set<string>()
  for (const { id, groups } of run.runs ?? []) {
    for (const group of groups) {
      for (let index = 0; index < group.count; index++) missing.add(instanceKey({ run: id, group: group.id, index }))
    }
  }
  for (const { id, instances: listed } of outcome?.runs ?? []) {
    for (const { group, index } of listed) missing.add(instanceKey({ run: id, group, index }))
  }
  const lost = [...missing].filter((key) => !present.has(key))
  if (lost.length === 0) return []
  const named = lost.slice(0, 5).join(', ') + (lost.length > 5 ? ` and ${lost.length - 5} more` : '')
  return [`instances/ holds nothing of ${named}: ${lost.length === 1 ? 'this instance was' : 'these instances were'} lost or never started.`]
}

async function readText (path: string): Promise<string | undefined> {
  const info = await lstat(path).catch(() => undefined)
  return info?.isFile() === true ? await readFile(path, 'utf8') : undefined
}
