import type { Row } from '../rows.ts'
import { sampleOf } from '../samples.ts'
import type { Sample } from '../statistics/index.ts'
import { replicationPanels } from './figure.ts'

/** What was measured of replication from one region to another, in one run. */
export interface ReplicationPair {
  run: string
  /** One of `replicationPanels`. */
  metric: string
  /** The region of the contributor; "-" where it is not known, as below. */
  from: string
  /** The region of the receiving peer. */
  region: string
  /** Empty where no row has a value that can be. */
  samples: Sample[]
}

/** Divides the rows of replication by run, metric and regions; in one pass, for they are millions, and three figures show them. */
export function replicationPairs (rows: readonly Row[]): ReplicationPair[] {
  const pairs: ReplicationPair[] = []
  const known = new Map<string, Map<string, Map<string, Map<string, ReplicationPair>>>>()
  for (const row of rows) {
    const { run, metric, tags: { from = '-', region = '-' } } = row
    if (!isReplication(row)) continue
    const byRegion = within(within(within(known, run), metric), from)
    let pair = byRegion.get(region)
    if (pair === undefined) {
      pair = { run, metric, from, region, samples: [] }
      byRegion.set(region, pair)
      pairs.push(pair)
    }
    const sample = sampleOf(row)
    if (sample !== undefined) pair.samples.push(sample)
  }
  return pairs
}

/** Whether a row belongs to a pair. */
export function isReplication ({ metric }: Row): boolean {
  return replicationPanels.some((panel) => panel.metric === metric)
}

function within<T> (maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const known = maps.get(key)
  if (known !== undefined) return known
  const made = new Map<string, T>()
  maps.set(key, made)
  return made
}

/** The samples of several pairs, as one list. */
export function samplesTogether (pairs: readonly ReplicationPair[]): Sample[] {
  return pairs.flatMap(({ samples }) => samples)
}
