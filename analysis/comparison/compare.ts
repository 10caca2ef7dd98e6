import { unitOf } from '../units.ts'
import { doubtsOf } from './doubts.ts'
import { effectOf } from './effect.ts'
import { differencesOf, valuesOfFacts } from './environment.ts'
import { StudyError } from './errors.ts'
import { judge } from './judge.ts'
import { pairUp } from './pairs.ts'
import { sourceOf } from './source.ts'
import { readStudy } from './study.ts'
import type { MetricRecord } from '../records.ts'
import type { Accepted } from './accepted.ts'
import type { Doubt } from './doubts.ts'
import type { Judged, Measured } from './judge.ts'
import type { Paired } from './pairs.ts'
import type { StudyRun } from './reduce-run.ts'
import type { Study } from './study.ts'

export interface CompareOptions {
  /** A change below it does not matter: 0.05 is a twentieth. */
  threshold?: number
  /** The chance to find any change where there is none. */
  alpha?: number
  /** Metrics that are compared, and no others. */
  metrics?: readonly string[]
  /** What runs are divided by: a tag, such as region, or group. */
  by?: string
  /** Facts of the surroundings that differ on purpose. */
  vary?: readonly string[]
  /** Whether both sides ran one composition: a parameter that only one of them knows is then one of its version, and no difference. */
  isOneComposition?: boolean
  accepted?: readonly Accepted[]
  onProgress?: (sentence: string) => void
}

export interface StudyComparison {
  verdict: 'pass' | 'fail' | 'unknown'
  reason: string
  threshold: number
  alpha: number
  /** Case, runner, fidelity, network, seeds and commits, in one line. */
  source: string
  base: Side
  head: Side
  isPaired: boolean
  results: Judged[]
  warnings: Doubt[]
}

export interface Side {
  path: string
  runs: number
  commits: string[]
}

/** What the machine needed, and how quickly it started: shown, and judged only where it is asked for. */
const ofTheMachine = new Set(['start_ms', 'idle_rss_bytes', 'rss_bytes', 'cpu_ms'])

/**
 * Compares two studies, each a run folder or a folder of run folders. The unit is the run: each gives one value for each
 * metric and part of it. Simulations with the same seeds are compared pair by pair.
 *
 * @throws StudyError where nothing can be said at all
 */
export async function compareStudies (base: string, head: string, options: CompareOptions = {}): Promise<StudyComparison> {
  const before = await readStudy(base, options)
  return compareReadStudies(before, await readStudy(head, options), options)
}

/** The same of studies that were read. */
export function compareReadStudies (base: Study, head: Study, options: CompareOptions = {}): StudyComparison {
  const { threshold = 0.05, alpha = 0.05, accepted = [], vary = [] } = options
  const [identity] = differences(base, head, 'identity').values()
  if (identity !== undefined) throw new StudyError(`${base.path} and ${head.path} cannot be compared, for they differ in ${identity}: compare runs of one plan, case and runner.`)
  const paired = pairUp(base.runs, head.runs)
  const surroundings = differences(base, head, 'environment')
  const strange = vary.find((name) => !surroundings.has(name))
  for (const name of vary) surroundings.delete(name)
  if (options.isOneComposition === true) for (const name of knownToOne(base, head)) surroundings.delete(name)
  const measured = measure(paired, options)
  if (!measured.some(({ isJudged }) => isJudged)) throw new StudyError(nothingJudged(base, head, measured, options))
  const results = judge(measured, { threshold, alpha, accepted, differences: [...surroundings.values()] })
  const warnings: Doubt[] = [
    ...paired.doubts.map((sentence): Doubt => ({ kind: 'pairs', sentence })),
    ...(strange === undefined ? [] : [{ kind: 'problem' as const, sentence: `${strange} was said to differ, and does not.` }]),
    ...doubtsOf(base, head, results, threshold)
  ]
  return {
    ...conclude(results, base, head, threshold),
    threshold, alpha, source: sourceOf(base, head), base: sideOf(base), head: sideOf(head), isPaired: paired.isPaired, results, warnings
  }
}

/** Facts that one side records in all its runs and the other in none. */
function knownToOne (base: Study, head: Study): string[] {
  const names = ({ runs }: Study): Set<string> => new Set(runs.flatMap(({ facts }) => [...facts.environment.keys()]))
  return [...names(base).symmetricDifference(names(head))]
}

function differences (base: Study, head: Study, kind: 'identity' | 'environment'): Map<string, string> {
  const facts = ({ runs }: Study): Map<string, string[]> => valuesOfFacts(runs.map((run) => run.facts[kind]))
  return differencesOf(facts(base), facts(head))
}

