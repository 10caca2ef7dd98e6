import type { InstanceClock } from './context.ts'
import type { Contribution, Peer } from '../peersdb/index.ts'

/** The attribute in which a contributor notes the time, on the run's shared clock, at which it called contribute. */
export const contributedMsAttribute = 'contributed_ms'

export interface Arrival {
  readonly contribution: Contribution
  /** When the entry became visible here, in milliseconds on the run's clock. */
  readonly entryMs: number
  /** When the whole file was held here. */
  fileMs?: number
}

/** What has reached one peer, and when. */
export interface Arrivals {
  /** By the hash of the log entry. */
  readonly byHash: ReadonlyMap<string, Arrival>
  onEntry?: (arrival: Arrival) => void
  onFile?: (arrival: Arrival) => void
  /** Takes on what the peer holds already, of which no event tells, as after a restart; they count as there from now on. */
  adopt (contributions: Iterable<Contribution>, isHeld: (hash: string) => boolean): void
  /** Resolves when all of these entries are here. */
  entriesOf (hashes: readonly string[]): Promise<void>
  /** Resolves when all of these entries and their whole files are here. */
  filesOf (hashes: readonly string[]): Promise<void>
}

/** A wait for a set of hashes that shrinks as they come. */
interface Wait {
  readonly pending: Set<string>
  readonly done: () => void
}

/** Notes what reaches a peer from now on. */
export function observeArrivals (peer: Peer, clock: InstanceClock): Arrivals {
  const byHash = new Map<string, Arrival>()
  const entryWaits = new Set<Wait>()
  const fileWaits = new Set<Wait>()
  const held = (hash: string): boolean => byHash.get(hash)?.fileMs != null

  const arrivals: Arrivals = {
    byHash,
    adopt: (contributions, isHeld) => {
      for (const contribution of contributions) {
        const arrival: Arrival = byHash.get(contribution.hash) ?? { contribution, entryMs: clock.nowMs() }
        byHash.set(contribution.hash, arrival)
        settle(entryWaits, contribution.hash)

        if (isHeld(contribution.hash)) {
          arrival.fileMs ??= clock.nowMs()
          settle(fileWaits, contribution.hash)
        }
      }
    },
    entriesOf: (hashes) => waitFor(entryWaits, hashes.filter((hash) => !byHash.has(hash))),
    filesOf: (hashes) => waitFor(fileWaits, hashes.filter((hash) => !held(hash)))
  }

  peer.events.addEventListener('contribution', ({ detail }) => {
    const arrival = { contribution: detail, entryMs: clock.nowMs() }
    byHash.set(detail.hash, arrival)
    arrivals.onEntry?.(arrival)
    settle(entryWaits, detail.hash)
  })
  peer.events.addEventListener('file', ({ detail }) => {
    const arrival = byHash.get(detail.hash)

    if (arrival != null && arrival.fileMs == null) {
      arrival.fileMs = clock.nowMs()
      arrivals.onFile?.(arrival)
      settle(fileWaits, detail.hash)
    }
  })

  return arrivals
}

function waitFor (waits: Set<Wait>, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) {
    return Promise.resolve()
  }

  return new Promise((resolve) => { waits.add({ pending: new Set(hashes), done: resolve }) })
}

function settle (waits: Set<Wait>, hash: string): void {
  for (const wait of waits) {
    if (wait.pending.delete(hash) && wait.pending.size === 0) {
      waits.delete(wait)
      wait.done()
    }
  }
}

/** When an entry's origin called contribute, on the run's clock; undefined where it did not say. */
export function contributedMs ({ attributes }: Contribution): number | undefined {
  const ms = Number(attributes[contributedMsAttribute])
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}
