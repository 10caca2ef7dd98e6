import { peerIdFromString } from '@libp2p/peer-id'
import { askedBandwidthBitsPerSecond, askedRoundTripMs } from '../../network/profile.ts'
import { createCounters } from '../../network/counters.ts'
import { openPeer } from '../../peersdb/index.ts'
import { JudgementError, ParameterError } from '../errors.ts'
import { meet } from '../members.ts'
import { readParams } from '../params.ts'
import { phaseState } from '../phases.ts'
import { measureThroughput, serveThroughput } from '../throughput.ts'
import { checkGroups, phasesOfAll } from './case.ts'
import type { Address } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { Member, Members } from '../members.ts'
import type { Params } from '../params.ts'
import type { Peer } from '../../peersdb/index.ts'
import type { TestCase } from './case.ts'

/** A round trip may differ from what was asked by this much, or by this part of it, whichever is more. */
const toleranceMs = 2
const toleranceRatio = 0.05

/** What lies between every two instances, measured, beside what was asked for. */
export const link: TestCase = {
  check: async (groups) => {
    await checkGroups('link', groups)
    return []
  },

  phases: (groups) => phasesOfAll(['connected', 'measured'], groups),

  run: async (context) => {
    const params = readParams('link', context.params)
    const members = await meet(context, params)
    const peer = await openPeer({
      listen: context.listen,
      transport: context.transport({ profile: members.profile, region: placeOf(members, params.sabotage), counters: createCounters() })
    })
    await serveThroughput(peer.libp2p, () => context.clock.nowMs())
    const timeoutMs = params.timeout_secs * 1000
    await context.sync.publish('addresses', { index: context.index, peerId: peer.id, multiaddr: peer.addresses()[0] ?? '' } satisfies Address)
    const addresses = await context.sync.collect<Address>('addresses', members.all.length, timeoutMs)
    await context.phase('connected')
    await context.sync.barrier(phaseState('connected'), members.all.length, timeoutMs)

    const wrong = await measureAll(context, members, peer, addresses, params)
    await context.phase('measured')
    await context.sync.barrier(phaseState('measured'), members.all.length, timeoutMs * members.all.length)
    await peer.close()

    if (wrong.length > 0) {
      throw new JudgementError(`${wrong.length} links of instance ${context.index} are not what was asked for: ${wrong[0]}`)
    }
  }
}

/**
 * The region that an instance's peer stands in: its own, unless it is one that is broken.
 *
 * @throws {ParameterError} where there is no other
 */
function placeOf ({ profile, self }: Members, sabotage: Params<'link'>['sabotage']): string {
  const other = profile.regions.find((region) => region !== self.region)

  if (sabotage === 'elsewhere' && other == null) {
    throw new ParameterError(`sabotage = "elsewhere" needs a network of several regions, and ${profile.name} has one; choose another`)
  }

  return sabotage === 'elsewhere' ? other as string : self.region
}

/**
 * The partners of one instance, round by round, so that in each round every instance has one partner and
 * no two measurements share an instance (the circle method for a round-robin tournament).
 */
export function tournament (index: number, instances: number): Array<number | undefined> {
  const seats = instances + instances % 2
  const turning = seats - 1
  const place = (round: number, seat: number): number => seat === turning ? turning : (seat + round) % turning
  return Array.from({ length: turning }, (_, round) => {
    const seated = Array.from({ length: seats }, (_, seat) => place(round, seat))
    const own = seated.indexOf(index)
    const partner = seated[own === turning ? 0 : own === 0 ? turning : turning - own]
    return partner == null || partner >= instances ? undefined : partner
  })
}

interface Partner {
  other: Member
  address: Address
}

/** Measures all pairs of this instance in their rounds; returns a sentence for each that is not what was asked for. */
async function measureAll (
  context: InstanceContext, members: Members, peer: Peer, addresses: readonly Address[], params: Params<'link'>
): Promise<string[]> {
  const timeoutMs = params.timeout_secs * 1000
  const wrong: string[] = []

  for (const [round, partner] of tournament(context.index, members.all.length).entries()) {
    const other = partner == null ? undefined : members.all[partner]
    const address = addresses.find(({ index }) => index === partner)

    // The one with the lower number dials and measures the round trip; then each sends in its turn.
    if (other != null && address != null) {
      const first = context.index < other.index
      const turnOf = (index: number): string => `round ${round}: ${index} sent`

      if (first) {
        await peer.connect(address.multiaddr, { signal: AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]) })
        wrong.push(...await measureRoundTrip(context, members, peer, { other, address }, params.pings))
      } else {
        await context.sync.barrier(turnOf(other.index), 1, timeoutMs)
      }

      await measureSending(context, members, peer, { other, address }, params)
      await context.sync.signal(turnOf(context.index))

      if (first) {
        await context.sync.barrier(turnOf(other.index), 1, timeoutMs)
      }
    }

    await context.sync.signal(`round ${round} over`)
    await context.sync.barrier(`round ${round} over`, members.all.length, timeoutMs)
  }

  return wrong
}

/** Records the median of some pings; returns a sentence where it is not what was asked for. */
async function measureRoundTrip (
  context: InstanceContext, { profile, self }: Members, peer: Peer, { other, address }: Partner, pings: number
): Promise<string[]> {
  const target = peerIdFromString(address.peerId)
  const roundTripsMs: number[] = []

  for (let i = 0; i < pings; i++) {
    roundTripsMs.push(await peer.libp2p.services.ping.ping(target, { signal: context.signal }))
  }

  const askedMs = askedRoundTripMs(profile, self.region, other.region)
  const measuredMs = median(roundTripsMs)
  context.record.metric('link_rtt_ms', measuredMs, { from: self.region, to: other.region }, { asked: askedMs })
  return profile.shapes && Math.abs(measuredMs - askedMs) > Math.max(toleranceMs, toleranceRatio * askedMs)
    ? [`${self.region} to ${other.region} has a round trip of ${measuredMs} ms where ${askedMs} ms were asked for`]
    : []
}

function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
}

async function measureSending (
  context: InstanceContext, { profile, self }: Members, peer: Peer, { other, address }: Partner, params: Params<'link'>
): Promise<void> {
  const target = peerIdFromString(address.peerId)
  const rate = await measureThroughput(peer.libp2p, target, params.throughput_bytes, params.timeout_secs * 1000, context.signal)
  const asked = askedBandwidthBitsPerSecond(profile, self.region, other.region)
  context.record.metric('link_throughput_bits_per_second', rate, { from: self.region, to: other.region },
    Number.isFinite(asked) ? { asked } : {})
}
