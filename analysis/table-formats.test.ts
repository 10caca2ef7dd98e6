import { describe, expect, it } from 'vitest'
import { latexNumber, latexText } from './latex.ts'
import { tableCsv, tableLatex, tableMarkdown } from './table-formats.ts'
import { columnsOf } from './table.ts'
import type { Table } from './table.ts'

const table: Table = {
  name: 'replication',
  title: 'Replication & co', note: '100 % of it.', columns: columnsOf(['region'], ['n', 'median', 'interval']),
  rows: [['us_west1', '25', '84.0', '[80.1, > 92.0]'], ['a|b', '150', '102', '-']]
}

describe('a table as LaTeX', () => {
  const lines = tableLatex(table, 'replication', ['One run only.', 'Waits ran out, > 3 s.']).split('\n')

  it('aligns numbers by siunitx, and sets intervals flush right', () => {
    expect(lines).toContain('  \\begin{tabular}{@{}l S[table-format=3] S[table-format=3.1] r@{}}')
    expect(lines).toContain('    us\\_west1 & 25 & 84.0 & [\\num{80.1}, $>$\\,\\num{92.0}] \\\\')
    expect(lines).toContain('    a\\textbar{}b & 150 & 102 & -- \\\\')
  })

  it('has the rules of booktabs, a caption, a label, and the doubts as footnotes', () => {
    const text = lines.join('\n')
    for (const rule of ['toprule', 'midrule', 'bottomrule']) expect(text.split(`\\${rule}\n`)).toHaveLength(2)
    expect(text).toContain('\\caption{Replication \\& co. 100 \\% of it.\\textsuperscript{1,2}}')
    expect(text).toContain('\\label{tab:replication}')
    expect(text).toContain('\\footnotesize\\textsuperscript{2} Waits ran out, \\textgreater{} 3 s.}')
  })

  it('lets nobody\'s text be a command', () => {
    expect(latexText('\\input{/etc/passwd} $x_1^2$ #~%&')).toBe('\\textbackslash{}input\\{/etc/passwd\\} \\$x\\_1\\textasciicircum{}2\\$ \\#\\textasciitilde{}\\%\\&')
    expect(latexText('Zürich · 東京\n')).toBe('Zürich $\\cdot$ ???')
    expect(latexNumber('-7.5 %')).toBe('$-$\\num{7.5} \\%')
  })
})

it('as Markdown has footnotes, and no cell of it is markup', () => {
  const text = tableMarkdown(table, ['One run only.'])
  expect(text).toContain('### Replication &amp; co[^1]\n\n100 % of it.\n\n| region | n | median | interval |\n| --- | --: | --: | --: |\n')
  expect(text).toContain('| a\\|b | 150 | 102 | - |')
  expect(text).toContain('\n[^1]: One run only.\n')
})

it('as CSV has its cells as they are shown', () => {
  expect(tableCsv(table)).toBe('region,n,median,interval\nus_west1,25,84.0,"[80.1, > 92.0]"\na|b,150,102,-\n')
})
