import type { InstanceOutcome } from './records.ts'
import type { RunFolder } from './read.ts'
import type { Row } from './rows.ts'
import { groupBy, instanceKey } from './rows.ts'
import { samplesOf } from './samples.ts'
import { median, summarise } from './statistics/index.ts'
import { formatNumber, scaleFor, unitOf } from './units.ts'

/** A doubt about the numbers, and the metric it is about when it is about one only. */
export interface Warning {
  sentence: string
  /** The same in a few words, for a figure; several warnings may share theirs. */
  brief: string
  metric?: string
}

/** Runs from which the range of the medians covers the true median with at least 95 % (1 - 2 / 2^6 = 0.97). */
const runsForInterval = 6
const cpuPercentMax = 90
/** Below this share of the throughput that was asked for, it is not the link that set the pace. */
const throughputShareMin = 0.5
const effects = ['replication_entry_ms', 'replication_file_ms', 'bootstrap_log_ms', 'bootstrap_files_ms', 'link_rtt_ms']
/** Instances of one fate that are named; the rest is counted. */
const namesMax = 8

/** Everything a reader must know before believing the numbers, one sentence each. */
export function warningsOf (folder: RunFolder): Warning[] {
  const byMetric = groupBy(folder.rows, (row) => row.metric)
  return [
    ...lostInstances(folder),
    // A figure has room for the first ones only, and this one must stand on every figure of such a run.
    ...busyCpu(byMetric.get('cpu_percent') ?? []),
    ...folder.problems.map((sentence) => ({ sentence, brief: 'parts of the run folder are missing or broken' })),
    ...folder.notes.map((sentence) => ({ sentence, brief: 'seed, network and versions are not known' })),
    ...unparsedRows(folder),
    ...ranOut(byMetric),
    ...notConverged(byMetric.get('converged') ?? []),
    ...busyLoop(byMetric),
    ...apartClocks(byMetric),
    ...slowLinks(byMetric.get('link_throughput_bits_per_second') ?? []),
    ...provenance(folder)
  ]
}

/** "4 warnings: one run only; code not committed." in a line or two; empty when there are none. */
export function warningsInBrief (warnings: readonly Warning[]): string {
  if (warnings.length === 0) return ''
  const briefs = [...new Set(warnings.map(({ brief }) => brief))]
  return `${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}: ${briefs.join('; ')}.`
}

/** "pubs/0 crashed (signal SIGKILL)": how one instance ended, without its last lines. */
export function describeInstance (run: string, instance: InstanceOutcome): string {
  return `${run}/${instance.group}/${instance.index} ${fate(instance, 'was')}`
}

function fate (instance: InstanceOutcome, was: 'was' | 'were'): string {
  const how = { success: 'succeeded', failure: 'failed', crash: 'crashed', missing: `${was} lost`, removed: 'crashed as planned' }[instance.outcome]
  const details = [
    instance.signal == null ? '' : `signal ${instance.signal}`,
    instance.exitCode == null || instance.exitCode === 0 ? '' : `exit code ${instance.exitCode}`,
    instance.error == null ? '' : instance.error
  ].filter((detail) => detail !== '').join(', ')
  return `${how}${details === '' ? '' : ` (${details})`}`
}

/** One sentence per fate: when one instance fails, all others are told to stop, and end alike. */
function lostInstances ({ outcome }: RunFolder): Warning[] {
  const lost = (outcome?.runs ?? []).flatMap(({ id, instances }) => instances
    .filter((instance) => instance.outcome !== 'success')
    .map((instance) => ({ name: `${id}/${instance.group}/${instance.index}`, instance })))
  const brief = `${lost.length} ${lost.length === 1 ? 'instance' : 'instances'} did not succeed`
  return [...groupBy(lost, ({ instance }) => fate(instance, 'was')).values()].map((alike) => {
    const names = alike.slice(0, namesMax).map(({ name }) => name).join(', ')
    const more = alike.length > namesMax ? ` and ${alike.length - namesMax} more` : ''
    const [{ instance }] = alike as [typeof lost[number]]
    const sentence = alike.length === 1
      ? `Instance ${names} ${fate(instance, 'was')}: its rows end there.`
      : `Instances ${names}${more} ${fate(instance, 'were')}: their rows end there.`
    return { sentence, brief }
  })
}

function unparsedRows ({ unparsed, rows }: RunFolder): Warning[] {
  return unparsed === 0 ? [] : [{ sentence: `${unparsed} of ${unparsed + rows.length} lines are no rows and are left out.`, brief: `${unparsed} ${unparsed === 1 ? 'line is no row' : 'lines are no rows'}` }]
}

