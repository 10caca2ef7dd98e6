import { askedRoundTripMs } from '../network/profile.ts'
import type { InstanceContext } from './context.ts'
import type { Profile } from '../network/profile.ts'

/** The state in which the sidecars of all instances count those whose network is as it was asked for. */
const shapedState = 'network-shaped'
const iterations = 200

/** What Testground's sidecar does to all that an instance sends, wherever it goes (testground, pkg/sidecar/link.go). */
export interface SidecarShape {
  readonly latencyMs: number
  readonly jitterMs: number
  /** 0: no limit. */
  readonly bandwidthBitsPerSecond: number
  readonly lossPercent: number
}

/** A shape, and by how much round trips to instances in each region differ from what the profile asks for. */
export interface SidecarFit {
  readonly shape: SidecarShape
  readonly roundTripErrorMs: Readonly<Record<string, number>>
}

/**
 * The latencies of regions whose sums come closest to the round trips of a profile, by least squares: a sidecar delays what an
 * instance sends by the same time for all others, so that it cannot express a matrix.
 *
 * @param regions - those in which there are instances
 */
export function fitSidecar (profile: Profile, regions: readonly string[], region: string): SidecarFit {
  const latencies = fitLatencies(profile, regions)
  const own = latencies.get(region) ?? 0
  const fastest = Math.max(...regions.map((to) => profile.flowBitsPerSecond(region, to)))
  const rate = Math.min(profile.uplinkBitsPerSecond(region), fastest)
  return {
    shape: {
      latencyMs: own,
      // Of a round trip, which the jitter of both sides makes.
      jitterMs: own > 0 ? profile.jitterRoundTripMs / Math.SQRT2 : 0,
      bandwidthBitsPerSecond: Number.isFinite(rate) ? Math.round(rate) : 0,
      lossPercent: 100 * profile.lossProbability
    },
    roundTripErrorMs: Object.fromEntries(regions.map((to) => [to, own + (latencies.get(to) ?? 0) - askedRoundTripMs(profile, region, to)]))
  }
}

/** Minimises the sum of squares over pairs of regions, one latency after another; none is below zero. */
function fitLatencies (profile: Profile, regions: readonly string[]): Map<string, number> {
  const latencies = new Map(regions.map((region) => [region, askedRoundTripMs(profile, region, region) / 2]))

  for (let iteration = 0; iteration < iterations; iteration++) {
    for (const region of regions) {
      const others = regions.filter((other) => other !== region)
      const wanted = others.reduce((sum, other) => sum + askedRoundTripMs(profile, region, other) - (latencies.get(other) ?? 0), 0)
      const best = (wanted + 2 * askedRoundTripMs(profile, region, region)) / (others.length + 4)
      latencies.set(region, Math.max(0, best))
    }
  }

  return latencies
}

/**
 * Has the sidecar shape the network as closely to a profile as it can, and says and records what it cannot.
 *
 * @throws {Error} where there is no sidecar, or it does not answer in time
 */
export async function shapeBySidecar (
  context: InstanceContext, profile: Profile, regions: readonly string[], region: string, timeoutMs: number
): Promise<void> {
  const { sidecar, record } = context

  if (sidecar == null) {
    throw new Error('shaping = sidecar needs a sidecar, which Testground starts with local:docker and cluster:k8s; use shaping = stream')
  }

  const { shape, roundTripErrorMs } = fitSidecar(profile, regions, region)
  await sidecar.configure(shape, shapedState, timeoutMs)
  const worst = Object.entries(roundTripErrorMs).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))[0]
  record.message(`sidecar: all that this instance sends is delayed by ${shape.latencyMs.toFixed(1)} ms; round trips differ from the profile ` +
    `${profile.name} by up to ${Math.abs(worst?.[1] ?? 0).toFixed(1)} ms (to ${worst?.[0] ?? 'nobody'}), for a sidecar knows no pairs`)

  for (const [to, errorMs] of Object.entries(roundTripErrorMs)) {
    record.metric('sidecar_rtt_error_ms', errorMs, { to })
  }
}
