import { contributedMs } from './arrivals.ts'
import { connectMember, openMember } from './cluster.ts'
import { compareWithPosted, judge } from './judgement.ts'
import { observeLinks } from './links.ts'
import { meet } from './members.ts'
import { phaseState } from './phases.ts'
import { contributorOf } from './sabotage.ts'
import { resolvesWithin } from './wait.ts'
import { collectPosted, openCorpusOf, post, publishPosted, shareOf } from './workload.ts'
import type { Arrival } from './arrivals.ts'
import type { Cluster, OpenOptions } from './cluster.ts'
import type { InstanceContext } from './context.ts'
import type { Corpus } from './corpus/index.ts'
import type { Member, Members } from './members.ts'
import type { CorpusParams } from './params.ts'
import type { Posted } from './workload.ts'
import type { Contribution } from '../peersdb/index.ts'

/** What every instance of a case that replicates a corpus knows once all have met. */
export interface Gathering {
  readonly params: CorpusParams
  readonly members: Members
  readonly corpus: Corpus
  /** How long to wait for all others to come to a state, in milliseconds: longer than any of them may need. */
  readonly patienceMs: number
}

/** @param open - what the run posts, where it is not what `corpus` names */
export async function gather<P extends CorpusParams> (
  context: InstanceContext, params: P, open: (members: Members) => Promise<Corpus> = () => openCorpusOf(params)
): Promise<Gathering> {
  const members = await meet(context, params)
  const corpus = await open(members)
  const timeoutMs = params.timeout_secs * 1000
  const patienceMs = timeoutMs * (3 + members.withRole('newcomer').length) + 4 * corpus.items.length * params.interval_ms
  return { params, members, corpus, patienceMs }
}

/** Comes to a phase and waits for all others that come to it. */
export async function reach (context: InstanceContext, { patienceMs }: Gathering, phase: string, instances: number): Promise<void> {
  await context.phase(phase)
  await context.sync.barrier(phaseState(phase), instances, patienceMs)
}

/** Opens this instance's peer and connects it to all other peers of the founding cluster. */
export async function found (
  context: InstanceContext, gathering: Gathering, founders: readonly Member[], options: OpenOptions = {}
): Promise<Cluster> {
  const { params, members } = gathering
  const cluster = await openMember(context, members, params, options)
  const byPeerId = await connectMember(context, cluster.peer, founders, params)
  recordArrivals(context, cluster, ({ contributor }) => byPeerId.get(contributor))
  observeLinks(context, cluster.peer, members, byPeerId)
  await reach(context, gathering, 'connected', founders.length)
  return cluster
}

/** Records a row whenever a contribution of another member, or its file, arrives. */
export function recordArrivals (
  context: InstanceContext, { peer, arrivals }: Cluster, originOf: (contribution: Contribution) => Member | undefined
): void {
  const record = (name: 'replication_entry_ms' | 'replication_file_ms', { contribution }: Arrival, arrivedMs: number): void => {
    const origin = originOf(contribution)
    const startedMs = contributedMs(contribution)

    if (origin != null && startedMs != null && contribution.contributor !== peer.id) {
      context.record.metric(name, arrivedMs - startedMs, rowTags(origin, contribution.cid, contribution.size))
    }
  }

  arrivals.onEntry = (arrival) => { record('replication_entry_ms', arrival, arrival.entryMs) }
  arrivals.onFile = (arrival) => { record('replication_file_ms', arrival, arrival.fileMs ?? NaN) }
}

function rowTags (origin: Member, cid: string, bytes: number): Record<string, string | number> {
  return { from: origin.region, cid, bytes }
}

/**
 * Contributors post their shares of the corpus; resolves when everything reached this peer, or when the
 * wait ran out: what is missing then is recorded as censored.
 *
 * @returns what all contributors posted
 */