function ranOut (byMetric: ReadonlyMap<string, Row[]>): Warning[] {
  return [...byMetric].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([metric, rows]) => {
    const { samples } = samplesOf(rows)
    const censored = samples.filter((sample) => sample.censored).map((sample) => sample.value)
    if (censored.length === 0) return []
    const shortest = censored.reduce((least, value) => Math.min(least, value))
    const scale = scaleFor(unitOf(metric), shortest)
    const brief = `${metric}: ${censored.length} of ${samples.length} waits ran out`
    const sentence = `${brief} (> ${formatNumber(shortest / scale.divisor)} ${scale.unit}); they count, and statistics they reach are lower bounds, marked ">".`
    return [{ metric, brief, sentence }]
  })
}

function notConverged (rows: readonly Row[]): Warning[] {
  const last = [...groupBy(rows, instanceKey).values()].map((own) => own.reduce((late, row) => row.ts >= late.ts ? row : late))
  const short = last.filter((row) => (row.measures.value ?? 0) < 1)
  return short.length === 0 ? [] : [{ sentence: `${short.length} of ${last.length} instances did not see everything converge by the end.`, brief: `${short.length} of ${last.length} instances did not converge` }]
}

function busyCpu (cpu: readonly Row[]): Warning[] {
  const busy = cpu.filter((row) => (row.measures.value ?? 0) > cpuPercentMax)
  if (busy.length === 0) return []
  const instances = new Set(busy.map(instanceKey)).size
  const brief = `CPU above ${cpuPercentMax} % in ${busy.length} of ${cpu.length} samples`
  return [{ brief, sentence: `${brief}, on ${instances} ${instances === 1 ? 'instance' : 'instances'}: the machine, and not the network, may be the limit. Use fewer peers or more cores.` }]
}

function busyLoop (byMetric: ReadonlyMap<string, Row[]>): Warning[] {
  const { samples: delays } = samplesOf(byMetric.get('event_loop_delay_ms') ?? [])
  if (delays.length === 0) return []
  const worst = summarise(delays).max.value
  return effects.flatMap((metric) => {
    const { samples } = samplesOf(byMetric.get(metric) ?? [])
    const middle = samples.length === 0 ? Infinity : median(samples.map((sample) => sample.value))
    if (worst <= middle) return []
    return [{
      metric,
      brief: `event loop still for up to ${formatNumber(worst)} ms`,
      sentence: `The event loop stood still for up to ${formatNumber(worst)} ms, longer than the median ${metric} of ${formatNumber(middle)} ms: part of that time is the machine's.`
    }]
  })
}

/** Where instances ran on several machines: by how much a time from one to the other may be wrong. */
function apartClocks (byMetric: ReadonlyMap<string, Row[]>): Warning[] {
  const { samples: errors } = samplesOf(byMetric.get('clock_error_ms') ?? [])
  if (errors.length === 0) return []
  const worst = summarise(errors).max.value
  const sentence = `Instances ran on several machines, whose clocks were set by each other within ${formatNumber(worst)} ms: times from one machine to another may be off by that much.`
  return [{ brief: `clocks within ${formatNumber(worst)} ms`, sentence }]
}

function slowLinks (rows: readonly Row[]): Warning[] {
  const shares = rows.flatMap(({ measures: { value, asked } }) =>
    value !== undefined && asked !== undefined && asked > 0 ? value / asked : [])
  const slow = shares.filter((share) => share < throughputShareMin)
  if (slow.length === 0) return []
  const brief = `${slow.length} of ${shares.length} throughputs are below half of what was asked`
  return [{
    metric: 'link_throughput_bits_per_second',
    brief,
    sentence: `${brief}, their median ${Math.round(100 * median(slow))} %: not the bandwidth asked of the link, but something before it set the pace, such as the window of a stream, or the machine.`
  }]
}

function provenance ({ run, rows }: RunFolder): Warning[] {
  const warnings: Warning[] = []
  const runs = new Set([...(run.runs ?? []).map(({ id }) => id), ...rows.map((row) => row.run)]).size
  if (runs < runsForInterval) {
    warnings.push({
      sentence: `A median needs ${runsForInterval} runs for a 95 % interval, and this folder has ${runs}: the numbers describe ${runs === 1 ? 'this run' : 'these runs'} and no more.`,
      brief: runs === 1 ? 'one run only' : `${runs} runs only`
    })
  }
  if (run.dirty === true) warnings.push({ sentence: `The code that ran is not in the repository: commit ${run.commit ?? 'unknown'} had changes that were not committed.`, brief: 'code not committed' })
  if (rows.length === 0) warnings.push({ sentence: 'There are no rows: nothing was measured.', brief: 'no rows' })
  return warnings
}
