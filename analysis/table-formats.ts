import { csv } from './csv.ts'
import { latexNumber, latexText } from './latex.ts'
import { plain } from './rows.ts'
import type { Table } from './table.ts'

/** A doubt about a table, as its footnotes tell it. */
export type Footnotes = readonly string[]

/** A table as Markdown: title, note, cells, and footnotes below it. */
export function tableMarkdown ({ title, note, columns, rows }: Table, footnotes: Footnotes = []): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const marks = footnotes.map((_, index) => `[^${index + 1}]`).join('')
  return [
    `### ${markdownText(title)}${marks}`, '',
    ...(note === '' ? [] : [markdownText(note), '']),
    line(columns.map(({ label }) => markdownText(label))),
    line(columns.map(({ kind }) => kind === 'number' ? '--:' : '---')),
    ...rows.map((row) => line(columns.map((_, column) => markdownText(row[column] ?? '')))), '',
    ...footnotes.map((sentence, index) => `[^${index + 1}]: ${markdownText(sentence)}`),
    ...(footnotes.length === 0 ? [] : [''])
  ].join('\n')
}

/** Names come from a folder, which may be anyone's: no character of them is taken for Markdown or HTML. */
export function markdownText (text: string): string {
  return plain(text).replace(/[\\|<>&*`[\]#]/g, (character) => character === '<' ? '&lt;' : character === '>' ? '&gt;' : character === '&' ? '&amp;' : `\\${character}`)
}

/** A table as CSV: its cells as they are shown. */
export function tableCsv ({ columns, rows }: Table): string {
  return csv(rows.map((row) => Object.fromEntries(columns.map(({ label }, column) => [label, row[column] ?? '']))))
}

/**
 * A table as LaTeX, with booktabs and siunitx: a whole table environment, its note in the caption and footnotes below the rule.
 *
 * @param label - by which the paper refers to it, as "tab:<label>"
 */
export function tableLatex ({ title, note, columns, rows }: Table, label: string, footnotes: Footnotes = []): string {
  const kinds = columns.map(({ kind }, column) => kind === 'words' ? 'l' : numberColumn(rows.map((row) => row[column] ?? '')))
  const marks = footnotes.length === 0 ? '' : `\\textsuperscript{${footnotes.map((_, index) => index + 1).join(',')}}`
  const cells = (row: readonly string[]): string => `    ${columns.map(({ kind }, column) => {
    const cell = row[column] ?? ''
    return kind === 'words' ? latexText(cell) : kinds[column] === 'r' ? latexNumber(cell) : bare(cell)
  }).join(' & ')} \\\\`
  return [
    '\\begin{table}[htbp]',
    '  \\centering\\small',
    `  \\caption{${latexText(title)}.${note === '' ? '' : ` ${latexText(note)}`}${marks}}`,
    `  \\label{tab:${label.replace(/[^\w-]/g, '-')}}`,
    `  \\begin{tabular}{@{}${kinds.join(' ')}@{}}`,
    '    \\toprule',
    `    ${columns.map(({ label }) => `{${latexText(label)}}`).join(' & ')} \\\\`,
    '    \\midrule',
    ...rows.map(cells),
    '    \\bottomrule',
    '  \\end{tabular}',
    ...footnotes.map((sentence, index) => `  \\par\\smallskip\\parbox{\\linewidth}{\\footnotesize\\textsuperscript{${index + 1}} ${latexText(sentence)}}`),
    '\\end{table}',
    ''
  ].join('\n')
}

const bareNumber = /^-?\d+(\.\d+)?$/

/** A column of siunitx that aligns points where all cells are numbers, or "-"; flush right where some are intervals, or bounds. */
function numberColumn (cells: readonly string[]): string {
  const numbers = cells.filter((cell) => cell !== '-' && cell !== '')
  if (numbers.length === 0 || !numbers.every((cell) => bareNumber.test(cell))) return 'r'
  const digits = (part: 0 | 1): number => Math.max(...numbers.map((cell) => (cell.replace('-', '').split('.')[part] ?? '').length))
  const sign = numbers.some((cell) => cell.startsWith('-')) ? '-' : ''
  return `S[table-format=${sign}${digits(0)}${digits(1) === 0 ? '' : `.${digits(1)}`}]`
}

/** What stands in a column of siunitx as it is; all else is put in braces. */
function bare (cell: string): string {
  return bareNumber.test(cell) ? cell : `{${cell === '-' ? '--' : latexText(cell)}}`
}
