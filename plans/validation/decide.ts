import { letterOf } from './report.ts'
import type { Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { Posted } from '../workload.ts'
import type { StrategyName, Verdict } from '../../peersdb/index.ts'

export interface DecisionInit {
  readonly strategy: StrategyName
  /** How many are decided on at a time. */
  readonly atOnce: number
  /** Which of them; where it is one that reports too early, it ends before it has decided on all. */
  readonly from: number
  readonly to: number
}

/** Comes to a verdict on one contribution after another, of some of those that were posted, in their order. */
export async function decideOn (
  { signal }: InstanceContext, { peer }: Cluster, posted: readonly Posted[], { strategy, atOnce, from, to }: DecisionInit
): Promise<Array<Verdict | undefined>> {
  const verdicts = new Array<Verdict | undefined>(Math.max(0, to - from)).fill(undefined)
  const waiting = posted.slice(from, to).entries()

  const work = async (): Promise<void> => {
    for (const [i, { cid }] of waiting) {
      verdicts[i] = await peer.validate(cid, { strategy, signal })
    }
  }

  await Promise.all(Array.from({ length: atOnce }, work))
  return verdicts
}

/** Records what each verdict took. */
export function recordVerdicts (context: InstanceContext, verdicts: ReadonlyArray<Verdict | undefined>, isSound: readonly boolean[]): void {
  for (const [i, verdict] of verdicts.entries()) {
    if (verdict != null) {
      const tags = { strategy: verdict.strategy, verdict: verdict.verdict, content: isSound[i] === true ? 'sound' : 'flawed' }
      context.record.metric('verdict_ms', verdict.elapsedMs, tags, { messages: verdict.messages, bytes: verdict.bytes })
    }
  }
}

export function lettersOf (verdicts: ReadonlyArray<Verdict | undefined>): string {
  return verdicts.map((verdict) => letterOf(verdict?.verdict)).join('')
}
