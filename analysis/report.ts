import type { Interactive } from './interactive.ts'
import type { MetricRecord } from './records.ts'
import { reportScript } from './report-script.ts'
import { reportStyle } from './report-style.ts'
import { plain } from './rows.ts'
import type { Content } from './summary.ts'
import type { Table } from './table.ts'

export interface ReportContent extends Content {
  title: string
  /** The warnings in brief, below the verdict; empty when there are none. */
  caution: string
  /** Drawn figures with their SVG, and what can be done with them in a browser. */
  figures: ReadonlyArray<{ name: string, title: string, svg: string, interactive: Interactive }>
  /** The rules of the font that figures are set in; empty where there is none. */
  font: string
  /** Instances that did not succeed, with the last lines they printed. */
  failures: ReadonlyArray<{ name: string, lastLines: readonly string[] }>
  /** What each metric means, in full. */
  metrics: readonly MetricRecord[]
  /** The composition as it was run, as indented JSON; empty when it is not known. */
  composition: string
  /** What does the same again, a command a line. */
  again: readonly string[]
}

/**
 * One HTML file that needs nothing else: figures and the script that makes them live are within it. Its content policy
 * forbids the network and any other script, so that even a hostile run folder cannot bring them in. Verdict first, then
 * figures, tables, warnings in full, and where the numbers come from.
 */
export function reportHtml (content: ReportContent): string {
  const script = content.figures.length === 0 ? undefined : reportScript()
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; font-src data:${script === undefined ? '' : `; script-src '${script.source}'`}">
<meta name="color-scheme" content="light dark">
<title>${escape(content.title)}</title>
<style>${content.font}${reportStyle}</style>
</head>
<body>
<main>
<header>
<h1>${escape(content.title)}</h1>
<p class="verdict ${verdictClass(content.verdict)}">${escape(content.verdict)}</p>
<p>${escape(content.ran)}</p>
<p class="source">${escape(content.source)}</p>
${content.caution === '' ? '' : `<p class="caution">${escape(content.caution)} <a href="#warnings">In full</a>.</p>`}
</header>
${section('failures', 'Instances that did not succeed', content.failures.map(failureHtml))}
${section('figures', 'Figures', [...content.figures.map(figureHtml), ...content.missing.map((why) => `<p>${escape(why)}</p>`)])}
${section('numbers', 'Numbers', content.tables.length === 0 ? ['<p>There are no numbers.</p>'] : content.tables.map(tableHtml))}
${section('details', 'Further metrics', content.details.map(tableHtml))}
${section('warnings', 'Warnings', content.warnings.length === 0 ? [] : [`<ol>\n${content.warnings.map((note) => `<li>${escape(note)}</li>`).join('\n')}\n</ol>`])}
${section('again', 'Run it again', content.again.length === 0 ? [] : [`<pre tabindex="0">${content.again.map(escape).join('\n')}</pre>`])}
${section('run', 'What was run', [
  listHtml(content.facts),
  content.metrics.length === 0 ? '' : `<details><summary>What the metrics mean</summary>\n${listHtml(content.metrics.map(described))}</details>`,
  content.composition === '' ? '' : `<details><summary>Composition</summary><pre tabindex="0">${escapeLines(content.composition)}</pre></details>`
])}
</main>
${script === undefined ? '' : `<script>${script.text}</script>`}
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

function figureHtml ({ name, title, svg, interactive }: ReportContent['figures'][number]): string {
  // Ids of several figures in one page must differ, or one would be clipped by the other's frame.
  const own = svg
    .replace(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${name}-$1)`)
  return `<figure data-figure="${escape(name)}">
<script type="application/json">${JSON.stringify(interactive).replaceAll('<', '\\u003c')}</script>
<div class="scroll" tabindex="0" role="region" aria-label="${escape(title)}">${own}</div>
<figcaption>${escape(title)}. Drawn rows: <a href="figures/${name}.csv">CSV</a>; to print: <a href="figures/${name}.pdf">PDF</a>, <a href="figures/${name}.svg">SVG</a>, <a href="figures/${name}.png">PNG</a>; to change: <a href="figures/${name}.vl.json">Vega-Lite</a>.</figcaption>
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

function failureHtml ({ name, lastLines }: ReportContent['failures'][number], index: number): string {
  const said = lastLines.length === 0 ? '<p>It printed nothing.</p>' : `<pre tabindex="0">${lastLines.map(escape).join('\n')}</pre>`
  return `<details${index === 0 ? ' open' : ''}><summary>${escape(name)}</summary>${said}</details>`
}

/** A section with its heading; nothing when it has no parts. */
function section (id: string, heading: string, parts: readonly string[]): string {
  return parts.length === 0 ? '' : `<section aria-labelledby="${id}"><h2 id="${id}">${heading}</h2>\n${parts.filter((part) => part !== '').join('\n')}\n</section>`
}

function listHtml (pairs: ReadonlyArray<readonly [string, string]>): string {
  return `<dl>\n${pairs.map(([label, value]) => `<dt>${escape(label)}</dt><dd>${escape(value)}</dd>`).join('\n')}\n</dl>`
}

function described ({ name, unit, meaning, better }: MetricRecord): readonly [string, string] {
  return [name, `${meaning}; in ${unit}${better === 'none' ? '' : `; ${better} is better`}`]
}

function verdictClass (verdict: string): string {
  return /^(pass|fail)\b/.exec(verdict)?.[1] ?? 'unknown'
}
