import { plain } from './rows.ts'

/** Characters that LaTeX takes for its own, and signs that its fonts have under a name. */
const signs: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}', '{': '\\{', '}': '\\}', $: '\\$', '&': '\\&', '#': '\\#', '%': '\\%', _: '\\_', '^': '\\textasciicircum{}', '~': '\\textasciitilde{}',
  '<': '\\textless{}', '>': '\\textgreater{}', '|': '\\textbar{}', '"': '\'\'', '`': '\\`{}',
  '·': '$\\cdot$', '…': '\\dots{}', '–': '--', '—': '---', '−': '$-$', '×': '$\\times$', '±': '$\\pm$', '≤': '$\\leq$', '≥': '$\\geq$',
  '∞': '$\\infty$', µ: '$\\mu$', '°': '$^\\circ$', '↑': '$\\uparrow$', '▲': '$\\blacktriangle$', '○': '$\\circ$', '→': '$\\rightarrow$'
}

/**
 * Text as LaTeX sets it: nothing in it is a command, and a letter that the usual fonts of pdfLaTeX do not have becomes "?", for it
 * would stop the compilation.
 */
export function latexText (text: string): string {
  return [...plain(text)].map((character) => {
    const code = character.codePointAt(0) as number
    return signs[character] ?? (code < 0x7f || hasLetter(character) ? character : '?')
  }).join('')
}

/** Whether the fonts that every LaTeX has can set a letter: as one of ASCII with an accent above or a cedilla, or as one of their own. */
function hasLetter (character: string): boolean {
  return /^[A-Za-z][\u0300-\u0304\u0306-\u0308\u030a-\u030c\u0327]$/.test(character.normalize('NFD')) || 'ßæøœÆØŒłŁ'.includes(character)
}

/** A cell with numbers, such as "> 3000" or "84.0 [80.1, 92.0]": each number set by siunitx, everything else as text. */
export function latexNumber (cell: string): string {
  if (cell === '-') return '--'
  return cell.split(/(\d+(?:\.\d+)?)/).map((part, index) => {
    if (index % 2 === 1) return `\\num{${part}}`
    return latexText(part).replace(/-/g, '$-$').replaceAll('\\textgreater{} ', '$>$\\,')
  }).join('')
}
