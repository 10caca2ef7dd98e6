import { parseProfile } from '../../network/profile.ts'
import type { Profile } from '../../network/profile.ts'
import type { TransferParams } from './cast.ts'

const mebibit = 1024 * 1024

/** The region of an instance that delays what it sends by so many milliseconds. */
export function regionOf (latencyMs: number): string {
  return `${latencyMs}ms`
}

/**
 * The network of a transfer as Testground shapes it: each instance delays all that it sends by its own latency, so that a round trip
 * takes those of both, and sends at most at the bandwidth.
 */
export function transferNetwork (params: TransferParams): Profile {
  const { latency_ms: latencyMs, jitter_pct: jitterPercent, bandwidth_mb: bandwidth } = params
  const latencies = [...new Set([latencyMs, ...params.leech_latency_ms, ...params.seed_latency_ms])]
  const figure = { kind: 'assumption', source: 'composition' } as const
  return parseProfile({
    name: 'transfer',
    description: `Every instance delays what it sends by its latency (${latencies.map(regionOf).join(', ')}), with a jitter of ${jitterPercent} %, and sends at most ${bandwidth} Mibit/s.`,
    sources: { composition: 'The parameters latency_ms, leech_latency_ms, seed_latency_ms, jitter_pct and bandwidth_mb of the case transfer.' },
    regions: latencies.map(regionOf),
    anyRegion: false,
    latency: {
      unit: 'ms',
      kind: 'one-way',
      links: latencies.flatMap((from) => latencies.map((to) => ({ from: regionOf(from), to: regionOf(to), value: from, ...figure })))
    },
    jitter: {
      unit: 'ms',
      kind: 'round-trip-deviation',
      // Both ways have a jitter of their own.
      figure: { value: Math.SQRT2 * latencyMs * jitterPercent / 100, ...figure }
    },
    bandwidth: { unit: 'bit/s', flow: null, uplink: { value: bandwidth * mebibit, ...figure }, downlink: null },
    loss: null
  }, 'of the case transfer')
}
