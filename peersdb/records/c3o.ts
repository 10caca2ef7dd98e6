import { UnfinishedRecordError } from './record.ts'
import type { JobRecord } from './record.ts'

/** The columns that every table of the C3O data set (github.com/dos-group/c3o-experiments) has. */
const commonColumns = ['instance_count', 'machine_type', 'slots', 'memory', 'data_size_MB', 'gross_runtime']
/** The one that tells how long a run took; all others are its configuration. */
export const measuredColumn = 'gross_runtime'

/** Whether a table that begins with this line is a C3O table. */
export function isC3oHeader (line: string): boolean {
  const columns = cells(line)
  return commonColumns.every((column) => columns.includes(column))
}

/**
 * Cuts a C3O table into one record for each configuration, which are the rows that differ in the measured column only, in the
 * order of their first rows. A record is the header and its rows, byte for byte.
 *
 * @param path of the table, relative to the watched directory; the last part of it names the workload
 * @throws {UnfinishedRecordError} where it does not end with a whole row, or a row does not fit the header
 */
export function c3oRecords (path: string, table: string): JobRecord[] {
  const [header = '', ...rows] = table.match(/[^\n]*\n/g) ?? []

  if (!table.endsWith('\n') || rows.length === 0) {
    throw new UnfinishedRecordError(`${path}: does not end with a whole row; it is contributed once a line feed ends its last row`)
  }

  const columns = cells(header)
  const measured = columns.indexOf(measuredColumn)
  const configurations = new Map<string, { values: string[], rows: string[] }>()

  rows.forEach((row, index) => {
    const values = cells(row)

    if (values.length !== columns.length) {
      throw new UnfinishedRecordError(`${path}:${index + 2}: has ${values.length} columns where the header has ${columns.length}; repair the row`)
    }

    const key = values.toSpliced(measured, 1)
    const known = configurations.get(key.join('\t'))

    if (known == null) {
      configurations.set(key.join('\t'), { values: key, rows: [row] })
    } else {
      known.rows.push(row)
    }
  })

  const name = path.replace(/\.tsv$/, '')
  const keyColumns = columns.toSpliced(measured, 1)
  return [...configurations.values()].map(({ values, rows }) => ({
    name: `${name}/${values.map(encodeURIComponent).join('-')}.tsv`,
    attributes: {
      workload: name.split('/').at(-1) ?? name,
      framework: 'spark',
      ...Object.fromEntries(keyColumns.map((column, index) => [column, values[index] ?? '']))
    },
    bytes: Buffer.from([header, ...rows].join(''))
  }))
}

function cells (line: string): string[] {
  return line.replace(/\r?\n$/, '').split('\t')
}
