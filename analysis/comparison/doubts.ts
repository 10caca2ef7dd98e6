import { formatNumber } from '../units.ts'
import { dipTest, drift, mean } from '../statistics/index.ts'
import { percent } from './judge.ts'
import { valuesOfFacts } from './environment.ts'
import type { Judged } from './judge.ts'
import type { StudyRun } from './reduce-run.ts'
import type { Study } from './study.ts'

/** A doubt about a comparison, and the metric it is about where it is about one only. */
export interface Doubt {
  kind: 'left out' | 'problem' | 'pairs' | 'hidden difference' | 'order' | 'cpu' | 'event loop' | 'clock' | 'drift' | 'two heaps'
  sentence: string
  metric?: string
}

/** Doubts of single samples are told from chance by this p, which is stricter since there are many of them. */
const alpha = 0.01
/** Below these many runs neither drift nor two heaps can be told from chance. */
const runsForDrift = 6
const runsForHeaps = 10
const cpuPercentMax = 90
const sentencesMax = 5

/** What a reader must know before believing the comparison. */
export function doubtsOf (base: Study, head: Study, judged: readonly Judged[], threshold: number): Doubt[] {
  const sides: Array<[string, Study]> = [['base', base], ['head', head]]
  return [
    ...sides.flatMap(([side, { leftOut }]) => several('left out', leftOut.map((each) => `${side}: ${each}`))),
    ...sides.flatMap(([side, { problems }]) => several('problem', problems.map((each) => `${side}: ${each}`))),
    ...sides.flatMap(([side, study]) => hiddenDifferences(side, study)),
    ...order(base, head),
    ...sides.flatMap(([side, study]) => busy(side, study)),
    ...machine([...base.runs, ...head.runs], judged),
    ...sides.flatMap(([side, study]) => shapes(side, study, judged, threshold))
  ]
}

function several (kind: Doubt['kind'], sentences: readonly string[]): Doubt[] {
  const more = sentences.length - sentencesMax
  return [...sentences.slice(0, sentencesMax), ...(more > 0 ? [`${more} more sentences of this kind are not shown.`] : [])].map((sentence) => ({ kind, sentence }))
}

function hiddenDifferences (side: string, { runs }: Study): Doubt[] {
  const facts = [...valuesOfFacts(runs.map(({ facts: { code } }) => code))].filter(([, values]) => values.length > 1)
  return facts.map(([name, values]) => ({
    kind: 'hidden difference',
    sentence: `${side}: its runs differ in ${name}${name === 'libraries' ? '' : ` (${values.join(', ')})`}, so that they are not repeats of one thing.`
  }))
}

/** Where one side ran as a whole before the other, a change of the machine looks like one of the code. */
function order (base: Study, head: Study): Doubt[] {
  const [first, second] = [base.runs, head.runs].sort((a, b) => startOf(a[0]) < startOf(b[0]) ? -1 : 1) as [StudyRun[], StudyRun[]]
  const isVirtual = base.runs[0]?.facts.identity.get('runner') === 'sim'
  if (isVirtual || base.runs.length < 2 || head.runs.length < 2 || startOf(first.at(-1)) >= startOf(second[0])) return []
  return [{ kind: 'order', sentence: 'All runs of one side were carried out before those of the other: a change of the machine would look like one of the code. Let them take turns.' }]
}

function startOf (run: StudyRun | undefined): string {
  return run?.startedAt ?? ''
}

function busy (side: string, { runs }: Study): Doubt[] {
  const saturated = runs.filter(({ conditions: { cpuPercent = 0 } }) => cpuPercent > cpuPercentMax)
  return saturated.length === 0 ? [] : [{ kind: 'cpu', sentence: `${side}: the CPU was busy for more than ${cpuPercentMax} % in ${saturated.length} of ${runs.length} runs, so that the machine, and not the network, may be the limit.` }]
}

/** What the machine added to times, where that is more than the effect that was found. */
function machine (runs: readonly StudyRun[], judged: readonly Judged[]): Doubt[] {
  const largest = (field: 'loopDelayMs' | 'clockErrorMs'): number => runs.reduce((most, { conditions }) => Math.max(most, conditions[field] ?? 0), 0)
  const found = judged.filter(({ unit, finding }) => unit === 'ms' && (finding === 'regression' || finding === 'improvement' || finding === 'accepted'))
  const [loopMs, clockMs] = [largest('loopDelayMs'), largest('clockErrorMs')]
  return found.flatMap(({ metric, effect }): Doubt[] => {
    const shiftMs = Math.abs(effect?.shift ?? Infinity)
    const shown = `above the effect of ${formatNumber(shiftMs)} ms`
    return [
      ...(loopMs > shiftMs ? [{ kind: 'event loop' as const, metric, sentence: `${metric}: event loops stood still for up to ${formatNumber(loopMs)} ms (p95), ${shown}: it may be the machine's.` }] : []),
      ...(clockMs > shiftMs ? [{ kind: 'clock' as const, metric, sentence: `${metric}: clocks of instances were up to ${formatNumber(clockMs)} ms apart, ${shown}.` }] : [])
    ]
  })
}

/** Drift over repeats, and values in two heaps, of what is judged. */
function shapes (side: string, { runs }: Study, judged: readonly Judged[], threshold: number): Doubt[] {
  const isVirtual = runs[0]?.facts.identity.get('runner') === 'sim'
  return judged.filter(({ isJudged }) => isJudged).flatMap(({ metric, part }): Doubt[] => {
    const values = runs.flatMap(({ series }) => series.find((each) => each.metric === metric && each.part === part)?.value ?? [])
    const middle = mean(values)
    const doubts: Doubt[] = []
    if (!isVirtual && values.length >= runsForDrift) {
      const { p, perRepeat } = drift(values)
      const total = perRepeat * (values.length - 1) / Math.abs(middle)
      if (p <= alpha && Math.abs(total) > threshold / 2) doubts.push({ kind: 'drift', metric, sentence: `${side}: ${metric} ${total > 0 ? 'rose' : 'fell'} by ${percent(Math.abs(total))} from its first run to its last, so that its runs are no repeats.` })
    }
    if (values.length >= runsForHeaps && dipTest(values, { seed: 1 }).p <= alpha) {
      doubts.push({ kind: 'two heaps', metric, sentence: `${side}: the values of ${metric} lie in two heaps, so that something that is not recorded differs between its runs.` })
    }
    return doubts
  })
}
