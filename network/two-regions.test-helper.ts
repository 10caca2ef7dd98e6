import { parseProfile } from './profile.ts'
import type { Profile } from './profile.ts'

/** A profile of two regions, a and b; a rate of 0 is no limit. */
export function twoRegions ({ oneWayMs = 0, flow = 0, uplink = 0, jitterMs = 0 }): Profile {
  const figure = (value: number) => ({ value, kind: 'assumption', source: 'test' })
  return parseProfile({
    name: 'test', description: 'test', sources: { test: 'test' }, regions: ['a', 'b'], anyRegion: false,
    latency: { unit: 'ms', kind: 'round-trip', everyPair: figure(2 * oneWayMs), links: [] },
    jitter: { unit: 'ms', kind: 'round-trip-deviation', figure: figure(jitterMs) },
    bandwidth: {
      unit: 'bit/s', flow: flow > 0 ? { kind: 'constant', rate: figure(flow) } : null, uplink: uplink > 0 ? figure(uplink) : null
    }
  }, 'test')
}
