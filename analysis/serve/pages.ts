import { createHash } from 'node:crypto'
import { escape } from '../report.ts'
import { reportStyle } from '../report-style.ts'
import type { ServedRun } from './runs.ts'

/** Asks for what is new of the run and writes it into the page; ends once the run has. */
const liveScript = `
const cells = (row, values) => { for (const value of values) { const cell = document.createElement('td'); cell.textContent = value; if (typeof value === 'number' || row.children.length > 1) cell.className = 'number'; row.append(cell) } }
const fill = (id, rows) => { document.getElementById(id).replaceChildren(...rows.map((values) => { const row = document.createElement('tr'); cells(row, values); return row })) }
const events = new EventSource('events')
events.addEventListener('state', ({ data }) => {
  const { state, verdict, rows, unparsed, instances, metrics } = JSON.parse(data)
  document.getElementById('state').textContent = state === 'ended' ? (verdict || 'ended') : state
  document.getElementById('rows').textContent = rows + ' rows' + (unparsed > 0 ? ', ' + unparsed + ' lines that are none' : '')
  fill('instances', instances.map(({ group, count, started, succeeded, failed }) => [group, count, started, succeeded, failed]))
  fill('metrics', metrics.map(({ metric, unit, n, median, p95, max }) => [metric, unit, n, median, p95, max]))
  if (state === 'ended') { events.close(); document.getElementById('report').hidden = false }
})
events.onerror = () => { document.getElementById('state').textContent = 'the connection to peerslab serve is lost; it is tried again' }
`

/** What pages may do: run the one script above and hear of their own server; nothing else, whatever a run folder says. */
export const pagePolicy = `default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src 'sha256-${createHash('sha256').update(liveScript).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** All runs of the folder, a line each. */
export function listPage (runs: readonly ServedRun[]): string {
  const rows = runs.map(({ name, run, outcome, state }) => {
    const verdict = outcome?.verdict ?? ''
    const said = state === 'ended' ? verdict : state
    return `<tr><td><a href="${linkOf(name)}">${escape(name === '' ? '(this folder)' : name)}</a></td><td class="${verdict === 'pass' || verdict === 'fail' ? verdict : 'unknown'}">${escape(said)}</td>${
      [run.case, run.runner, run.seed, run.network?.name, run.startedAt].map((value) => `<td>${escape(String(value ?? '-'))}</td>`).join('')}</tr>`
  })
  return page('Runs', `
<h1>Runs</h1>
<p>${runs.length === 0 ? 'There is no run folder here yet. Reload this page once a run has started.' : `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}, those that started last first.`}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table>
<thead><tr>${['run', 'verdict', 'case', 'runner', 'seed', 'network', 'started'].map((label) => `<th scope="col">${label}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`)
}

/** One run: what it has come to, told anew while it goes on. */
export function runPage ({ name, run, state }: ServedRun): string {
  const head = (labels: readonly string[]): string => `<thead><tr>${labels.map((label, index) => `<th scope="col"${index > 0 ? ' class="number"' : ''}>${label}</th>`).join('')}</tr></thead>`
  return page(name === '' ? 'Run' : name, `
<p><a href="/">All runs</a></p>
<h1>${escape(name === '' ? 'Run' : name)}</h1>
<p class="verdict unknown" id="state" role="status">${state}</p>
<p>${escape([run.plan, run.case].filter((part) => part !== undefined).join(' '))} · runner ${escape(run.runner ?? 'unknown')} · seed ${escape(String(run.seed ?? 'unknown'))} · network ${escape(run.network?.name ?? 'unknown')} · <span id="rows">no rows yet</span></p>
<p id="report"${state === 'ended' ? '' : ' hidden'}><a href="report.html">Report with figures</a></p>
<p>Files: ${['run.json', 'outcome.json', 'summary.txt'].map((file) => `<a href="${file}">${file}</a>`).join(', ')}</p>
<h2>Instances</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Instances"><table>${head(['group', 'instances', 'started', 'succeeded', 'failed'])}<tbody id="instances"></tbody></table></div>
<h2>Metrics</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Metrics"><table>${head(['metric', 'unit', 'n', 'median', 'p95', 'max'])}<tbody id="metrics"></tbody></table></div>
<script>${liveScript}</script>`)
}

/** Where the page of a run is, each part of its name quoted. */
export function linkOf (name: string): string {
  return `/run/${name.split('/').filter((part) => part !== '').map((part) => `${encodeURIComponent(part)}/`).join('')}`
}

function page (title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)} · PeersLab</title>
<style>${reportStyle}</style>
</head>
<body>
<main>${body}
</main>
</body>
</html>
`
}
