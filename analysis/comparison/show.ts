import { columnsOf } from '../table.ts'
import { formatNumber, scaleFor } from '../units.ts'
import { percent } from './judge.ts'
import type { Table } from '../table.ts'
import type { StudyComparison } from './compare.ts'
import type { Effect } from './effect.ts'
import type { Judged } from './judge.ts'

/** The results as a table: effect and interval first, p after them. */
export function comparisonTable ({ results, isPaired, base, head, alpha }: StudyComparison): Table {
  const hasParts = new Set(results.map(({ part }) => part)).size > 1
  const runs = isPaired ? 'runs compared pair by pair, by their seed' : 'runs of either side'
  return {
    title: `head ${head.path} against base ${base.path}`,
    note: `Medians of ${runs}; in brackets the interval of the change, for one metric alone. p is corrected for all that is judged (Holm, ${alpha}).`,
    columns: [
      ...columnsOf(hasParts ? ['metric', 'in'] : ['metric'], ['base', 'head', 'change', 'interval', 'p', 'n']),
      ...columnsOf(['finding', 'because'], [])
    ],
    rows: results.map((result) => [result.metric, ...(hasParts ? [result.part] : []), ...numbers(result), result.finding, result.reason])
  }
}

function numbers ({ effect, unit, pCorrected, bounds }: Judged): string[] {
  if (effect === undefined) return ['-', '-', '-', '-', '-', '-']
  const { baseMedian, headMedian, n, coverage } = effect
  const scale = scaleFor(unit, Math.max(Math.abs(baseMedian), Math.abs(headMedian)))
  const show = (value: number, bound: boolean): string => `${bound ? '> ' : ''}${signed(value, (size) => formatNumber(size / scale.divisor))}${scale.unit === '' ? '' : ` ${scale.unit}`}`
  return [
    show(baseMedian, 2 * bounds.base >= n.base), show(headMedian, 2 * bounds.head >= n.head), change(effect.relative),
    `[${change(effect.low)}, ${change(effect.high)}]${coverage < 0.95 ? ` at ${percent(coverage)}` : ''}`,
    pCorrected === undefined ? formatP(effect.p) : formatP(pCorrected), n.base === n.head ? String(n.base) : `${n.base}, ${n.head}`
  ]
}

function signed (value: number, show: (size: number) => string): string {
  return `${value < 0 ? '-' : ''}${show(Math.abs(value))}`
}

/** "+7.5 %", or "-7.5 %". */
export function change (relative: Effect['relative']): string {
  if (!Number.isFinite(relative)) return relative > 0 ? '+∞' : '-∞'
  return relative === 0 ? '0 %' : `${relative > 0 ? '+' : ''}${percent(relative)}`
}

function formatP (p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}
