import { join } from 'node:path'
import { createCounters } from '../network/counters.ts'
import { openPeer } from '../peersdb/index.ts'
import { observeArrivals } from './arrivals.ts'
import { dial } from './dial.ts'
import { createTopology } from './topology.ts'
import { within } from './wait.ts'
import type { Arrivals } from './arrivals.ts'
import type { InstanceContext } from './context.ts'
import type { Member, Members } from './members.ts'
import type { CorpusParams } from './params.ts'
import type { NetworkCounters } from '../network/counters.ts'
import type { Contribution, Peer, StrategyName, ValidationSettings } from '../peersdb/index.ts'

/** Where a member's peer can be reached, as it tells the others. */
export interface Address {
  index: number
  peerId: string
  multiaddr: string
}

/** How many members a peer dials at once. */
const dialsAtOnce = 8

/** This instance's peer and what is noted of it. */
export interface Cluster {
  readonly peer: Peer
  readonly counters: NetworkCounters
  readonly arrivals: Arrivals
  /** What it saw of the log before its time, where it is one that reports too early. */
  early?: readonly Contribution[]
}

/** What is other than by default. */
export interface OpenOptions {
  /** Where the peer keeps everything, where it keeps it on disk. */
  readonly directory?: string
  readonly listen?: string[]
  /** Whether it connects to those that others tell of, and again to those that it has lost. */
  readonly peerExchange?: boolean
  /** Whether it takes part in a DHT of PeersDB's peers. */
  readonly dht?: boolean
  readonly validation?: ValidationSettings
  /** By what strategy it looks at what arrives, and before it answers others. */
  readonly strategy?: StrategyName
}

/** Opens this instance's peer, watched from its first moment. */
export async function openMember (
  context: InstanceContext, members: Members, params: Pick<CorpusParams, 'sync' | 'store'>,
  { directory = join(context.temporaryDirectory, 'peer'), listen = context.listen, peerExchange = false, dht = false, validation, strategy }: OpenOptions = {}
): Promise<Cluster> {
  const counters = createCounters()
  const peer = await openPeer({
    listen,
    pin: 'everything',
    sync: params.sync,
    peerExchange,
    dht,
    transport: context.transport({ profile: members.profile, region: members.self.region, counters }),
    blockPool: context.blockPool,
    ...(params.store === 'disk' ? { directory } : {}),
    ...(validation == null ? {} : { validation }),
    ...(strategy == null ? {} : { validate: strategy })
  })
  let warnings = 0
  peer.events.addEventListener('failure', ({ detail }) => {
    // A peer that retries says the same thing many times; the first ones are enough to find the cause.
    if (warnings++ < 20) {
      context.record.warning(`peer: ${detail.message}`)
    }
  })
  return { peer, counters, arrivals: observeArrivals(peer, context.clock) }
}

/** What an instance tells the others of its peer. @throws {Error} where it cannot be reached */
export function addressOf ({ index, listen }: InstanceContext, peer: Peer): Address {
  const [multiaddr] = peer.addresses()

  if (multiaddr == null) {
    throw new Error(`instance ${index} listens on ${listen.join(', ')} but has no address to tell the others; check that this address is one of its own`)
  }

  return { index, peerId: peer.id, multiaddr }
}

/**
 * Connects a peer to those that are there before it, as the topology says, and waits until each of its neighbours listens
 * to the same log.
 *
 * @param present - the members that publish their addresses before or together with this one, itself among them, in the order in
 * which they come
 * @returns all of them by their peer ids
 */
export async function connectMember (
  context: InstanceContext, peer: Peer, present: readonly Member[],
  params: Pick<CorpusParams, 'timeout_secs' | 'dials' | 'seed'>
): Promise<ReadonlyMap<string, Member>> {
  const timeoutMs = params.timeout_secs * 1000
  const topology = createTopology(present, params)
  const self = present.find(({ index }) => index === context.index) as Member
  await context.sync.publish('addresses', addressOf(context, peer))
  const addresses = await context.sync.collect<Address>('addresses', present.length, timeoutMs)
  const byPeerId = new Map<string, Member>()

  for (const { index, peerId } of addresses) {
    const member = present.find((candidate) => candidate.index === index)

    if (member == null) {
      throw new Error(`instance ${index} published an address before its turn`)
    }

    byPeerId.set(peerId, member)
  }

  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)])
  const dialled = new Set(topology.dialledBy(self).map(({ index }) => index))
  const degree = topology.degreeOf(self)
  const left = addresses.filter(({ index }) => dialled.has(index))
  // One after another each time, for the handshakes of a whole cluster at once are too late for one another.
  await Promise.all(Array.from({ length: dialsAtOnce }, async () => {
    for (let next = left.shift(); next != null; next = left.shift()) {
      await dial(context, peer, next.multiaddr, signal)
    }
  }))
  await within(neighbours(peer, degree), timeoutMs, `${degree} peers to listen to the contributions log`, context.signal)
  return byPeerId
}

/** Resolves when as many other peers as given share the log with this one. */
export async function neighbours (peer: Peer, count: number): Promise<void> {
  const enough = (): boolean => peer.status().neighbours >= count

  if (!enough()) {
    await new Promise<void>((resolve) => {
      const onNeighbour = (): void => {
        if (enough()) {
          peer.events.removeEventListener('neighbour', onNeighbour)
          resolve()
        }
      }
      peer.events.addEventListener('neighbour', onNeighbour)
    })
  }
}
