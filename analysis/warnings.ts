import type { InstanceOutcome } from './records.ts'
import type { RunFolder } from './read.ts'
import type { Row } from './rows.ts'
import { groupBy, instanceKey } from './rows.ts'
import { samplesOf } from './samples.ts'
import { median, summarise } from './statistics.ts'
import { formatNumber, scaleFor, unitOf } from './units.ts'

/** A sentence, and the metric it is about when it is about one only. */
export interface Warning {
  sentence: string
  metric?: string
}

/** Runs from which the range of the medians covers the true median with at least 95 % (1 - 2 / 2^6 = 0.97). */
const runsForInterval = 6
const cpuPercentMax = 90
const effects = ['replication_entry_ms', 'replication_file_ms', 'bootstrap_log_ms', 'bootstrap_files_ms', 'link_rtt_ms']

/** Everything a reader must know before believing the numbers, one sentence each. */
export function warningsOf (folder: RunFolder): Warning[] {
  const byMetric = groupBy(folder.rows, (row) => row.metric)
  const general = (sentences: readonly string[]): Warning[] => sentences.map((sentence) => ({ sentence }))
  return [
    ...general([...lostInstances(folder), ...folder.problems, ...unparsedRows(folder)]),
    ...ranOut(byMetric),
    ...general(notConverged(byMetric.get('converged') ?? [])),
    ...busyCpu(byMetric.get('cpu_percent') ?? []),
    ...busyLoop(byMetric),
    ...general(provenance(folder))
  ]
}

/** "pubs/0 crashed (signal SIGKILL)": how one instance ended, without its last lines. */
export function describeInstance (run: string, instance: InstanceOutcome): string {
  const how = { success: 'succeeded', failure: 'failed', crash: 'crashed', missing: 'was lost' }[instance.outcome]
  const details = [
    instance.signal == null ? '' : `signal ${instance.signal}`,
    instance.exitCode == null || instance.exitCode === 0 ? '' : `exit code ${instance.exitCode}`,
    instance.error == null ? '' : instance.error
  ].filter((detail) => detail !== '').join(', ')
  return `${run}/${instance.group}/${instance.index} ${how}${details === '' ? '' : ` (${details})`}`
}

function lostInstances ({ outcome }: RunFolder): string[] {
  return (outcome?.runs ?? []).flatMap(({ id, instances }) => instances
    .filter((instance) => instance.outcome !== 'success')
    .map((instance) => `Instance ${describeInstance(id, instance)}: its rows end there.`))
}

function unparsedRows ({ unparsed, rows }: RunFolder): string[] {
  return unparsed === 0 ? [] : [`${unparsed} of ${unparsed + rows.length} lines are no rows and are left out.`]
}

function ranOut (byMetric: ReadonlyMap<string, Row[]>): Warning[] {
  return [...byMetric].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([metric, rows]) => {
    const { samples } = samplesOf(rows)
    const censored = samples.filter((sample) => sample.censored).map((sample) => sample.value)
    if (censored.length === 0) return []
    const shortest = censored.reduce((least, value) => Math.min(least, value))
    const scale = scaleFor(unitOf(metric), shortest)
    const sentence = `${metric}: ${censored.length} of ${samples.length} waits ran out (> ${formatNumber(shortest / scale.divisor)} ${scale.unit}); they count, and statistics they reach are lower bounds, marked ">".`
    return [{ metric, sentence }]
  })
}

function notConverged (rows: readonly Row[]): string[] {
  const last = [...groupBy(rows, instanceKey).values()].map((own) => own.reduce((late, row) => row.ts >= late.ts ? row : late))
  const short = last.filter((row) => (row.measures.value ?? 0) < 1)
  return short.length === 0 ? [] : [`${short.length} of ${last.length} instances did not see everything converge by the end.`]
}

function busyCpu (cpu: readonly Row[]): Warning[] {
  const busy = cpu.filter((row) => (row.measures.value ?? 0) > cpuPercentMax)
  if (busy.length === 0) return []
  const instances = new Set(busy.map(instanceKey)).size
  return [{ sentence: `CPU above ${cpuPercentMax} % in ${busy.length} of ${cpu.length} samples, on ${instances} ${instances === 1 ? 'instance' : 'instances'}: the machine, and not the network, may be the limit. Use fewer peers or more cores.` }]
}

function busyLoop (byMetric: ReadonlyMap<string, Row[]>): Warning[] {
  const { samples: delays } = samplesOf(byMetric.get('event_loop_delay_ms') ?? [])
  if (delays.length === 0) return []
  const worst = summarise(delays).max.value
  return effects.flatMap((metric) => {
    const { samples } = samplesOf(byMetric.get(metric) ?? [])
    const middle = samples.length === 0 ? Infinity : median(samples.map((sample) => sample.value))
    if (worst <= middle) return []
    return [{ metric, sentence: `The event loop stood still for up to ${formatNumber(worst)} ms, longer than the median ${metric} of ${formatNumber(middle)} ms: part of that time is the machine's.` }]
  })
}

function provenance ({ run, rows }: RunFolder): string[] {
  const warnings: string[] = []
  const runs = new Set([...(run.runs ?? []).map(({ id }) => id), ...rows.map((row) => row.run)]).size
  if (runs < runsForInterval) warnings.push(`A median needs ${runsForInterval} runs for a 95 % interval, and this folder has ${runs}: the numbers describe ${runs === 1 ? 'this run' : 'these runs'} and no more.`)
  if (run.dirty === true) warnings.push(`The code that ran is not in the repository: commit ${run.commit ?? 'unknown'} had changes that were not committed.`)
  if (rows.length === 0) warnings.push('There are no rows: nothing was measured.')
  return warnings
}
