import type { Arrivals } from '../arrivals.ts'

/** What of the corpus a peer had to learn from at one time. */
export interface Holding {
  /** Its own contributions alone, some of all, or all. */
  readonly data: 'local' | 'partial' | 'full'
  /** The hashes of the entries. */
  readonly hashes: readonly string[]
  /** The part of the corpus that it is. */
  readonly corpusHeld: number
  /** When the last of them was held, in milliseconds on the run's clock. */
  readonly atMs: number
}

/**
 * The holdings at which models are compared: what the peer contributed itself, where it did; what it held when that first was each of these
 * parts of the corpus; and all of it.
 *
 * @param posted - the hashes of all contributions
 * @param own - the hashes of those of this peer
 */
export function holdingsOf (
  arrivals: Arrivals, { posted, own, checkpoints }: { posted: readonly string[], own: ReadonlySet<string>, checkpoints: readonly number[] }
): Holding[] {
  const held = posted.map((hash) => ({ hash, atMs: arrivals.byHash.get(hash)?.fileMs ?? Infinity }))
    .filter(({ atMs }) => atMs < Infinity)
    .sort((a, b) => a.atMs - b.atMs)
  const holding = (data: Holding['data'], items: typeof held): Holding => ({
    data,
    hashes: items.map(({ hash }) => hash),
    corpusHeld: items.length / posted.length,
    atMs: items.at(-1)?.atMs ?? 0
  })
  const local = held.filter(({ hash }) => own.has(hash))
  const counts = [...new Set(checkpoints.map((part) => Math.ceil(part * posted.length)))].sort((a, b) => a - b)
  return [
    ...local.length > 0 ? [holding('local', local)] : [],
    ...counts.filter((count) => count < held.length).map((count) => holding('partial', held.slice(0, count))),
    holding('full', held)
  ]
}
