import type { CounterRow } from '../api.ts'

/** Counters in the text format 0.0.4 of Prometheus, each name explained once; the names of those that only grow end with `_total`. */
export function toPrometheus (rows: readonly CounterRow[]): string {
  return [...Map.groupBy(rows, metricName)].map(([name, group]) => {
    const [{ help = '', type = 'gauge' } = {}] = group
    return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${group.map((row) => `${name}${labelsOf(row)} ${valueOf(row)}\n`).join('')}`
  }).join('')
}

function metricName ({ name, type }: CounterRow): string {
  return `peersdb_${name}${type === 'counter' && !name.endsWith('_total') ? '_total' : ''}`
}

function labelsOf ({ labels }: CounterRow): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function valueOf ({ value }: CounterRow): string {
  return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

function escapeText (text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
