import type { Arrival } from '../arrivals.ts'
import type { Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { StrategyName, Verdict } from '../../peersdb/index.ts'

/** What a peer finds of all that it holds, one contribution after another, in the order in which their files come. */
export interface Verdicts {
  /** By the hash of the entry. */
  readonly byHash: ReadonlyMap<string, Verdict>
  /** Resolves when nothing waits for its verdict; rejects where one could not be had. */
  settled (): Promise<void>
}

/** Comes to a verdict on every file from now on; calls what listened to files before, too. */
export function decideOnArrival (context: InstanceContext, { peer, arrivals }: Cluster, strategy: StrategyName): Verdicts {
  const byHash = new Map<string, Verdict>()
  const before = arrivals.onFile
  let queue = Promise.resolve()

  const decide = async ({ contribution: { hash, cid } }: Arrival): Promise<void> => {
    byHash.set(hash, await peer.validate(cid, { strategy, signal: context.signal }))
  }

  arrivals.onFile = (arrival) => {
    before?.(arrival)
    queue = queue.then(() => decide(arrival))
    // Whoever waits until all is settled hears of it.
    queue.catch(() => undefined)
  }

  return { byHash, settled: () => queue }
}
