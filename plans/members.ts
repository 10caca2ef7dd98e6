import { loadProfile, requireRegion } from '../network/profile.ts'
import { agreeOnClock } from './clocks.ts'
import { shapeBySidecar } from './sidecar.ts'
import type { InstanceContext } from './context.ts'
import type { CommonParams } from './params.ts'
import type { Profile } from '../network/profile.ts'

/** What every instance tells all others about itself before anything else happens. */
interface Introduction {
  index: number
  group: string
  role: string
  /** The region that was asked for, or "spread". */
  region: string
  clock: string
}

/** One instance of the run, as all instances know it. */
export interface Member {
  readonly index: number
  /** "group/index", where the index is that within the group. */
  readonly name: string
  readonly group: string
  readonly role: string
  readonly region: string
}

export interface Members {
  readonly profile: Profile
  /** All instances, by index. */
  readonly all: readonly Member[]
  readonly self: Member
  withRole (role: string): readonly Member[]
}

/**
 * Introduces the instances of a run to each other. `spread` gives the instances of a group, in the order
 * of their index, the regions of the profile one after another.
 *
 * @param network - by default the profile that the parameters name
 * @throws {Error} when instances do not share a clock and its offset cannot be measured, or a sidecar is asked for that is not there
 */
export async function meet (context: InstanceContext, params: CommonParams, network?: Profile): Promise<Members> {
  const timeoutMs = params.timeout_secs * 1000
  const profile = network ?? await loadProfile(params.network)
  const own: Introduction = {
    index: context.index,
    group: context.group,
    role: params.role,
    region: params.region,
    clock: context.clock.domain
  }

  // Whoever was here before has said so.
  if (context.life === 0) {
    await context.sync.publish('introductions', own)
  }

  const introductions = await context.sync.collect<Introduction>('introductions', context.instances, timeoutMs)
  await agreeOnClock(context, introductions, timeoutMs)
  const all = assignRegions(introductions, profile)
  const self = all.find(({ index }) => index === context.index)

  if (self == null) {
    throw new Error(`instance ${context.index} did not find itself among the ${all.length} that introduced themselves`)
  }

  context.record.tag({ region: self.region })

  if (params.shaping === 'sidecar' && context.life === 0) {
    await shapeBySidecar(context, profile, [...new Set(all.map(({ region }) => region))], self.region, timeoutMs)
  }

  // Where nothing shapes the network, nothing is asked of it, and regions are but names.
  return { profile: params.shaping === 'none' ? await loadProfile('none') : profile, all, self, withRole: (role) => all.filter((member) => member.role === role) }
}

export function assignRegions (introductions: readonly Introduction[], profile: Profile): Member[] {
  const nextInGroup = new Map<string, number>()

  return introductions.toSorted((a, b) => a.index - b.index).map(({ index, group, role, region }) => {
    const rank = nextInGroup.get(group) ?? 0
    nextInGroup.set(group, rank + 1)
    const assigned = region === 'spread' ? profile.regions[rank % profile.regions.length] ?? region : region
    requireRegion(profile, assigned)
    return { index, name: `${group}/${rank}`, group, role, region: assigned }
  })
}
