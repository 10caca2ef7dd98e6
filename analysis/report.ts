import type { Content } from './summary.ts'
import { plain } from './rows.ts'
import type { Table } from './table.ts'

export interface ReportContent extends Content {
  title: string
  source: string
  /** Drawn figures with their SVG. */
  figures: ReadonlyArray<{ name: string, title: string, svg: string }>
  /** Instances that did not succeed, with the last lines they printed. */
  failures: ReadonlyArray<{ name: string, lastLines: readonly string[] }>
  /** The composition as it was run, as indented JSON; empty when it is not known. */
  composition: string
}

/**
 * One HTML file that needs nothing else: no script, no network, figures inlined. Its content policy
 * forbids both, so that even a hostile run folder cannot bring them in.
 */
export function reportHtml (content: ReportContent): string {
  const notes = [...content.warnings, ...content.missing]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escape(content.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escape(content.title)}</h1>
<p class="verdict ${verdictClass(content.verdict)}">${escape(content.verdict)}</p>
<p class="source">${escape(content.source)}</p>
${notes.length === 0 ? '' : `<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2>\n<ol>\n${notes.map((note) => `<li>${escape(note)}</li>`).join('\n')}\n</ol></section>`}
${content.figures.map(figureHtml).join('\n')}
<section aria-labelledby="numbers"><h2 id="numbers">Numbers</h2>
${content.tables.length === 0 ? '<p>There are no numbers.</p>' : content.tables.map(tableHtml).join('\n')}
</section>
${content.failures.length === 0 ? '' : `<section aria-labelledby="failures"><h2 id="failures">Instances that did not succeed</h2>\n${content.failures.map(failureHtml).join('\n')}</section>`}
<section aria-labelledby="run"><h2 id="run">What was run</h2>
<dl>
${content.facts.map(([label, value]) => `<dt>${escape(label)}</dt><dd>${escape(value)}</dd>`).join('\n')}
</dl>
${content.composition === '' ? '' : `<details><summary>Composition</summary><pre tabindex="0">${escapeLines(content.composition)}</pre></details>`}
</section>
</main>
</body>
</html>
`
}

/** Text as HTML shows it, in content and in quoted attributes. */
export function escape (text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function escapeLines (text: string): string {
  return text.split('\n').map(escape).join('\n')
}

function figureHtml ({ name, title, svg }: ReportContent['figures'][number]): string {
  // Ids of several figures in one page must differ, or one would be clipped by the other's frame.
  const own = svg
    .replace(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${name}-$1)`)
  return `<figure>
<div class="scroll" tabindex="0" role="region" aria-label="${escape(title)}">${own}</div>
<figcaption>${escape(title)}. Drawn rows: <a href="figures/${name}.csv">CSV</a>; to print: <a href="figures/${name}.svg">SVG</a>, <a href="figures/${name}.png">PNG</a>; to change: <a href="figures/${name}.vl.json">Vega-Lite</a>.</figcaption>
</figure>`
}

function tableHtml (table: Table): string {
  const cell = (tag: string, text: string, column: number): string =>
    `<${tag}${table.columns[column]?.kind === 'number' ? ' class="number"' : ''}${tag === 'th' ? ' scope="col"' : ''}>${escape(text)}</${tag}>`
  return `<h3>${escape(table.title)}</h3>
${table.note === '' ? '' : `<p>${escape(table.note)}</p>`}
<div class="scroll" tabindex="0" role="region" aria-label="${escape(table.title)}"><table>
<thead><tr>${table.columns.map(({ label }, column) => cell('th', label, column)).join('')}</tr></thead>
<tbody>
${table.rows.map((row) => `<tr>${table.columns.map((_, column) => cell('td', row[column] ?? '', column)).join('')}</tr>`).join('\n')}
</tbody></table></div>`
}

function failureHtml ({ name, lastLines }: ReportContent['failures'][number]): string {
  return `<h3>${escape(name)}</h3>\n${lastLines.length === 0 ? '<p>It printed nothing.</p>' : `<pre tabindex="0">${lastLines.map(escape).join('\n')}</pre>`}`
}

function verdictClass (verdict: string): string {
  return /^(pass|fail)\b/.exec(verdict)?.[1] ?? 'unknown'
}

const style = `
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #555; --paper: #fff; --line: #ddd; --pass: #00694c; --fail: #b03a00; --unknown: #7a5200; --link: #00568a }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #aaa; --paper: #161616; --line: #3a3a3a; --pass: #5fd0ac; --fail: #ff9a62; --unknown: #f0c060; --link: #7cc4f5 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 Inter, system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem }
p { margin: .25rem 0 }
a { color: var(--link) }
.verdict { font-weight: 600; border-left: .3rem solid; padding-left: .6rem }
.pass { color: var(--pass) } .fail { color: var(--fail) } .unknown { color: var(--unknown) }
.source, figcaption { color: var(--soft); font-size: .875rem }
figure { margin: 2rem 0 }
.scroll { overflow-x: auto }
figure .scroll { background: #fff; border: 1px solid var(--line) }
figure svg { display: block; width: 100%; min-width: 38rem; height: auto }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal }
th, td { padding: .2rem .75rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap }
.number { text-align: right }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .875rem }
dt { color: var(--soft) } dd { margin: 0 }
pre { overflow-x: auto; font-size: .8rem; border: 1px solid var(--line); padding: .5rem }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr } dt { margin-top: .4rem } }
`