export async function fill (
  context: InstanceContext, gathering: Gathering, cluster: Cluster, contributors: readonly Member[]
): Promise<Posted[]> {
  const { corpus, params, patienceMs } = gathering
  const rank = contributors.findIndex(({ index }) => index === context.index)

  if (params.sabotage === 'report-early') {
    cluster.early = await Array.fromAsync(cluster.peer.query())
  }

  if (rank !== -1) {
    const share = shareOf(corpus.items, rank, contributors.length)
    await publishPosted(context, await post(context, contributorOf(cluster.peer, params.sabotage), share, params.interval_ms))

    if (params.sabotage === 'invent') {
      await cluster.peer.contribute(Buffer.from(`what instance ${context.index} told nobody of`), { name: 'invented' })
    }
  }

  const posted = await collectPosted(context, corpus.items.length, contributors.length, patienceMs)

  const arrived = cluster.arrivals.filesOf(posted.map(({ hash }) => hash))
  const complete = await resolvesWithin(arrived, params.timeout_secs * 1000, `the files of ${posted.length} contributions`, context.signal)

  if (!complete) {
    recordMissing(context, gathering, cluster, posted)
  }

  return posted
}

function recordMissing (context: InstanceContext, { members }: Gathering, { arrivals }: Cluster, posted: readonly Posted[]): void {
  const nowMs = context.clock.nowMs()

  for (const { hash, cid, bytes, from, atMs } of posted) {
    const origin = members.all[from]
    const arrival = arrivals.byHash.get(hash)

    if (origin == null || from === context.index) {
      continue
    }

    if (arrival == null) {
      context.record.metric('replication_entry_ms', nowMs - atMs, rowTags(origin, cid, bytes), { censored: 1 })
    }

    if (arrival?.fileMs == null) {
      context.record.metric('replication_file_ms', nowMs - atMs, rowTags(origin, cid, bytes), { censored: 1 })
    }
  }
}

/**
 * Judges this peer by what it holds, waits until all others have done so, and closes it.
 *
 * @param found - a failure that the case found before
 * @throws {JudgementError} where it holds anything but what was posted, and otherwise what was found before
 */
export async function judgeAndClose (
  context: InstanceContext, gathering: Gathering, cluster: Cluster, posted: readonly Posted[], found?: Error
): Promise<void> {
  const { all, self } = gathering.members
  const { peer, early } = cluster
  const seen = early == null ? peer : { query: async function * () { yield * early }, get: peer.get.bind(peer) }
  const failure = judge(context, self, posted, await compareWithPosted(seen, posted, context.signal))
  recordTraffic(context, cluster, posted)
  await reach(context, gathering, 'judged', all.length)
  await cluster.peer.close()

  if (failure != null || found != null) {
    throw failure ?? found as Error
  }
}

/** Records what this instance exchanged with each region, and how many bytes it received for each one that it needed. */
function recordTraffic (context: InstanceContext, cluster: Cluster, posted: readonly Posted[]): void {
  const receivedBytes = recordBytes(context, cluster)
  const neededBytes = posted.filter(({ from }) => from !== context.index).reduce((sum, { bytes }) => sum + bytes, 0)

  if (neededBytes > 0) {
    context.record.metric('redundancy', receivedBytes / neededBytes)
  }
}

/** Records what this instance exchanged with each region, and by each protocol. @returns the bytes that it received from all regions */
export function recordBytes (context: InstanceContext, { counters, peer }: Cluster): number {
  for (const { name, labels: { protocol }, value } of peer.counters()) {
    if (protocol != null && (name === 'protocol_bytes_sent' || name === 'protocol_bytes_received')) {
      context.record.metric(name, value, { protocol })
    }
  }

  const byRegion = Object.entries(counters.snapshot())

  for (const [region, { bytesSent, bytesReceived }] of byRegion) {
    context.record.metric('bytes_sent', bytesSent, { to: region })
    context.record.metric('bytes_received', bytesReceived, { from: region })
  }

  return byRegion.reduce((sum, [, { bytesReceived }]) => sum + bytesReceived, 0)
}
