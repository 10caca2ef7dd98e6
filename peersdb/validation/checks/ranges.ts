import { invalid } from './check.ts'
import { reportSchema, rowOf, timeMs } from './formats.ts'
import type { Check, CheckContext, Finding } from './check.ts'
import type { TableFile } from '../content-file.ts'

/** Shares that the kernel computes against something smaller than the whole, so that they may exceed 100. */
const unboundedShares = new Set(['memory.%commit', 'paging.%vmeff'])
/** What rounding to two decimals can add to a share, and what ten such shares can miss of 100. */
const shareTolerance = 0.5
const cpuSumTolerance = 1
/** Clocks differ; a run of tomorrow is a lie all the same. */
const futureMs = 24 * 3600 * 1000
const earliestMs = Date.parse('2000-01-01T00:00:00Z')
/** By how much a throughput may differ from size divided by time. */
const throughputTolerance = 0.05

/** Values are physically possible, and those that follow from each other fit. Expects that the schema was found in order. */
export const checkRanges: Check = ({ files }, context) => files.flatMap((file) => {
  switch (file.kind) {
    case 'report': return reportFindings(file.name, file.value, context)
    case 'sar': return sarFindings(file, context)
    case 'c3o': return runFindings(file, context)
    default: return []
  }
})

function reportFindings (name: string, value: unknown, { options, nowMs }: CheckContext): Finding[] {
  const report = reportSchema.parse(value)
  const findings: Finding[] = []
  const say = (reason: string): void => { findings.push(invalid('range', `${name}: ${reason}`)) }

  if (!report.completed) {
    return findings
  }

  const { elapsed_time: seconds, input_size: bytes, throughput_cluster: rate, timestamp } = report

  if (!(seconds > 0 && seconds <= options.runtimeSecondsMax)) {
    say(`elapsed_time ${seconds} s is not between 0 and ${options.runtimeSecondsMax} s`)
  }

  for (const field of ['input_size', 'throughput_cluster', 'throughput_node'] as const) {
    if (report[field] !== -1 && !(report[field] > 0)) {
      say(`${field} ${report[field]} is neither positive nor -1 for unknown`)
    }
  }

  if (bytes > 0 && rate > 0 && seconds > 0 && Math.abs(rate * seconds / bytes - 1) > throughputTolerance) {
    say(`throughput_cluster ${rate} is not input_size divided by elapsed_time`)
  }

  if (!isPlausibleTime(timestamp, nowMs)) {
    say(`timestamp ${timestamp} is no time at which a run can have been measured`)
  }

  return findings
}

function sarFindings ({ name, columns, rows }: TableFile, { nowMs }: CheckContext): Finding[] {
  const shares = columns.map((column) => column.includes('%') && !unboundedShares.has(column))
  const cpu = columns.map((column) => column.startsWith('cpu.%'))
  const clock = columns.indexOf('timestamp')
  let previousMs = -Infinity

  for (const [line, row] of rows.entries()) {
    const at = (reason: string): Finding[] => [invalid('range', `${name}: line ${line + 2}: ${reason}`)]
    const time = row[clock] ?? ''
    const most = (i: number): number => shares[i] === true ? 100 + shareTolerance : Infinity
    const wrong = row.findIndex((cell, i) => i !== clock && !isWithin(Number(cell), 0, most(i)))
    const cpuSum = row.reduce((sum, cell, i) => cpu[i] === true ? sum + Number(cell) : sum, 0)

    if (wrong !== -1) {
      return at(`${columns[wrong]?.slice(0, 40) ?? ''} cannot be ${row[wrong] ?? ''}`)
    }

    if (cpu.includes(true) && Math.abs(cpuSum - 100) > cpuSumTolerance) {
      return at(`the shares of the processor add up to ${cpuSum.toFixed(2)}`)
    }

    if (!isPlausibleTime(time, nowMs) || timeMs(time) <= previousMs) {
      return at(`${time} is no time, or not later than the line before`)
    }

    previousMs = timeMs(time)
  }

  return []
}

function runFindings ({ name, columns, rows }: TableFile, { options }: CheckContext): Finding[] {
  for (const [line, cells] of rows.entries()) {
    const row = rowOf(columns, cells)
    const at = (reason: string): Finding[] => [invalid('range', `${name}: line ${line + 2}: ${reason}`)]
    const negative = columns.find((column) => Number(row[column]) < 0)
    const machines = Number(row['instance_count'])
    const seconds = Number(row['gross_runtime'])

    if (negative != null) {
      return at(`${negative.slice(0, 40)} cannot be ${row[negative] ?? ''}`)
    }

    if (!Number.isInteger(machines) || machines < 1 || machines > options.machineCountMax) {
      return at(`instance_count ${machines} is no number of machines up to ${options.machineCountMax}`)
    }

    if (!(seconds > 0 && seconds <= options.runtimeSecondsMax)) {
      return at(`gross_runtime ${seconds} s is not between 0 and ${options.runtimeSecondsMax} s`)
    }

    const zero = ['slots', 'memory', 'data_size_MB'].find((column) => !(Number(row[column]) > 0))

    if (zero != null) {
      return at(`${zero} must be positive`)
    }
  }

  return []
}

function isWithin (value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}

function isPlausibleTime (time: string, nowMs: number): boolean {
  const ms = timeMs(time)
  return ms >= earliestMs && ms <= nowMs + futureMs
}
