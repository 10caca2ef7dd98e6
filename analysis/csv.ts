import type { Cell } from './figures/figure.ts'

/** Rows as CSV (RFC 4180, but newlines as \n); the keys of the first row are the header. */
export function csv (rows: ReadonlyArray<Readonly<Record<string, Cell>>>): string {
  const header = Object.keys(rows[0] ?? {})
  const lines = rows.map((row) => header.map((key) => cell(row[key] ?? null)).join(','))
  return [header.map(cell).join(','), ...lines].join('\n') + '\n'
}

function cell (value: Cell): string {
  const text = value === null ? '' : String(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
