import { basename } from 'node:path'
import { isC3oHeader, measuredColumn } from '../../peersdb/records/c3o.ts'
import { CorpusError } from './item.ts'
import type { ByteRange } from './files.ts'

const LINE_FEED = 0x0a

/** Bytes that are enough to hold the header of a C3O table. */
export const HEADER_BYTES_MAX = 4096

/** All runs of one configuration: rows of a table that differ in the measured column only. */
export interface Configuration {
  /** `<table>/<values joined by ->.tsv` */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  /** Where its file stands in the table: the header, then its rows in their order, byte for byte. */
  readonly ranges: readonly ByteRange[]
}

/** Whether a file that begins with these bytes is a C3O table, judged by its header. */
export function isC3oTable (start: Uint8Array): boolean {
  const { end } = firstLine(start)
  return isC3oHeader(new TextDecoder().decode(start.subarray(0, end)))
}

/**
 * Cuts a C3O table into its configurations, in the order of their first rows.
 *
 * @param path where the table was read, for messages
 * @param name its name in the corpus, without `.tsv`; the last part of it is the workload
 * @throws {CorpusError} when a row does not fit the header, or there is none
 */
export function cutTable (table: Uint8Array, path: string, name: string): Configuration[] {
  const header = firstLine(table)
  const columns = cells(table, header)
  const measured = columns.indexOf(measuredColumn)
  const ranges = new Map<string, { values: string[], rows: ByteRange[] }>()
  let line = 1
  for (let start = header.end; start < table.length;) {
    line++
    const range = lineAt(table, start)
    start = range.end
    const values = cells(table, range)
    if (values.length !== columns.length) {
      throw new CorpusError(`${path}:${line} has ${values.length} column${values.length === 1 ? '' : 's'} where the header of this C3O table has ${columns.length}. ` +
        'Repair the row, or take the table out of the corpus directory.')
    }
    const key = values.toSpliced(measured, 1)
    const known = ranges.get(key.join('\t'))
    if (known === undefined) ranges.set(key.join('\t'), { values: key, rows: [range] })
    else known.rows.push(range)
  }
  if (ranges.size === 0) {
    throw new CorpusError(`${path}:1 is the header of a C3O table, but no row follows. Fetch the table again, or take it out of the corpus directory.`)
  }
  const keyColumns = columns.toSpliced(measured, 1)
  return [...ranges.values()].map(({ values, rows }) => ({
    name: `${name}/${values.map(encodeURIComponent).join('-')}.tsv`,
    attributes: {
      workload: basename(name),
      framework: 'spark',
      ...Object.fromEntries(keyColumns.map((column, index) => [column, values[index] ?? '']))
    },
    ranges: joinNeighbours([header, ...rows])
  }))
}

/** Ranges that touch become one, so that a configuration is usually read in two pieces. */
function joinNeighbours (ranges: readonly ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = []
  for (const range of ranges) {
    const last = joined.at(-1)
    if (last?.end === range.start) joined.splice(-1, 1, { start: last.start, end: range.end })
    else joined.push(range)
  }
  return joined
}

function firstLine (bytes: Uint8Array): ByteRange {
  return lineAt(bytes, 0)
}

/** The line that starts here, with its line feed. */
function lineAt (bytes: Uint8Array, start: number): ByteRange {
  const feed = bytes.indexOf(LINE_FEED, start)
  return { start, end: feed === -1 ? bytes.length : feed + 1 }
}

function cells (bytes: Uint8Array, { start, end }: ByteRange): string[] {
  return new TextDecoder().decode(bytes.subarray(start, end)).replace(/\r?\n$/, '').split('\t')
}
