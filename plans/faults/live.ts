import { createHash } from 'node:crypto'
import { contributedMsAttribute } from '../arrivals.ts'
import { neighbours } from '../cluster.ts'
import { resolvesWithin } from '../wait.ts'
import { shareOf } from '../workload.ts'
import { lifeAt, livesOf } from './lives.ts'
import { findOthers, sleepUntil } from './session.ts'
import { sample } from './sample.ts'
import type { Contribution } from '../../peersdb/index.ts'
import type { Session, Situation } from './session.ts'

/** The attribute in which a contributor notes which of its posts an entry is. */
export const postingAttribute = 'posting'
/** What is told of a life must be told before it ends; rows are written a quarter of a second late at most. */
const lastWordMs = 500
/** After its time, whoever was to be killed waits so long for that. */
const killMs = 30_000

/** How a life went. */
export interface Lived {
  /** What it saw of the log before its time, where it is one that reports too early. */
  readonly early?: readonly Contribution[]
  /** Resolves when all that is recorded of its return is; that ends with the life, or when everything has healed. */
  readonly recorded: Promise<void>
}

/** Lives one life: posts, and records what it holds, until the life or the faults end. */
export async function live (situation: Situation, session: Session): Promise<Lived> {
  const { context, timeline, params } = situation
  const { life, startMs, cluster } = session
  const untilMs = startMs + Math.min(life.untilMs, timeline.endMs)
  let early: readonly Contribution[] | undefined
  const reportEarly = async (): Promise<void> => {
    await sleepUntil(context, startMs + timeline.endMs / 2)
    early = await Array.fromAsync(cluster.peer.query())
  }
  const recorded = life.begins === 'start' ? Promise.resolve() : comeBack(situation, session, untilMs)
  // Whoever waits for it hears of a failure; nobody may, where the instance is stopped before.
  recorded.catch(() => undefined)
  await Promise.all([
    post(situation, session, untilMs),
    sample(situation, session, untilMs),
    params.sabotage === 'report-early' ? reportEarly() : undefined,
    sleepUntil(context, untilMs)
  ])

  if (life.ends === 'crash') {
    await sleepUntil(context, untilMs + killMs)
    throw new Error(`the process was to be killed ${life.untilMs} ms after the start mark, and is still there`)
  }

  if (life.ends === 'leave') {
    session.over.resolve()
    await recorded
  }

  return { early, recorded }
}

/** Posts what of this instance's share no earlier life has begun to post, with exponentially distributed pauses. */
async function post (situation: Situation, { life, cluster: { peer } }: Session, untilMs: number): Promise<void> {
  const { context, params, gathering, ledger } = situation
  const contributors = gathering.members.withRole('contributor')
  const rank = contributors.findIndex(({ index }) => index === context.index)
  const share = rank === -1 ? [] : shareOf(gathering.corpus.items, rank, contributors.length)
  const begun = [...ledger.intents.keys()].filter((id) => id.startsWith(`${context.index}.`)).length
  const random = context.random(`workload of life ${life.number}`)

  for (const [number, item] of [...share.entries()].slice(begun)) {
    await sleepUntil(context, Math.min(untilMs, context.clock.nowMs() - params.interval_ms * Math.log(1 - random.uniform())))

    if (context.clock.nowMs() >= untilMs) {
      return
    }

    const content = await item.bytes()
    const id = `${context.index}.${number}`
    const sha256 = createHash('sha256').update(content).digest('hex')
    const isInvented = params.sabotage === 'invent' && number === 0

    if (!isInvented) {
      await ledger.write({ type: 'intent', id, sha256, bytes: content.byteLength })
    }

    const atMs = context.clock.nowMs()
    const isDropped = params.sabotage === 'drop-tenth' && number % 10 === 9
    const { hash, cid } = isDropped
      ? { hash: `dropped-${id}`, cid: 'dropped' }
      : await peer.contribute(content, {
          name: item.name,
          attributes: { ...item.attributes, [contributedMsAttribute]: atMs.toFixed(3), [postingAttribute]: id },
          signal: context.signal
        })

    if (!isInvented) {
      await ledger.write({ type: 'ack', id, from: context.index, hash, cid, disk: life.disk, atMs, ackMs: context.clock.nowMs() })
    }
  }
}

/** Connects a peer that comes, or comes back, and records how long it needs until it has a neighbour, and all that had been posted. */
async function comeBack (situation: Situation, session: Session, untilMs: number): Promise<void> {
  const { context, ledger, params } = situation
  const { cluster: { peer, arrivals }, openedMs, life, over } = session
  const tags = returnTags(situation, session)
  const hashes = [...ledger.acks.values()].filter(({ ackMs }) => ackMs <= openedMs).map(({ hash }) => hash)
  const limitMs = context.clock.nowMs() + params.timeout_secs * 1000
  const lastMs = life.ends === 'crash' ? Math.min(limitMs, untilMs - lastWordMs) : limitMs
  const record = async (metric: 'rejoin_neighbour_ms' | 'rejoin_ms', come: Promise<unknown>, what: string): Promise<void> => {
    const waitMs = Math.max(0, lastMs - context.clock.nowMs())
    const isIn = await Promise.race([resolvesWithin(come, waitMs, what, context.signal), over.promise.then(() => false)])
    context.record.metric(metric, context.clock.nowMs() - openedMs, tags, isIn ? {} : { censored: 1 })
  }
  await Promise.all([
    findOthers(situation, session, life.ends == null ? limitMs : untilMs),
    record('rejoin_neighbour_ms', neighbours(peer, 1), 'a first neighbour'),
    record('rejoin_ms', arrivals.filesOf(hashes), `the files of ${hashes.length} contributions that had been acknowledged before`)
  ])
}

function returnTags ({ timeline, gathering: { members } }: Situation, { life, startMs, openedMs }: Session): Record<string, string> {
  const before = livesOf(timeline, members.self.name)[life.number - 1]
  const isRootThere = members.withRole('root').some(({ name }) => lifeAt(livesOf(timeline, name), openedMs - startMs) != null)
  return {
    begins: life.begins,
    disk: before?.disk === life.disk ? 'kept' : 'new',
    root: isRootThere ? 'present' : 'absent'
  }
}
