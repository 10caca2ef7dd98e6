import { livesOf, lifeAt } from './lives.ts'
import type { InstanceContext } from '../context.ts'
import type { Member } from '../members.ts'
import type { Ledger } from './ledger.ts'
import type { Timeline } from './timeline.ts'

export interface AvailabilityInit {
  readonly timeline: Timeline
  readonly ledger: Pick<Ledger, 'acks' | 'holdings'>
  readonly members: readonly Pick<Member, 'index' | 'name'>[]
  readonly startMs: number
  readonly sampleMs: number
}

export interface Availability {
  /** At each sample: how many of the files acknowledged by then some live peer held. */
  readonly overTime: ReadonlyArray<{ readonly elapsedMs: number, readonly available: number, readonly of: number }>
  /** For each file: at how many of the samples since its acknowledgement some live peer held it. */
  readonly byFile: ReadonlyArray<{ readonly cid: string, readonly available: number, readonly of: number }>
}

/** Puts together, from what all have told, when which file could be had from anybody. */
export function availabilityOf ({ timeline, ledger, members, startMs, sampleMs }: AvailabilityInit): Availability {
  const acks = [...ledger.acks.values()]
  const byFile = new Map(acks.map(({ hash, cid }) => [hash, { cid, available: 0, of: 0 }]))
  const holders = new Map<string, Array<{ from: number, life: number, atMs: number }>>()
  const lives = new Map(members.map(({ index, name }) => [index, livesOf(timeline, name)]))
  const overTime: Array<{ elapsedMs: number, available: number, of: number }> = []

  for (const { from, life, atMs, hashes } of ledger.holdings) {
    hashes.forEach((hash) => { holders.set(hash, [...holders.get(hash) ?? [], { from, life, atMs }]) })
  }

  for (let elapsedMs = sampleMs; elapsedMs <= timeline.endMs; elapsedMs += sampleMs) {
    const there = new Map([...lives].map(([index, all]) => [index, lifeAt(all, elapsedMs)?.number]))
    const acked = acks.filter(({ ackMs }) => ackMs <= startMs + elapsedMs)
    // A life tells at a sample what it holds then; one that comes between two of them cannot have told yet, nor have been asked.
    const available = acked.filter(({ hash }) => holders.get(hash)?.some(({ from, life, atMs }) =>
      atMs <= startMs + elapsedMs && there.get(from) === life))
    const count = (some: typeof acks, what: 'of' | 'available'): void => {
      some.flatMap(({ hash }) => byFile.get(hash) ?? []).forEach((file) => { file[what]++ })
    }
    count(acked, 'of')
    count(available, 'available')
    overTime.push({ elapsedMs, available: available.length, of: acked.length })
  }

  return { overTime, byFile: [...byFile.values()] }
}

/** Records when which file could be had. */
export function recordAvailability (context: InstanceContext, init: AvailabilityInit): void {
  const { overTime, byFile } = availabilityOf(init)

  for (const { elapsedMs, available, of } of overTime.filter((each) => each.of > 0)) {
    context.record.metric('files_available_ratio', available / of, {}, { elapsed_ms: elapsedMs, of })
  }

  for (const { cid, available, of } of byFile.filter((each) => each.of > 0)) {
    context.record.metric('file_availability', available / of, { cid })
  }
}
