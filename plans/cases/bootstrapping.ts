import { connectMember, openMember } from '../cluster.ts'
import { ParameterError } from '../errors.ts'
import { observeLinks } from '../links.ts'
import { readParams } from '../params.ts'
import { phaseState } from '../phases.ts'
import { fill, found, gather, judgeAndClose } from '../replicate.ts'
import { resolvesWithin } from '../wait.ts'
import { collectPosted } from '../workload.ts'
import { checkCorpus, checkGroups, countRole, requireSaboteurs } from './case.ts'
import type { Arrival } from '../arrivals.ts'
import type { Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { Member } from '../members.ts'
import type { Gathering } from '../replicate.ts'
import type { Posted } from '../workload.ts'
import type { TestCase } from './case.ts'

/** A cluster holds the corpus; newcomers join in rounds, one after another: when does each of them hold everything? */
export const bootstrapping: TestCase = {
  check: async (groups) => {
    const [first] = await checkGroups('bootstrapping', groups)
    const notes = await checkCorpus(first)
    requireSaboteurs('bootstrapping', groups, 'peer')

    for (const role of ['peer', 'newcomer']) {
      if (countRole('bootstrapping', groups, role) === 0) {
        throw new ParameterError(`no group has role = "${role}"; bootstrapping needs a cluster of peers, and newcomers that join it`)
      }
    }

    return notes
  },

  phases: (groups) => {
    const peers = countRole('bootstrapping', groups, 'peer')
    const newcomers = countRole('bootstrapping', groups, 'newcomer')
    return [
      { name: 'connected', instances: peers },
      { name: 'filled', instances: peers },
      { name: 'joined', instances: newcomers },
      { name: 'judged', instances: peers + newcomers }
    ]
  },

  run: async (context) => {
    const params = readParams('bootstrapping', context.params)
    const gathering = await gather(context, params)
    const { self, withRole } = gathering.members
    const founders = withRole('peer')
    const newcomers = withRole('newcomer')
    const { cluster, posted } = self.role === 'peer'
      ? await holdCorpus(context, gathering, founders)
      : await joinInTurn(context, gathering, founders, newcomers, params.joins_at_once)
    await context.sync.barrier(phaseState('joined'), newcomers.length, gathering.patienceMs)
    await judgeAndClose(context, gathering, cluster, posted)
  }
}

interface Held {
  cluster: Cluster
  posted: Posted[]
}

async function holdCorpus (context: InstanceContext, gathering: Gathering, founders: readonly Member[]): Promise<Held> {
  const cluster = await found(context, gathering, founders)
  const posted = await fill(context, gathering, cluster, founders)
  await context.phase('filled')
  return { cluster, posted }
}

/** Waits until the founders hold the corpus and the rounds before have joined; then joins, beside the others of its round, and measures. */
async function joinInTurn (
  context: InstanceContext, gathering: Gathering, founders: readonly Member[], newcomers: readonly Member[], joinsAtOnce: number
): Promise<Held> {
  const { members, params, patienceMs, corpus } = gathering
  const { joined, together } = roundOf(newcomers, context.index, joinsAtOnce)
  const before = [...founders, ...joined]
  const posted = await collectPosted(context, corpus.items.length, founders.length, patienceMs)
  await context.sync.barrier(phaseState('filled'), founders.length, patienceMs)
  await context.sync.barrier(phaseState('joined'), joined.length, patienceMs)

  const startedMs = context.clock.nowMs()
  const cluster = await openMember(context, members, params)

  if (params.sabotage === 'report-early') {
    cluster.early = await Array.fromAsync(cluster.peer.query())
  }

  recordProgress(context, cluster, { startedMs, peersBefore: before.length, of: posted.length })
  observeLinks(context, cluster.peer, members, await connectMember(context, cluster.peer, [...before, ...together], params))
  await recordBootstrap(context, gathering, cluster, { startedMs, peersBefore: before.length, posted })
  await context.phase('joined')
  return { cluster, posted }
}

/**
 * Newcomers join in rounds of `joinsAtOnce`, in the order given; the last round may have fewer.
 *
 * @returns the newcomers of all rounds before that of the newcomer with this index, and those of its own, itself among them
 */
export function roundOf<M extends { index: number }> (
  newcomers: readonly M[], index: number, joinsAtOnce: number
): { joined: M[], together: M[] } {
  const turn = newcomers.findIndex((newcomer) => newcomer.index === index)
  const first = turn - turn % joinsAtOnce
  return { joined: newcomers.slice(0, first), together: newcomers.slice(first, first + joinsAtOnce) }
}

/** Records how much a newcomer holds whenever that changes: the curve of its bootstrapping over time. */
function recordProgress (
  context: InstanceContext, { arrivals }: Cluster, start: { startedMs: number, peersBefore: number, of: number }
): void {
  const tags = { peers_before: start.peersBefore }
  let files = 0
  const record = (name: 'bootstrap_entries_held' | 'bootstrap_files_held', held: number): void => {
    context.record.metric(name, held, tags, { of: start.of, elapsed_ms: context.clock.nowMs() - start.startedMs })
  }

  arrivals.onEntry = () => { record('bootstrap_entries_held', arrivals.byHash.size) }
  arrivals.onFile = () => { record('bootstrap_files_held', ++files) }
}

async function recordBootstrap (
  context: InstanceContext, { params }: Gathering, { arrivals, early }: Cluster,
  { startedMs, peersBefore, posted }: { startedMs: number, peersBefore: number, posted: readonly Posted[] }
): Promise<void> {
  const tags = { peers_before: peersBefore }
  const hashes = posted.map(({ hash }) => hash)
  const bytes = posted.reduce((sum, record) => sum + record.bytes, 0)
  const timeoutMs = params.timeout_secs * 1000
  const censored = { censored: 1 }

  // The peer may have everything before its connections are complete, so the times are those of the arrivals.
  const lastMs = (of: (arrival: Arrival) => number | undefined): number =>
    Math.max(...hashes.map((hash) => { const arrival = arrivals.byHash.get(hash); return (arrival && of(arrival)) ?? startedMs }))
  const hasLog = early != null || await resolvesWithin(arrivals.entriesOf(hashes), timeoutMs, `${hashes.length} entries`, context.signal)
  context.record.metric('bootstrap_log_ms', (hasLog ? lastMs(({ entryMs }) => entryMs) : context.clock.nowMs()) - startedMs,
    { ...tags, entries: posted.length }, hasLog ? {} : censored)
  const hasFiles = early != null ||
    (hasLog && await resolvesWithin(arrivals.filesOf(hashes), timeoutMs, `the files of ${hashes.length} entries`, context.signal))
  context.record.metric('bootstrap_files_ms', (hasFiles ? lastMs(({ fileMs }) => fileMs) : context.clock.nowMs()) - startedMs,
    { ...tags, files: posted.length, bytes }, hasFiles ? {} : censored)
}
