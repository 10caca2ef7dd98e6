import type { Fact } from './describe.ts'
import { plain } from './rows.ts'
import type { Table } from './table.ts'
import { tableText } from './table.ts'
import { wrap } from './figures/figure.ts'

export interface Content {
  verdict: string
  facts: readonly Fact[]
  tables: readonly Table[]
  warnings: readonly string[]
  /** Figures that could not be drawn, and why. */
  missing: readonly string[]
}

const columns = 110

/** `summary.txt`: verdict, what was run, tables, warnings as numbered notes. */
export function summaryText (content: Content): string {
  const widest = content.facts.reduce((most, [label]) => Math.max(most, label.length), 0)
  const facts = content.facts.flatMap(([label, value]) => hang(`${label.padEnd(widest)}  `, plain(value)))
  const notes = [...content.warnings, ...content.missing]
  return [
    `Verdict ${plain(content.verdict)}`,
    '',
    ...facts,
    '',
    ...content.tables.flatMap((table) => [tableText(table), '']),
    ...(notes.length === 0 ? [] : ['Warnings', ...notes.flatMap((note, index) => hang(`  ${index + 1}. `, plain(note)))])
  ].join('\n').trimEnd() + '\n'
}

function hang (head: string, text: string): string[] {
  const lines = wrap(text, columns - head.length)
  return (lines.length === 0 ? [''] : lines).map((line, index) => (index === 0 ? head : ' '.repeat(head.length)) + line)
}
