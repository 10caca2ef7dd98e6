import { within } from '../wait.ts'
import type { InstanceContext } from '../context.ts'

const topic = 'ledger'

/** Told before anything is posted, so that whatever turns up can be known for something that somebody meant to post. */
export interface Intent {
  readonly type: 'intent'
  /** "<index of the instance>.<number of the post>". */
  readonly id: string
  readonly sha256: string
  readonly bytes: number
}

/** Told once a contribution was acknowledged to whoever posted it. */
export interface Ack {
  readonly type: 'ack'
  readonly id: string
  readonly from: number
  readonly hash: string
  readonly cid: string
  /** The disk of the instance that it was written to. */
  readonly disk: number
  /** On the run's clock: when it was called for, and when it was acknowledged. */
  readonly atMs: number
  readonly ackMs: number
}

/** What a life of an instance has come to hold as whole files by a time, beside what it told before. */
export interface Holding {
  readonly type: 'holding'
  readonly from: number
  readonly life: number
  /** On the run's clock. */
  readonly atMs: number
  /** By the hash of the entry. */
  readonly hashes: readonly string[]
}

/** A contribution that nobody has seen acknowledged, or whose origin is gone, and that an instance holds all the same. */
export interface Spread {
  readonly type: 'spread'
  readonly from: number
  readonly entries: ReadonlyArray<{ readonly hash: string, readonly id: string, readonly cid: string, readonly held: boolean }>
}

/** A life of an instance begins; it posts no more; it has told all that it spreads. */
export interface Milestone {
  readonly type: 'begun' | 'posted' | 'told'
  readonly from: number
  readonly life: number
}

export type LedgerLine = Intent | Ack | Holding | Spread | Milestone

/**
 * What all instances tell of what they post and hold, in one order, so that who comes late, or judges at the end, knows what had
 * been acknowledged by instances that are gone.
 */
export interface Ledger {
  readonly intents: ReadonlyMap<string, Intent>
  /** By id. */
  readonly acks: ReadonlyMap<string, Ack>
  readonly holdings: readonly Holding[]
  readonly spreads: readonly Spread[]
  write (line: LedgerLine): Promise<void>
  /** Resolves when all of these instances, by index, have come to a milestone; with a life, to that of this life. */
  until (milestone: Milestone['type'], instances: readonly number[], timeoutMs: number, life?: number): Promise<void>
}

export async function followLedger (context: InstanceContext): Promise<Ledger> {
  const intents = new Map<string, Intent>()
  const acks = new Map<string, Ack>()
  const holdings: Holding[] = []
  const spreads: Spread[] = []
  const milestones: Milestone[] = []
  const waits = new Set<() => void>()

  await context.sync.follow<LedgerLine>(topic, (line) => {
    switch (line.type) {
      case 'intent':
        intents.set(line.id, line)
        break
      case 'ack':
        acks.set(line.id, line)
        break
      case 'holding':
        holdings.push(line)
        break
      case 'spread':
        spreads.push(line)
        break
      default:
        milestones.push(line)
        waits.forEach((look) => { look() })
    }
  })

  return {
    intents,
    acks,
    holdings,
    spreads,
    write: async (line) => context.sync.publish(topic, line),
    until: async (milestone, instances, timeoutMs, life) => {
      const come = (): boolean => instances.every((index) =>
        milestones.some(({ type, from, life: of }) => type === milestone && from === index && (life == null || of === life)))
      const reached = Promise.withResolvers<void>()
      const look = (): void => { if (come()) { reached.resolve() } }
      waits.add(look)
      look()
      await within(reached.promise, timeoutMs, `${instances.length} instances to tell that they have ${milestone}`, context.signal)
        .finally(() => { waits.delete(look) })
    }
  }
}
