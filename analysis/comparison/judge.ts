import { holm } from '../statistics/index.ts'
import { runsNeeded } from './effect.ts'
import type { Accepted } from './accepted.ts'
import type { Effect } from './effect.ts'

export type Finding = 'regression' | 'accepted' | 'improvement' | 'same' | 'unknown' | 'not judged'

/** One metric of one part of the runs, as it was measured. */
export interface Measured {
  metric: string
  part: string
  unit: string
  better: 'lower' | 'higher' | 'none'
  /** Whether it counts for the verdict. */
  isJudged: boolean
  effect?: Effect
  /** Runs whose value is a wait that ran out, so that the truth is above it. */
  bounds: { base: number, head: number }
  /** Why there is no effect. */
  lacking?: string
}

export interface Judged extends Measured {
  finding: Finding
  reason: string
  /** After Holm's correction over everything that is judged. */
  pCorrected?: number
}

export interface JudgeOptions {
  /** A change below it does not matter: 0.05 is a twentieth. */
  threshold: number
  /** The chance to call any change significant where there is none. */
  alpha: number
  /** What differs between the surroundings of the two sides; empty where they are the same. */
  differences: readonly string[]
  accepted: readonly Accepted[]
}

/** Judges everything together, since the more is looked at the more seems to have changed. */
export function judge (measured: readonly Measured[], options: JudgeOptions): Judged[] {
  const counted = measured.filter(({ isJudged, effect }) => isJudged && effect !== undefined)
  const corrected = holm(counted.map(({ effect }) => effect?.p ?? 1))
  return measured.map((each) => {
    if (!each.isJudged) return { ...each, finding: 'not judged', reason: each.better === 'none' ? 'neither direction is better' : 'it was not asked for' }
    if (each.effect === undefined) return { ...each, finding: 'unknown', reason: each.lacking ?? 'it has no values' }
    const pCorrected = corrected[counted.indexOf(each)] as number
    return { ...each, pCorrected, ...findingOf(each, each.effect, pCorrected, { ...options, judgedCount: counted.length }) }
  })
}

type Conclusion = Pick<Judged, 'finding' | 'reason'>

/** An effect as its reader fears it: above 0 is worse. */
interface Worsening {
  size: number
  least: number
  most: number
}

function findingOf (measured: Measured, effect: Effect, p: number, options: JudgeOptions & { judgedCount: number }): Conclusion {
  const { bounds, better } = measured
  const { threshold, alpha, differences } = options
  if (differences.length > 0) return { finding: 'unknown', reason: `not the same surroundings: ${differences.join('; ')}` }
  if (bounds.base > 0 && bounds.head > 0) return { finding: 'unknown', reason: 'waits ran out on both sides, so that neither value is known' }
  const worse: Worsening = better === 'higher'
    ? { size: -effect.relative, least: -effect.high, most: -effect.low }
    : { size: effect.relative, least: effect.low, most: effect.high }
  // The truth of a wait that ran out is above its value: such values of one side may only err against what is concluded.
  const [mayBeWorse, mayBeBetter] = better === 'higher' ? [bounds.base > 0, bounds.head > 0] : [bounds.head > 0, bounds.base > 0]
  if (p <= alpha && worse.size > threshold) {
    return mayBeBetter
      ? { finding: 'unknown', reason: 'waits ran out on the side that seems better, so that the worsening may be smaller than it looks' }
      : regression(measured, worse, options.accepted)
  }
  if (effect.coverage >= 0.95 && worse.most <= threshold) {
    if (mayBeWorse) return { finding: 'unknown', reason: 'waits ran out on the side that may be worse, so that a worsening cannot be ruled out' }
    return p <= alpha && worse.size < -threshold
      ? { finding: 'improvement', reason: `better by ${percent(-worse.size)}` }
      : { finding: 'same', reason: `not worse by more than ${percent(Math.max(0, worse.most))}` }
  }
  return { finding: 'unknown', reason: unclear(effect, worse, options) }
}

function regression ({ metric, part }: Measured, worse: Worsening, accepted: readonly Accepted[]): Conclusion {
  const line = accepted.find((each) => each.metric === metric && (each.part === undefined || each.part === part))
  const how = `worse by ${percent(worse.size)}`
  if (line === undefined) return { finding: 'regression', reason: how }
  return worse.size <= line.upTo
    ? { finding: 'accepted', reason: `${how}, accepted up to ${percent(line.upTo)}: ${line.reason}` }
    : { finding: 'regression', reason: `${how}, where ${percent(line.upTo)} are accepted: ${line.reason}` }
}

/** Neither a regression nor the absence of one: what it would take to tell. */
function unclear (effect: Effect, worse: Worsening, { threshold, alpha, judgedCount }: JudgeOptions & { judgedCount: number }): string {
  const { n, isPaired, coverage } = effect
  const what = isPaired ? 'pairs of runs' : 'runs of each side'
  const had = n.base === n.head ? String(n.base) : `${n.base} and ${n.head}`
  const needed = runsNeeded(alpha / judgedCount, isPaired)
  const fewest = Math.min(n.base, n.head)
  if (coverage < 0.95 || fewest < needed) return `too few runs: it needs ${needed} ${what}, and has ${had}`
  const reach = Math.max(worse.most - worse.size, 0)
  const room = Math.max(Math.abs(threshold - worse.size), threshold / 2)
  const more = Math.max(fewest + 1, Math.ceil(fewest * (reach / room) ** 2))
  const most = Number.isFinite(worse.most) ? `up to ${percent(worse.most)} worse cannot be ruled out` : 'base is 0, so that no part of it can be told'
  return Number.isFinite(more) ? `${most}; about ${more} ${what} would tell, and it has ${had}` : most
}

/** "7.5 %", with a digit more where it is small. */
export function percent (share: number): string {
  if (!Number.isFinite(share)) return share > 0 ? 'infinitely much' : 'all of it'
  const size = Math.abs(100 * share)
  return `${(100 * share).toFixed(size >= 100 ? 0 : size >= 1 ? 1 : 2)} %`
}
