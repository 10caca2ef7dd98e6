import * as z from 'zod'
import { UnfinishedRecordError } from './record.ts'
import { storedZip } from './zip.ts'
import type { JobRecord } from './record.ts'
import type { ZipEntry } from './zip.ts'

/** The files that make a directory a record of the scout data set (github.com/oxhead/scout): its report and its sar series. */
export const scoutFile = /^(?:report\.json|sar(?:_node\d+)?\.csv)$/

const job = '(?<workload>[^_]+)_(?<framework>[^_]+)_(?<size>[^_]+)_(?<run>\\d+)$'
const machine = '(?<machine_type>[a-z]\\w*\\.[0-9a-z]+)'
const singleNode = new RegExp(`^${machine}_i-[0-9a-f]+_${job}`)
const multiNode = new RegExp(`^(?<instance_count>\\d+)_${machine}_${job}`)

/** A report of a job that is over; a failed one says `completed: false`, older layouts do not have the field. */
const report = z.looseObject({ completed: z.boolean().optional() })

/** What a directory name of either layout tells; undefined where it is none. */
export function scoutAttributes (directoryName: string): Record<string, string> | undefined {
  const match = singleNode.exec(directoryName) ?? multiNode.exec(directoryName)
  return match?.groups == null ? undefined : { ...match.groups }
}

/**
 * One archive of a record's files, once they are all there and whole: the report says that the job completed, and every series
 * ends with a whole row. A directory of `n` nodes needs `n` series.
 *
 * @param path of the directory, relative to the watched one
 * @param files those that match {@link scoutFile}, by their names within the directory
 * @throws {UnfinishedRecordError} naming the file that is missing or incomplete
 */
export function scoutRecord (path: string, files: readonly ZipEntry[]): JobRecord {
  const directoryName = path.split('/').at(-1) ?? path
  const attributes = scoutAttributes(directoryName) ?? {}
  const series = files.filter(({ name }) => name !== 'report.json')
  const nodes = Number(attributes.instance_count ?? 1)
  checkReport(path, files.find(({ name }) => name === 'report.json')?.bytes)

  if (series.length < nodes) {
    throw new UnfinishedRecordError(`${path}: has ${series.length} of ${nodes} sar series; it is contributed once all are there`)
  }

  series.forEach(({ name, bytes }) => { checkSeries(`${path}/${name}`, bytes) })
  return {
    name: `${path}.zip`,
    attributes,
    bytes: storedZip(files.map(({ name, bytes }) => ({ name: `${directoryName}/${name}`, bytes })))
  }
}

function checkReport (path: string, bytes: Uint8Array | undefined): void {
  if (bytes == null) {
    throw new UnfinishedRecordError(`${path}: has no report.json yet; it is contributed once the report is there`)
  }

  let content: unknown

  try {
    content = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new UnfinishedRecordError(`${path}/report.json: is no whole JSON yet; it is contributed once it is`)
  }

  const parsed = report.safeParse(content)

  if (!parsed.success || parsed.data.completed === false) {
    throw new UnfinishedRecordError(`${path}/report.json: does not say that the job completed; it is contributed once it does`)
  }
}

/** A row that is being written has fewer cells than the header, or no line feed yet. */
function checkSeries (path: string, bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes)
  const columns = text.slice(0, Math.max(text.indexOf('\n'), 0)).split(',').length
  const lastRow = text.slice(text.lastIndexOf('\n', text.length - 2) + 1)

  if (!text.endsWith('\n') || lastRow.split(',').length !== columns) {
    throw new UnfinishedRecordError(`${path}: does not end with a whole row; it is contributed once it does`)
  }
}
