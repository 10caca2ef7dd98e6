import { lifeAt, livesOf } from './lives.ts'
import { sleepUntil } from './session.ts'
import type { Arrival } from '../arrivals.ts'
import type { Session, Situation } from './session.ts'

/** What others tell may take so long to come here; what was held at a time is looked at so much later. */
export const sampleLagMs = 1_000
/** Hashes of one message; each has about 60 bytes and a message may have 32,000. */
const hashesPerMessage = 400

/** Records, at multiples of the interval after the start mark, what of all that was acknowledged by then this peer held. */
export async function sample (situation: Situation, session: Session, untilMs: number): Promise<void> {
  const { context, params, timeline } = situation
  const { startMs, life, cluster } = session
  const told = new Set<string>()
  const adopted = new Set(cluster.arrivals.byHash.keys())
  const first = Math.max(1, Math.ceil((context.clock.nowMs() - startMs) / params.sample_ms))

  for (let elapsedMs = first * params.sample_ms; elapsedMs <= timeline.endMs; elapsedMs += params.sample_ms) {
    const dueMs = startMs + elapsedMs + sampleLagMs

    // Whoever is there to the end looks at that, too.
    if (dueMs > untilMs && life.untilMs <= timeline.endMs) {
      return
    }

    await sleepUntil(context, dueMs)
    recordHeld(situation, session, elapsedMs)
    recordWaste(context, session, adopted, elapsedMs)
    await tellHoldings(situation, session, told, startMs + elapsedMs)
  }
}

function recordHeld (situation: Situation, { cluster, startMs }: Session, elapsedMs: number): void {
  const { context, ledger, timeline, gathering: { members } } = situation
  const nowMs = startMs + elapsedMs
  const acked = [...ledger.acks.values()].filter(({ ackMs }) => ackMs <= nowMs)
  const come = (hash: string): Arrival | undefined => {
    const arrival = cluster.arrivals.byHash.get(hash)
    return arrival != null && arrival.entryMs <= nowMs ? arrival : undefined
  }
  const measures = { elapsed_ms: elapsedMs, of: acked.length }

  if (acked.length > 0) {
    context.record.metric('entries_held_ratio', acked.filter(({ hash }) => come(hash) != null).length / acked.length, {}, measures)
    context.record.metric('files_held_ratio', acked.filter(({ hash }) => (come(hash)?.fileMs ?? Infinity) <= nowMs).length / acked.length, {}, measures)
  }

  const alive = members.all.filter(({ name }) => lifeAt(livesOf(timeline, name), elapsedMs) != null)

  // One instance tells what is the same for all.
  if (alive[0]?.index === context.index) {
    context.record.metric('peers_alive', alive.length, {}, { elapsed_ms: elapsedMs, of: members.all.length })
  }
}

function recordWaste (
  context: Situation['context'], { cluster: { counters, arrivals } }: Session, adopted: ReadonlySet<string>, elapsedMs: number
): void {
  const isOwn = (posting: string | undefined): boolean => posting?.startsWith(`${context.index}.`) ?? false
  const received = Object.values(counters.snapshot()).reduce((sum, { bytesReceived }) => sum + bytesReceived, 0)
  const needed = [...arrivals.byHash.values()]
    .filter(({ contribution: { hash, attributes }, fileMs }) => fileMs != null && !adopted.has(hash) && !isOwn(attributes.posting))
    .reduce((sum, { contribution }) => sum + contribution.size, 0)
  context.record.metric('wasted_bytes', received - needed, {}, { elapsed_ms: elapsedMs })
}

/** Tells the others which whole files this life has come to hold, so that it can be known which of them anybody held. */
async function tellHoldings ({ context, ledger }: Situation, { life, cluster }: Session, told: Set<string>, atMs: number): Promise<void> {
  const held = [...cluster.arrivals.byHash].filter(([, { fileMs }]) => fileMs != null && fileMs <= atMs).map(([hash]) => hash)
  const hashes = held.filter((hash) => !told.has(hash))
  hashes.forEach((hash) => told.add(hash))

  for (let start = 0; start < hashes.length; start += hashesPerMessage) {
    await ledger.write({ type: 'holding', from: context.index, life: life.number, atMs, hashes: hashes.slice(start, start + hashesPerMessage) })
  }
}
