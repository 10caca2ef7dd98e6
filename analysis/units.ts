import type { MetricRecord } from './records.ts'
import type { Estimate } from './statistics/index.ts'

/** How the values of a metric are shown: the unit's label and what to divide by. */
export interface Scale {
  unit: string
  divisor: number
}

/** Units of the suffixes of the design, for a metric that `run.json` does not describe. */
const suffixes: ReadonlyArray<readonly [RegExp, string]> = [
  [/_ms$/, 'ms'],
  [/_bytes$|^bytes_/, 'bytes'],
  [/_bits_per_second$/, 'bits/s'],
  [/_percent$/, '%']
]

/** The unit of a metric: as `run.json` says, else as the suffix of its name says. */
export function unitOf (metric: string, described: readonly MetricRecord[] = []): string {
  return described.find(({ name }) => name === metric)?.unit ?? suffixes.find(([suffix]) => suffix.test(metric))?.[1] ?? ''
}

/** A unit in which the largest value is readable: ms or s, kB, MB or GB (powers of ten), kbit/s to Gbit/s. */
export function scaleFor (unit: string, largest: number): Scale {
  if (unit === 'ms') return largest >= 20_000 ? { unit: 's', divisor: 1000 } : { unit, divisor: 1 }
  if (unit === 'bytes' || unit === 'B') return decimal(largest, [unit, 'kB', 'MB', 'GB'])
  if (unit === '1') return { unit: '', divisor: 1 }
  if (/^bits?(\/s| per second|_per_second)$/.test(unit)) return decimal(largest, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'])
  return { unit, divisor: 1 }
}

/** Three significant digits, whole from 100 on, never in exponents as far as a reader meets. */
export function formatNumber (value: number): string {
  const size = Math.abs(value)
  if (size >= 99.95) return String(Math.round(value))
  if (size >= 9.995) return value.toFixed(1)
  if (size >= 0.9995) return value.toFixed(2)
  if (size === 0) return '0'
  return size >= 0.0005 ? value.toFixed(3) : value.toExponential(1)
}

/** A statistic in the scale's unit; "> t" when a wait that ran out decided it. */
export function formatEstimate (estimate: Estimate, scale: Scale): string {
  return (estimate.bound ? '> ' : '') + formatNumber(estimate.value / scale.divisor)
}

function decimal (largest: number, labels: readonly string[]): Scale {
  const power = Math.min(labels.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, largest)) / 3)))
  return { unit: labels[power] as string, divisor: 1000 ** power }
}
