import type { Cell } from './figures/figure.ts'

/**
 * Rows as CSV (RFC 4180, but newlines as \n); the keys of the first row are the header.
 *
 * Names of regions, groups and runs come from a composition that anyone may have written, and a
 * spreadsheet would run a cell such as `=HYPERLINK(...)`: text that begins with =, +, -, @, a tab or
 * a carriage return gets an apostrophe in front, which spreadsheets read as "this is text". Numbers,
 * negative ones too, and a lone "-" (no region) stay as they are.
 *
 * Source: OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
 */
export function csv (rows: ReadonlyArray<Readonly<Record<string, Cell>>>): string {
  const header = Object.keys(rows[0] ?? {})
  const lines = rows.map((row) => header.map((key) => cell(row[key] ?? null)).join(','))
  return [header.map(cell).join(','), ...lines].join('\n') + '\n'
}

function cell (value: Cell): string {
  const text = typeof value === 'string' ? inert(value) : value === null ? '' : String(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function inert (text: string): string {
  const isFormula = /^\s*[=+\-@\t\r]/.test(text) && text !== '-' && !/^[+-]?\d+(\.\d+)?$/.test(text)
  return isFormula ? `'${text}` : text
}
