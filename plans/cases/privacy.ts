import { createHash } from 'node:crypto'
import { blocksOf } from '../../peersdb/adversary/index.ts'
import { createCounters } from '../../network/counters.ts'
import { connectMember, openMember } from '../cluster.ts'
import { JudgementError, ParameterError } from '../errors.ts'
import { compareWithPosted, digestOf, judge } from '../judgement.ts'
import { meet } from '../members.ts'
import { readParams } from '../params.ts'
import { phaseState } from '../phases.ts'
import { attackVictim } from '../privacy/attack.ts'
import { makeContents } from '../privacy/contents.ts'
import { openLookout } from '../privacy/lookout.ts'
import { leakPart, servePrivate } from '../privacy/sabotage.ts'
import { collectVictims, followEcho, publishVictim, tellWhatComes } from '../privacy/victims.ts'
import { resolvesWithin } from '../wait.ts'
import { collectPosted, publishPosted } from '../workload.ts'
import { checkGroups, countRole } from './case.ts'
import type { Block } from '../../peersdb/adversary/index.ts'
import type { Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { Member, Members } from '../members.ts'
import type { Params } from '../params.ts'
import type { Content } from '../privacy/contents.ts'
import type { Lookout } from '../privacy/lookout.ts'
import type { Posted } from '../workload.ts'
import type { GroupPlan, TestCase } from './case.ts'

/** Holders share some files and keep others to themselves; hostile peers ask for all of them: does any private byte leave? */
export const privacy: TestCase = {
  check: async (groups) => {
    await checkGroups('privacy', groups)

    for (const [role, why] of [['holder', 'there is nothing to be kept private'], ['hostile', 'nobody asks for what is private']] as const) {
      if (countRole('privacy', groups, role) === 0) {
        throw new ParameterError(`no group has role = "${role}", so ${why}; give it to at least one`)
      }
    }

    return []
  },

  phases: (groups) => {
    const hostile = countRole('privacy', groups, 'hostile')
    const honest = groups.reduce((sum: number, { count }: GroupPlan) => sum + count, 0) - hostile
    return [
      { name: 'connected', instances: honest },
      { name: 'filled', instances: honest },
      { name: 'attacked', instances: hostile },
      { name: 'judged', instances: honest + hostile }
    ]
  },

  run: async (context) => {
    const params = readParams('privacy', context.params)
    const members = await meet(context, params)
    const contents = makeContents(members.withRole('holder'), params)
    const lookout = openLookout(contents.private)
    const situation: Situation = { context, params, members, contents, lookout, patienceMs: 3 * params.timeout_secs * 1000 }
    const found = await (members.self.role === 'hostile' ? attackAll(situation) : beAttacked(situation))
    await reach(situation, 'judged', members.all.length)
    await found.close()

    if (found.failures.length > 0) {
      throw new JudgementError(`instance ${context.index} of group ${context.group}: ${found.failures.join('; ')}`)
    }
  }
}

interface Situation {
  readonly context: InstanceContext
  readonly params: Params<'privacy'>
  readonly members: Members
  readonly contents: Record<'private' | 'public', Content[]>
  readonly lookout: Lookout
  readonly patienceMs: number
}

interface Found {
  readonly failures: readonly string[]
  readonly close: () => Promise<void>
}

async function reach ({ context, patienceMs }: Situation, phase: string, instances: number): Promise<void> {
  await context.phase(phase)
  await context.sync.barrier(phaseState(phase), instances, patienceMs)
}

async function attackAll (situation: Situation): Promise<Found> {
  const { context, members, contents, lookout, params, patienceMs } = situation
  const honest = honestOf(members)
  const hostile = members.withRole('hostile')
  await context.sync.barrier(phaseState('filled'), honest.length, patienceMs)
  const victims = await collectVictims(context, honest.length, patienceMs)
  const enemy = {
    context,
    transport: () => context.transport({ profile: members.profile, region: members.self.region, counters: createCounters() }),
    tap: lookout.tap,
    echo: await followEcho(context, params.timeout_secs * 1000),
    blocks: { private: await blocksOfAll(contents.private), public: await blocksOfAll(contents.public) }
  }
  const doubts: string[] = []

  // Each begins with another one, so that they do not all come to the same peer at once.
  for (const [i] of victims.entries()) {
    const victim = victims[(i + hostile.findIndex(({ index }) => index === context.index)) % victims.length]
    doubts.push(...victim == null ? [] : await attackVictim(enemy, victim))
  }

  await reach(situation, 'attacked', hostile.length)
  return { failures: [...lookout.report(context), ...doubts], close: async () => undefined }
}

async function beAttacked (situation: Situation): Promise<Found> {
  const { context, params, members, contents, lookout, patienceMs } = situation
  const honest = honestOf(members)
  const cluster = await openMember(context, members, params, { dht: true })
  const { peer, arrivals } = cluster
  const own = contents.private.filter(({ holder }) => holder.index === context.index)

  // A broken peer would hardly look at what it sends itself.
  if (params.sabotage === 'none') {
    lookout.tap.add(peer.libp2p)
  } else {
    await sabotage(situation, cluster, own)
  }

  const byPeerId = await connectMember(context, peer, honest, params)
  await reach(situation, 'connected', honest.length)
  const hashes = await contributeOwn(situation, cluster, own)
  const posted = await collectPosted(context, contents.public.length, members.withRole('holder').length, patienceMs)
  const shared = arrivals.filesOf(posted.map(({ hash }) => hash))
  await resolvesWithin(shared, params.timeout_secs * 1000, `${posted.length} public files`, context.signal)
  tellWhatComes(context, peer, (id) => byPeerId.has(id))
  await publishVictim(context, peer, hashes)
  await reach(situation, 'filled', honest.length)
  await context.sync.barrier(phaseState('attacked'), members.withRole('hostile').length, patienceMs)
  const judged = await judgeHonest(situation, cluster, { posted, own, isHonest: (id) => byPeerId.has(id) })
  return { failures: [...lookout.report(context), ...judged], close: () => peer.close() }
}

/** @returns the hashes of what is private */
async function contributeOwn ({ context, contents }: Situation, { peer }: Cluster, own: readonly Content[]): Promise<string[]> {
  const posted: Posted[] = []
  const hashes: string[] = []

  for (const { name, bytes } of contents.public.filter(({ holder }) => holder.index === context.index)) {
    const atMs = context.clock.nowMs()
    const { hash, cid } = await peer.contribute(bytes, { name })
    posted.push({ hash, cid, sha256: sha256(bytes), bytes: bytes.byteLength, from: context.index, atMs })
  }

  for (const { name, bytes } of own) {
    hashes.push((await peer.contribute(bytes, { name, private: true })).hash)
  }

  if (posted.length > 0) {
    await publishPosted(context, posted)
  }

  return hashes
}

interface Expected {
  readonly posted: readonly Posted[]
  readonly own: readonly Content[]
  readonly isHonest: (id: string) => boolean
}

/** What is public is everywhere, whatever bait there is beside it; what is private is with its holder alone, and whole. */
async function judgeHonest ({ context, members }: Situation, { peer }: Cluster, { posted, own, isHonest }: Expected): Promise<string[]> {
  const shared = {
    query: async function * () {
      for await (const entry of peer.query()) {
        if (isHonest(entry.contributor)) {
          yield entry
        }
      }
    },
    get: peer.get.bind(peer)
  }
  const failure = judge(context, members.self, posted, await compareWithPosted(shared, posted, context.signal))
  const kept = await Array.fromAsync(peer.query({ visibility: 'private' }))
  const lost = own.filter(({ name }) => !kept.some((entry) => entry.name === name))
  const damaged: string[] = []

  for (const { name, cid } of kept) {
    const content = own.find((each) => each.name === name)

    if (content == null || await digestOf(peer, cid, context.signal) !== sha256(content.bytes)) {
      damaged.push(cid)
    }
  }

  return [
    ...(failure == null ? [] : [failure.message]),
    ...(lost.length === 0 ? [] : [`${lost.length} private files are lost`]),
    ...(damaged.length === 0 ? [] : [`${damaged.length} private files differ from what was contributed, such as ${damaged[0]}`])
  ]
}

async function sabotage ({ params, context }: Situation, { peer }: Cluster, own: readonly Content[]): Promise<void> {
  const [first] = own

  if (first == null) {
    throw new ParameterError(`sabotage = "${params.sabotage}" needs a private file; give it to a group with role = "holder"`)
  }

  if (params.sabotage === 'serve-private') {
    servePrivate(peer, await blocksOfAll(own))
  } else {
    leakPart(peer, first.bytes)
  }

  context.record.message(`this instance is broken: ${params.sabotage}`)
}

function honestOf ({ all }: Members): Member[] {
  return all.filter(({ role }) => role !== 'hostile')
}

async function blocksOfAll (contents: readonly Content[]): Promise<Block[]> {
  return (await Promise.all(contents.map(({ bytes }) => blocksOf(bytes)))).flat()
}

function sha256 (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