function sideOf ({ path, runs }: Study): Side {
  return { path, runs: runs.length, commits: [...new Set(runs.map(({ facts }) => facts.code.get('commit') ?? 'unknown'))] }
}

function measure ({ base, head, isPaired }: Paired, { metrics = [] }: CompareOptions): Measured[] {
  const described = new Map([...base, ...head].flatMap((run) => run.metrics.map((metric): [string, MetricRecord] => [metric.name, metric])))
  const all = [...base, ...head].flatMap(({ series }) => series).filter(({ metric }) => metrics.length === 0 || metrics.includes(metric))
  const keys = new Map(all.map(({ metric, part }) => [`${metric} ${part}`, { metric, part }]))
  const ordered = [...keys.keys()].sort().flatMap((key) => keys.get(key) ?? [])
  return ordered.map(({ metric, part }) => {
    const { better = 'none' } = described.get(metric) ?? {}
    const isJudged = better !== 'none' && (metrics.length > 0 || !ofTheMachine.has(metric))
    const about = { metric, part, unit: unitOf(metric, [...described.values()]), better, isJudged }
    return { ...about, ...measureOne(find(base, metric, part), find(head, metric, part), isPaired) }
  })
}

type Found = Array<{ value: number, bound: boolean } | undefined>

function find (runs: readonly StudyRun[], metric: string, part: string): Found {
  return runs.map(({ series }) => series.find((each) => each.metric === metric && each.part === part))
}

function measureOne (base: Found, head: Found, isPaired: boolean): Pick<Measured, 'effect' | 'bounds' | 'lacking'> {
  const complete = isPaired ? [...base.keys()].filter((index) => base[index] !== undefined && head[index] !== undefined) : undefined
  const take = (found: Found): Array<{ value: number, bound: boolean }> =>
    (complete === undefined ? found : complete.map((index) => found[index])).filter((each) => each !== undefined)
  const [before, after] = [take(base), take(head)]
  const bounds = { base: before.filter(({ bound }) => bound).length, head: after.filter(({ bound }) => bound).length }
  const missing = [...base, ...head].filter((each) => each === undefined).length
  if (before.length === 0 || after.length === 0) {
    return { bounds, lacking: `only ${before.length === 0 ? 'head' : 'base'} recorded it` }
  }
  const all = before.length + after.length
  if (bounds.base + bounds.head === all) return { bounds, lacking: 'all waits ran out, so that no value is known' }
  if (missing > 0) return { bounds, lacking: `${missing} of ${base.length + head.length} runs did not record it` }
  return { bounds, effect: effectOf({ base: before.map(({ value }) => value), head: after.map(({ value }) => value), isPaired }) }
}

function nothingJudged (base: Study, head: Study, measured: readonly Measured[], { metrics = [] }: CompareOptions): string {
  const what = metrics.length === 0 || measured.length > 0 ? 'a metric of which one direction is better' : metrics.join(' or ')
  return `Neither ${base.path} nor ${head.path} has rows of ${what}: nothing can be compared.`
}

/** Any regression fails; what is not known, or a run that is missing, is never a pass. */
function conclude (results: readonly Judged[], base: Study, head: Study, threshold: number): Pick<StudyComparison, 'verdict' | 'reason'> {
  const named = (finding: Judged['finding']): Judged[] => results.filter((each) => each.finding === finding)
  const names = (of: readonly Judged[]): string => [...new Set(of.map(({ metric }) => metric))].join(', ')
  const judged = results.filter(({ isJudged }) => isJudged).length
  const [regressions, unknown] = [named('regression'), named('unknown')]
  const share = `${Number((100 * threshold).toPrecision(6))} %`
  if (regressions.length > 0) return { verdict: 'fail', reason: `${regressions.length} of ${judged} judged values got worse by more than ${share}: ${names(regressions)}` }
  const [first] = unknown
  const reasons = new Set(unknown.map(({ reason }) => reason))
  if (first !== undefined) {
    const why = reasons.size === 1 ? first.reason : `${first.metric}: ${first.reason}`
    return { verdict: 'unknown', reason: `${unknown.length} of ${judged} judged values cannot be told (${why})` }
  }
  const lost = base.leftOut.length + head.leftOut.length
  if (lost > 0) return { verdict: 'unknown', reason: `${lost} of ${lost + base.runs.length + head.runs.length} runs say nothing, and the others got no worse` }
  return { verdict: 'pass', reason: `none of ${judged} judged values got worse by more than ${share}` }
}
