import { parseProfile } from './profile.ts'
import type { Profile } from './profile.ts'

export interface TwoRegions {
  oneWayMs?: number
  /** From b to a, where it is not as from a to b. */
  backMs?: number
  /** Rates in bit/s; 0 is no limit. */
  flow?: number
  uplink?: number
  downlink?: number
  jitterMs?: number
  loss?: number
}

/** A profile of two regions, a and b. */
export function twoRegions (init: TwoRegions): Profile {
  const { oneWayMs = 0, backMs = oneWayMs, flow = 0, uplink = 0, downlink = 0, jitterMs = 0, loss = 0 } = init
  const figure = (value: number) => ({ value, kind: 'assumption', source: 'test' })
  return parseProfile({
    name: 'test', description: 'test', sources: { test: 'test' }, regions: ['a', 'b'], anyRegion: false,
    latency: { unit: 'ms', kind: 'one-way', everyPair: figure(oneWayMs), links: [{ from: 'b', to: 'a', ...figure(backMs) }] },
    jitter: { unit: 'ms', kind: 'round-trip-deviation', figure: figure(jitterMs) },
    bandwidth: {
      unit: 'bit/s',
      flow: flow > 0 ? { kind: 'constant', rate: figure(flow) } : null,
      uplink: uplink > 0 ? figure(uplink) : null,
      downlink: downlink > 0 ? figure(downlink) : null
    },
    loss: { unit: 'probability', kind: 'per-segment', figure: figure(loss) }
  }, 'test')
}
