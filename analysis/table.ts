import { plain } from './rows.ts'
import { wrap } from './wrap.ts'

/** A table as data: the same one is printed as text and written as HTML. */
export interface Table {
  /** File name without extension, and label in a paper; a table without one is only shown. */
  name?: string
  title: string
  /** A sentence below the title; empty when there is nothing to say. */
  note: string
  /** Words are set flush left, numbers flush right. */
  columns: readonly Column[]
  rows: ReadonlyArray<readonly string[]>
}

interface Column {
  label: string
  kind: 'words' | 'number'
}

const noteColumns = 110
/** Rows of one table that a terminal is given; the report has them all. */
const textRowsMax = 40

/** A column of words and columns of numbers. */
export function columnsOf (words: readonly string[], numbers: readonly string[]): Column[] {
  return [
    ...words.map((label) => ({ label, kind: 'words' as const })),
    ...numbers.map((label) => ({ label, kind: 'number' as const }))
  ]
}

/** The table without columns of numbers in which no row says anything ("-"). */
export function withoutEmptyColumns (table: Table): Table {
  const shown = [...table.columns.keys()].filter((column) =>
    table.columns[column]?.kind === 'words' || table.rows.some((row) => !['-', ''].includes(row[column] ?? '')))
  return { ...table, columns: shown.map((column) => table.columns[column] as Column), rows: table.rows.map((row) => shown.map((column) => row[column] ?? '-')) }
}

/** The table as monospaced text, its title and note above it. */
export function tableText (table: Table): string {
  const shown = table.rows.slice(0, textRowsMax)
  const cells = shown.map((row) => table.columns.map((_, column) => plain(row[column] ?? '')))
  const widths = table.columns.map(({ label }, column) =>
    cells.reduce((width, row) => Math.max(width, (row[column] as string).length), label.length))
  const line = (row: readonly string[]): string => row.map((cell, column) => {
    const width = widths[column] as number
    return table.columns[column]?.kind === 'number' ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ').trimEnd()
  const head = line(table.columns.map(({ label }) => label))
  return [
    plain(table.title),
    ...wrap(plain(table.note), noteColumns),
    '',
    `  ${head}`,
    `  ${widths.map((width) => '-'.repeat(width)).join('  ')}`,
    ...cells.map((row) => `  ${line(row)}`),
    ...(table.rows.length > shown.length ? [`  … ${table.rows.length - shown.length} more rows stand in the report.`] : [])
  ].join('\n')
}
