import { plain } from './rows.ts'

/** A table as data: the same one is printed as text and written as HTML. */
export interface Table {
  title: string
  /** A sentence or two below the title; empty when there is nothing to say. */
  note: string
  /** Words are set flush left, numbers flush right. */
  columns: ReadonlyArray<{ label: string, kind: 'words' | 'number' }>
  rows: ReadonlyArray<readonly string[]>
}

/** A column of words and columns of numbers. */
export function columnsOf (words: readonly string[], numbers: readonly string[]): Table['columns'] {
  return [
    ...words.map((label) => ({ label, kind: 'words' as const })),
    ...numbers.map((label) => ({ label, kind: 'number' as const }))
  ]
}

/** The table as monospaced text, its title and note above it. */
export function tableText (table: Table): string {
  const cells = table.rows.map((row) => table.columns.map((_, column) => plain(row[column] ?? '')))
  const widths = table.columns.map(({ label }, column) =>
    cells.reduce((width, row) => Math.max(width, (row[column] as string).length), label.length))
  const line = (row: readonly string[]): string => row.map((cell, column) => {
    const width = widths[column] as number
    return table.columns[column]?.kind === 'number' ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ').trimEnd()
  const head = line(table.columns.map(({ label }) => label))
  return [
    plain(table.title),
    ...(table.note === '' ? [] : [plain(table.note)]),
    '',
    `  ${head}`,
    `  ${widths.map((width) => '-'.repeat(width)).join('  ')}`,
    ...cells.map((row) => `  ${line(row)}`)
  ].join('\n')
}
