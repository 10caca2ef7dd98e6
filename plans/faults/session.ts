import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addressOf, connectMember, openMember } from '../cluster.ts'
import { recordArrivals } from '../replicate.ts'
import { lifeAt, livesOf } from './lives.ts'
import { setStartMark } from './start-mark.ts'
import type { Address, Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { Member } from '../members.ts'
import type { FaultParams } from '../params.ts'
import type { Gathering } from '../replicate.ts'
import type { Ledger } from './ledger.ts'
import type { Life } from './lives.ts'
import type { Timeline } from './timeline.ts'

/** What an instance knows of a run with faults, whichever of its lives it is in. */
export interface Situation {
  readonly context: InstanceContext
  readonly params: FaultParams
  readonly gathering: Gathering
  readonly timeline: Timeline
  readonly ledger: Ledger
  /** By index, the latest that each has told. */
  readonly addresses: ReadonlyMap<number, Address>
  /** Waits for the start mark, from which on links are as the timeline has them; in milliseconds on the run's clock. */
  started (): Promise<number>
}

/** One life of this instance, from the moment at which its peer is open. */
export interface Session {
  readonly life: Life
  readonly cluster: Cluster
  /** The start mark, and when this life began to open its peer; on the run's clock. */
  readonly startMs: number
  readonly openedMs: number
  /** Resolved when the life is over, or everything has healed. */
  readonly over: PromiseWithResolvers<void>
}

/** Opens the peer of a life at its time, with the disk and at the address that the instance has. */
export async function beginSession (situation: Situation, life: Life): Promise<Session> {
  const { context, ledger, gathering: { members: { self } } } = situation
  context.record.tag({ life: life.number })
  const session = life.begins === 'start' ? await startTogether(situation, life) : await comeLater(situation, life)
  await ledger.write({ type: 'begun', from: self.index, life: life.number })
  // From here on, all that had been told before this life began is known to it.
  await ledger.until('begun', [self.index], situation.params.timeout_secs * 1000, life.number)
  return session
}

async function startTogether (situation: Situation, life: Life): Promise<Session> {
  const { context, params, timeline, gathering: { members: { all } } } = situation
  const openedMs = context.clock.nowMs()
  const cluster = await open(situation, life)
  const founders = all.filter(({ name }) => livesOf(timeline, name)[0]?.begins === 'start')
  await connectMember(context, cluster.peer, founders, params)

  if (await context.phase('connected') === founders.length) {
    await setStartMark(context)
  }

  const startMs = await situation.started()
  return { life, cluster, startMs, openedMs, over: Promise.withResolvers() }
}

async function comeLater (situation: Situation, life: Life): Promise<Session> {
  const { context } = situation
  const startMs = await situation.started()
  await sleepUntil(context, startMs + life.fromMs)
  const openedMs = context.clock.nowMs()
  return { life, cluster: await open(situation, life), startMs, openedMs, over: Promise.withResolvers() }
}

async function open (situation: Situation, life: Life): Promise<Cluster> {
  const { context, params, gathering: { members } } = situation
  const options = { directory: join(context.storageDirectory, `disk-${life.disk}`), peerExchange: true }
  const before = readAddress(context)
  const cluster = await (before == null
    ? openMember(context, members, params, options)
    // Whoever came back is where it was. Where somebody else has taken its port, it is elsewhere.
    : openMember(context, members, params, { ...options, listen: [before] })
        .catch(() => openMember(context, members, params, options)))
  const [address = ''] = cluster.peer.addresses()
  writeFileSync(addressFile(context), address.replace(/\/p2p\/.*/, ''))
  await adopt(cluster)
  recordArrivals(context, cluster, ({ attributes }) => originOf(members.all, attributes.posting))
  return cluster
}

/** A peer that was opened with its disk tells of nothing that it found there. */
async function adopt ({ peer, arrivals }: Cluster): Promise<void> {
  const held = new Set((await Array.fromAsync(peer.query({ held: true }))).map(({ hash }) => hash))
  arrivals.adopt(await Array.fromAsync(peer.query()), (hash) => held.has(hash))
}

function originOf (all: readonly Member[], posting: string | undefined): Member | undefined {
  return all[Number(posting?.split('.')[0])]
}

function addressFile ({ storageDirectory }: InstanceContext): string {
  return join(storageDirectory, 'address')
}

function readAddress (context: InstanceContext): string | undefined {
  try {
    return readFileSync(addressFile(context), 'utf8')
  } catch {
    return undefined
  }
}

/** Tells where this peer is, and dials the others that are there until one shares the log with it, or its time is over. */
export async function findOthers (situation: Situation, { cluster: { peer }, startMs, over }: Session, untilMs: number): Promise<void> {
  const { context, params, timeline, addresses, gathering: { members } } = situation
  const random = context.random(`dials of ${peer.id}`)
  const ended = new AbortController()
  void over.promise.then(() => { ended.abort() })
  await context.sync.publish('addresses', addressOf(context, peer))

  while (!ended.signal.aborted && context.clock.nowMs() < untilMs && peer.status().neighbours === 0) {
    const nowMs = context.clock.nowMs()
    const there = members.all.filter(({ index, name }) =>
      index !== context.index && lifeAt(livesOf(timeline, name), nowMs - startMs) != null && addresses.has(index))
    const chosen = params.dials === 0 ? there : random.shuffle(there).slice(0, params.dials)
    const signal = AbortSignal.any([context.signal, ended.signal, AbortSignal.timeout(dialTimeoutMs)])
    // Those that cannot be reached now, because they crash or are cut off, are no mistake.
    await Promise.allSettled(chosen.map(({ index }) => peer.connect(addresses.get(index)?.multiaddr ?? '', { signal })))
    context.signal.throwIfAborted()

    if (!ended.signal.aborted && peer.status().neighbours === 0) {
      await sleepUntil(context, Math.min(untilMs, context.clock.nowMs() + retryMs))
    }
  }
}

const dialTimeoutMs = 10_000
const retryMs = 2_000

/** Resolves at a time on the run's clock, at once where it has passed. */
export async function sleepUntil ({ clock }: InstanceContext, ms: number): Promise<void> {
  const leftMs = ms - clock.nowMs()

  if (leftMs > 0) {
    await clock.sleep(leftMs)
  }
}
