import { RunFolderError } from './errors.ts'
import { forEachLine } from './lines.ts'
import { parseOutcomeRecord, parseRunRecord, schemaVersion } from './records.ts'
import { instanceKey, plain } from './rows.ts'
import type { OutcomeRecord, RunRecord } from './records.ts'
import type { InstanceId } from './rows.ts'

/** What is done with the rows of a run. */
export interface Sinks<T> {
  /** Reads one line of `results.out`; the reason as a string where it is no row. */
  parse: (line: string, from: InstanceId) => T | string
  onRow: (row: T) => void
}

/** How many broken lines are named one by one before they are only counted. */
const namedLines = 3

/**
 * What `run.json` says; nothing where there is none.
 *
 * @param file - how it is named in an error
 * @throws RunFolderError when a newer PeersLab wrote it
 */
export function runFrom (text: string | undefined, file: string, problems: string[]): RunRecord {
  if (text === undefined) {
    problems.push('run.json is missing: runner, seed and network of this run are not known.')
    return {}
  }
  const { value, problems: found } = parseRunRecord(text)
  if (value.schema !== undefined && value.schema !== schemaVersion) {
    throw new RunFolderError(`${file} has schema ${value.schema}, and this PeersLab reads schema ${schemaVersion}: analyse it with the PeersLab that wrote it${value.peerslab === undefined ? '' : ` (${value.peerslab})`}.`)
  }
  problems.push(...found)
  return value
}

/** What `outcome.json` says; undefined where there is none, or no verdict that can be trusted. */
export function outcomeFrom (text: string | undefined, problems: string[]): OutcomeRecord | undefined {
  if (text === undefined) {
    problems.push('outcome.json is missing: the run was cut short or still goes on, and has no verdict.')
    return undefined
  }
  const { value, problems: found } = parseOutcomeRecord(text)
  problems.push(...found)
  return value
}

/** Reads the rows of one instance. @returns how many lines are none; the first of them are named */
export async function readRows<T> (
  source: string | AsyncIterable<Buffer>, id: InstanceId, sinks: Sinks<T> & { problems: string[], place: string }
): Promise<number> {
  const { parse, onRow, problems, place } = sinks
  const shown = { run: plain(id.run), group: plain(id.group), index: id.index }
  const named = plain(place)
  let unparsed = 0
  await forEachLine(source, (line, number, ended) => {
    // Most lines begin as a row does, and need no closer look.
    if (line !== undefined && line[0] !== '{' && line.trim() === '') return
    const row = line === undefined ? 'it is too long' : parse(line, shown)
    if (typeof row !== 'string') {
      onRow(row)
      return
    }
    unparsed++
    const why = ended ? row : 'the file ends in the middle of it'
    if (unparsed <= namedLines) problems.push(`${named}:${number} is no row, for ${why}: it is left out.`)
  })
  if (unparsed > namedLines) problems.push(`${named} has ${unparsed} lines that are no rows; the first ${namedLines} are named above.`)
  return unparsed
}

/** A sentence where instances that were to be there left nothing. */
export function missingInstances (run: RunRecord, outcome: OutcomeRecord | undefined, instances: readonly InstanceId[]): string[] {
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
