import { columnsOf } from '../table.ts'
import { formatNumber, scaleFor } from '../units.ts'
import type { Comparison } from '../calibration.ts'
import type { Conditions } from '../run-values.ts'
import type { MedianInterval } from '../statistics/index.ts'
import type { Table } from '../table.ts'
import type { Scale } from '../units.ts'

/** The tolerance of bytes is a hundredth. */
const ratioDecimals = 4

/** One line per metric of one run of a calibration: the three ways to run it, and how far the simulation is from local. */
export function calibrationTable (run: string, comparisons: readonly Comparison[], { cpuPercent, loopDelayMs }: Conditions): Table {
  const busy = cpuPercent === undefined ? '' : ` While local ran, the machine was busy for ${formatNumber(cpuPercent)} %`
  const late = busy === '' || loopDelayMs === undefined ? '' : `, and event loops were up to ${formatNumber(loopDelayMs)} ms late (p95)`
  return {
    title: `Run ${run}`,
    note: `Medians over the repeats, in brackets their interval; difference and ratio are those of sim to local.${busy}${late}${busy === '' ? '' : '.'}`,
    columns: columnsOf(['metric', 'unit'], ['n', 'sim', 'paced', 'local', 'difference', 'ratio', 'within tolerance']),
    rows: comparisons.map(({ metric, unit, values: { sim, paced, local }, difference, ratio, tolerance }) => {
      const scale = scaleFor(unit, Math.max(sim.high, paced.high, local.high))
      const cells = [sim, paced, local, difference].map((interval) => cell(interval, scale))
      return [metric, scale.unit, String(local.n), ...cells, spread(ratio, (value) => value.toFixed(ratioDecimals)), tolerance?.holds ?? '-']
    })
  }
}

function cell (interval: MedianInterval, { divisor }: Scale): string {
  return spread(interval, (value) => `${value < 0 ? '-' : ''}${formatNumber(Math.abs(value) / divisor)}`)
}

function spread ({ n, median, low, high }: MedianInterval, show: (value: number) => string): string {
  return n === 1 ? show(median) : `${show(median)} [${show(low)}, ${show(high)}]`
}
