import type { Fact } from './describe.ts'
import { plain } from './rows.ts'
import type { Table } from './table.ts'
import { tableText } from './table.ts'
import { wrap } from './wrap.ts'

export interface Content {
  verdict: string
  /** What ran, in one line: plan, case, instances, duration. */
  ran: string
  /** Runner, fidelity, seed and network, in one line. */
  source: string
  /** The run folder by composition and name. */
  folder: string
  facts: readonly Fact[]
  /** The tables that everyone needs. */
  tables: readonly Table[]
  /** Further tables, for the report. */
  details: readonly Table[]
  warnings: readonly string[]
  /** Figures that could not be drawn, and why. */
  missing: readonly string[]
}

const columns = 110

/** `summary.txt`: verdict, what ran, the tables that everyone needs, warnings as numbered notes; all else stands in the report. */
export function summaryText (content: Content): string {
  const notes = [...content.warnings, ...content.missing]
  return [
    ...hang('Verdict ', plain(content.verdict)),
    ...hang('', plain([content.ran, content.folder].filter((part) => part !== '').join(' · '))),
    ...hang('', plain(content.source)),
    '',
    ...content.tables.flatMap((table) => [tableText(table), '']),
    ...(notes.length === 0 ? [] : ['Warnings', ...notes.flatMap((note, index) => hang(`  ${index + 1}. `, plain(note)))])
  ].join('\n').trimEnd() + '\n'
}

function hang (head: string, text: string): string[] {
  const lines = wrap(text, columns - head.length)
  return (lines.length === 0 ? [''] : lines).map((line, index) => (index === 0 ? head : ' '.repeat(head.length)) + line)
}
