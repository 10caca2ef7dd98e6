import { latexText } from '../latex.ts'

export interface TexFigure {
  /** File name without extension. */
  name: string
  title: string
}

export interface PaperTex {
  figures: readonly TexFigure[]
  /** Tables as LaTeX, whole environments. */
  tables: readonly string[]
  /** What was run, one line each. */
  facts: readonly string[]
}

/**
 * `figures.tex`: a document that compiles by itself with pdfLaTeX, of which a paper takes the environments it wants. Figures are
 * one column wide and set at the size they have.
 */
export function paperTex ({ figures, tables, facts }: PaperTex): string {
  return `% Written by "peerslab paper": figures one column (252 pt) wide, and their numbers.
${facts.map((fact) => `% ${fact.replace(/[\r\n]/g, ' ')}`).join('\n')}
\\documentclass[10pt,twocolumn,letterpaper]{article}
\\usepackage[utf8]{inputenc}
% With T1 and without Latin Modern, some installations set everything in bitmaps.
\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}\\usepackage[T1]{fontenc}}{}
\\usepackage{amssymb}
% Two columns of 252 pt (bp of TeX), as many journals have them.
\\usepackage[textwidth=516bp,columnsep=12bp,vmargin=0.75in]{geometry}
\\usepackage{graphicx}
\\usepackage{booktabs}
\\usepackage{siunitx}
\\begin{document}

${figures.map(figure).join('\n')}
${tables.map(spanning).join('\n')}
\\end{document}
`
}

function figure ({ name, title }: TexFigure): string {
  return `\\begin{figure}[htbp]
  \\centering
  \\includegraphics{${name}.pdf}
  \\caption{${latexText(title)}.}
  \\label{fig:${name}}
\\end{figure}
`
}

/** Tables with this many columns need both columns of the page. */
function spanning (table: string): string {
  return table.replace('\\begin{table}[htbp]', '\\begin{table*}[htbp]').replace('\\end{table}', '\\end{table*}')
}
