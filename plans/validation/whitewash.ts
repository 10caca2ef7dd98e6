import { join } from 'node:path'
import { addressOf, neighbours, openMember } from '../cluster.ts'
import { dial } from '../dial.ts'
import { recordBytes } from '../replicate.ts'
import { createTopology } from '../topology.ts'
import { within } from '../wait.ts'
import type { Address, Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { Member } from '../members.ts'
import type { Gathering } from '../replicate.ts'
import type { Posted } from '../workload.ts'
import type { Identities } from './identities.ts'
import type { Behaviour } from './voter.ts'
import type { ValidationSettings } from '../../peersdb/index.ts'

/** What instances know of each other that come back as somebody else while others decide. */
export interface Laundry {
  /** Who does. */
  readonly washers: readonly Member[]
  /** How often each does; 0 where nobody does. */
  readonly rounds: number
  readonly askers: readonly Member[]
  readonly patienceMs: number
}

/** Tells all others how this instance behaves, as the composition says, and learns who of them comes back as somebody else. */
export async function meetWashers (
  { index, sync }: InstanceContext, { members, patienceMs }: Gathering, { behaviour, washes }: { behaviour: Behaviour, washes: number }
): Promise<Laundry> {
  await sync.publish('behaviours', { index, behaviour })
  const told = await sync.collect<{ index: number, behaviour: Behaviour }>('behaviours', members.all.length, patienceMs)
  const washing = new Set(told.filter((each) => each.behaviour === 'whitewasher').map((each) => each.index))
  const washers = members.all.filter((member) => washing.has(member.index))
  return { washers, rounds: washers.length > 0 ? washes : 0, askers: members.withRole('asker'), patienceMs }
}

/** Has decided on a part; waits until all that wash are back. */
export async function waitForWashers (
  { sync }: InstanceContext, { washers, patienceMs }: Laundry, identities: Identities, round: number
): Promise<void> {
  await sync.signal(`part-decided-${round}`)
  await sync.barrier(`washed-${round}`, washers.length, patienceMs)
  identities.take(await sync.collect<Address>(`identities-${round}`, washers.length, patienceMs))
}

export interface WashInit {
  readonly context: InstanceContext
  readonly gathering: Gathering
  readonly laundry: Laundry
  readonly identities: Identities
  readonly posted: readonly Posted[]
  readonly validation: ValidationSettings
}

/**
 * Leaves, whenever all askers have decided on another part, and comes back with new keys and nothing else: connects to those that it
 * was connected with, and fetches all that was posted.
 *
 * @param begin - what it does each time before the askers go on
 * @returns the peer that it is in the end
 */
export async function washAgainAndAgain (init: WashInit, first: Cluster, begin: (cluster: Cluster) => Promise<void>): Promise<Cluster> {
  const { context: { sync }, laundry } = init
  let cluster = first

  for (let round = 0; round < laundry.rounds; round++) {
    await sync.barrier(`part-decided-${round}`, laundry.askers.length, laundry.patienceMs)
    cluster = await wash(init, cluster, round)
    await begin(cluster)
    await sync.signal(`washed-${round}`)
  }

  return cluster
}

async function wash (init: WashInit, before: Cluster, round: number): Promise<Cluster> {
  const { context, gathering: { params, members }, laundry, identities, posted, validation } = init
  recordBytes(context, before)
  await before.peer.close()
  context.record.tag({ identity: round + 1 })
  const directory = join(context.temporaryDirectory, `peer-${round + 1}`)
  const cluster = await openMember(context, members, params, { directory, validation })
  await context.sync.publish(`identities-${round}`, addressOf(context, cluster.peer))
  identities.take(await context.sync.collect<Address>(`identities-${round}`, laundry.washers.length, laundry.patienceMs))

  const topology = createTopology(members.all, params)
  const dialled = topology.dialledBy(members.self)
  // Whoever stayed does not know where this one is now; of two that are new one dials the other.
  const stayed = members.all.filter((member) => !laundry.washers.includes(member))
    .filter((member) => dialled.includes(member) || topology.dialledBy(member).includes(members.self))
  const timeoutMs = params.timeout_secs * 1000
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)])
  const chosen = [...stayed, ...dialled.filter((member) => laundry.washers.includes(member))]
  await Promise.all(chosen.map((member) => dial(context, cluster.peer, identities.addressOf(member)?.multiaddr ?? '', signal)))
  await within(neighbours(cluster.peer, topology.degreeOf(members.self)), timeoutMs, 'the peers that a whitewasher had before', context.signal)
  await within(cluster.arrivals.filesOf(posted.map(({ hash }) => hash)), timeoutMs, 'all files, after a change of identity', context.signal)
  return cluster
}
