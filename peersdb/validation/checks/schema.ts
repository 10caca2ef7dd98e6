import { invalid, undecided } from './check.ts'
import { c3oColumns, c3oTextColumns, isNumber, isTime, reportSchema } from './formats.ts'
import type { CheckedRecord, Check, Finding } from './check.ts'
import type { TableFile } from '../content-file.ts'

/** The log says how large the content is; another size means another content, or a lie. */
export const checkSize: Check = ({ contribution, sizeBytes }) => sizeBytes === contribution.size
  ? []
  : [invalid('size', `the log says ${contribution.size} bytes and the content has ${sizeBytes}`)]

/** Content that has no checks is judged by the options. */
export const checkKind: Check = ({ files }, { options }) => {
  const known = files.some(({ kind }) => kind !== 'unknown')
  return known || options.unknownContent === 'valid' ? [] : [undecided('kind', 'no file in it is of a kind that has checks')]
}

/** Every file of a known kind has the fields and columns of its kind, and each value is of its type. */
export const checkSchema: Check = ({ files }: CheckedRecord) => files.flatMap((file): Finding[] => {
  switch (file.kind) {
    case 'unknown': return []
    case 'broken': return [invalid('schema', `${file.name} ${file.problem}`)]
    case 'report': return reportFindings(file.name, file.value)
    default: return tableFindings(file)
  }
})

function reportFindings (name: string, value: unknown): Finding[] {
  const parsed = reportSchema.safeParse(value)

  if (parsed.success) {
    return []
  }

  const issue = parsed.error.issues[0]
  return [invalid('schema', `${name}: ${issue?.path.join('.') || 'the report'}: ${issue?.message ?? 'is malformed'}`)]
}

function tableFindings ({ kind, name, columns, rows }: TableFile): Finding[] {
  const required = kind === 'sar' ? ['timestamp'] : c3oColumns
  const missing = required.filter((column) => !columns.includes(column))

  if (missing.length > 0) {
    return [invalid('schema', `${name} lacks the column ${missing[0] ?? ''}`)]
  }

  if (new Set(columns).size !== columns.length) {
    return [invalid('schema', `${name} has two columns of one name`)]
  }

  if (rows.length === 0) {
    return [invalid('schema', `${name} has a header and no rows`)]
  }

  return cellFindings(kind, name, columns, rows)
}

function cellFindings (kind: 'sar' | 'c3o', name: string, columns: string[], rows: string[][]): Finding[] {
  const fits = columns.map((column) => {
    if (kind === 'sar') {
      return column === 'timestamp' ? isTime : isNumber
    }

    return c3oTextColumns.includes(column) ? isLabel : isNumber
  })

  for (const [line, row] of rows.entries()) {
    const wrong = row.findIndex((cell, i) => fits[i]?.(cell) !== true)

    if (wrong !== -1) {
      return [invalid('schema', `${name}: line ${line + 2}: ${shown(columns[wrong])} cannot be ${shown(row[wrong])}`)]
    }
  }

  return []
}

function isLabel (cell: string): boolean {
  return /^[\w.+-]{1,64}$/.test(cell)
}

/** What a stranger wrote, short enough for a sentence. */
function shown (text = ''): string {
  return JSON.stringify(text.slice(0, 40))
}
