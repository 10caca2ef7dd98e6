import { digestOf, judge } from '../judgement.ts'
import { reach, recordBytes } from '../replicate.ts'
import { resolvesWithin } from '../wait.ts'
import { recordAvailability } from './availability.ts'
import { postingAttribute } from './live.ts'
import { livesOf } from './lives.ts'
import { sleepUntil } from './session.ts'
import type { Contribution } from '../../peersdb/index.ts'
import type { Differences } from '../judgement.ts'
import type { Posted } from '../workload.ts'
import type { Ledger } from './ledger.ts'
import type { Lived } from './live.ts'
import type { Session, Situation } from './session.ts'

/** Entries of one message; each has about 200 bytes and a message may have 32,000. */
const entriesPerMessage = 100

/** What has to be everywhere; of some entries, nobody has the file. */
interface Expected extends Posted {
  readonly hasFile: boolean
}

/**
 * The faults are over: everybody who is there waits until it holds what has to be everywhere, reads it back and judges.
 *
 * @throws {JudgementError} where it holds less, or something that nobody meant to post
 */
export async function healAndJudge (situation: Situation, session: Session, { early, recorded }: Lived): Promise<void> {
  const { context, gathering, timeline, ledger, params } = situation
  const { all, self } = gathering.members
  const { startMs, cluster } = session
  const survivors = survivorsOf(situation)
  await sleepUntil(context, startMs + timeline.endMs)
  const expected = await agree(situation, session, survivors)
  await recordHealing(situation, session, expected)
  session.over.resolve()
  await recorded
  await reach(context, gathering, 'healed', survivors.length)

  const entries = early ?? await Array.fromAsync(cluster.peer.query())
  const differences = await compare(entries, expected, ledger, async (cid) => digestOf(cluster.peer, cid, context.signal))
  const failure = judge(context, self, expected, differences)
  recordBytes(context, cluster)

  if (survivors[0] === context.index) {
    recordAvailability(context, { timeline, ledger, members: all, startMs, sampleMs: params.sample_ms })
  }

  await reach(context, gathering, 'judged', survivors.length)
  await cluster.peer.close()

  if (failure != null) {
    throw failure
  }
}

/** Those who are there at the end, by their index. */
function survivorsOf ({ gathering, timeline }: Situation): number[] {
  return gathering.members.all.filter(({ name }) => livesOf(timeline, name).at(-1)?.untilMs === Infinity).map(({ index }) => index)
}

/**
 * What was acknowledged at an origin that is there with the disk of then has to be everywhere. So has what anybody holds of the rest:
 * it was posted by somebody who is gone, or not acknowledged before its origin was.
 */
async function agree (situation: Situation, { life, cluster }: Session, survivors: readonly number[]): Promise<Expected[]> {
  const { context, gathering, timeline, ledger } = situation
  const { members: { all }, patienceMs } = gathering
  await ledger.write({ type: 'posted', from: context.index, life: life.number })
  await ledger.until('posted', survivors, patienceMs)
  const required = [...ledger.acks.values()].filter(({ from, disk }) => {
    const last = livesOf(timeline, all[from]?.name ?? '').at(-1)
    return last?.untilMs === Infinity && last.disk === disk
  })
  const hashes = new Set(required.map(({ hash }) => hash))
  const rest = [...cluster.arrivals.byHash.values()].flatMap(({ contribution: { hash, cid, attributes }, fileMs }) => {
    const id = attributes[postingAttribute] ?? ''
    return hashes.has(hash) || !ledger.intents.has(id) ? [] : [{ hash, id, cid, held: fileMs != null }]
  })

  for (let start = 0; start < rest.length; start += entriesPerMessage) {
    await ledger.write({ type: 'spread', from: context.index, entries: rest.slice(start, start + entriesPerMessage) })
  }

  await ledger.write({ type: 'told', from: context.index, life: life.number })
  await ledger.until('told', survivors, patienceMs)
  const spread = new Map<string, { hash: string, id: string, cid: string, held: boolean }>()

  for (const entry of ledger.spreads.flatMap(({ entries }) => entries)) {
    spread.set(entry.hash, { ...entry, held: entry.held || spread.get(entry.hash)?.held === true })
  }

  return [...required.map((ack) => ({ ...ack, held: true })), ...spread.values()].map(({ hash, cid, id, held }) => ({
    hash,
    cid,
    sha256: ledger.intents.get(id)?.sha256 ?? '',
    bytes: ledger.intents.get(id)?.bytes ?? 0,
    from: Number(id.split('.')[0]),
    atMs: ledger.acks.get(id)?.ackMs ?? -Infinity,
    hasFile: held
  }))
}

/** Waits for what has to be here; records how long after the last fault it was. */
async function recordHealing (situation: Situation, { startMs, cluster }: Session, expected: readonly Expected[]): Promise<void> {
  const { context, timeline, params } = situation
  const { arrivals } = cluster
  const lastFaultMs = startMs + (timeline.events.at(-1)?.atMs ?? 0)
  const arrived = Promise.all([
    arrivals.entriesOf(expected.map(({ hash }) => hash)),
    arrivals.filesOf(expected.filter(({ hasFile }) => hasFile).map(({ hash }) => hash))
  ])
  const complete = params.sabotage === 'report-early' ||
    await resolvesWithin(arrived, params.timeout_secs * 1000, `the files of ${expected.length} contributions`, context.signal)
  // What was posted after the last fault says nothing about healing.
  const lateMs = expected.filter(({ atMs }) => atMs <= lastFaultMs).map(({ hash, hasFile }) => {
    const arrival = arrivals.byHash.get(hash)
    return (hasFile ? arrival?.fileMs : arrival?.entryMs) ?? context.clock.nowMs()
  })
  context.record.metric('heal_ms', Math.max(0, ...lateMs.map((ms) => ms - lastFaultMs)), {}, complete ? {} : { censored: 1 })
}

/** How what a peer holds differs from what has to be everywhere, and from what anybody meant to post. */
export async function compare (
  entries: readonly Contribution[], expected: readonly Expected[], { intents }: Pick<Ledger, 'intents'>,
  digest: (cid: string) => Promise<string | undefined>
): Promise<Differences> {
  const byHash = new Map(entries.map((entry) => [entry.hash, entry]))
  const cids = new Map(expected.map(({ hash, cid }) => [hash, cid]))
  const firstOf = new Map(entries.map(({ hash, attributes }) => [attributes[postingAttribute], hash]))
  const differences: Differences = {
    missingEntries: expected.filter(({ hash }) => !byHash.has(hash)),
    inventedEntries: entries.filter(({ hash, cid, attributes }) => {
      const id = attributes[postingAttribute] ?? ''
      return !intents.has(id) || firstOf.get(id) !== hash || (cids.get(hash) ?? cid) !== cid
    }),
    missingFiles: [],
    differentFiles: []
  }

  for (const record of expected.filter(({ hash, hasFile }) => hasFile && byHash.has(hash))) {
    const held = await digest(record.cid)

    if (held !== record.sha256) {
      (held == null ? differences.missingFiles : differences.differentFiles).push(record)
    }
  }

  return differences
}
