import { describe, expect, it } from 'vitest'
import { askedRoundTripMs, loadProfile } from '../network/profile.ts'
import { fitSidecar, shapeBySidecar } from './sidecar.ts'
import type { InstanceContext } from './context.ts'
import type { SidecarShape } from './sidecar.ts'

const six = await loadProfile('gcp-six-regions')

describe('what a sidecar can do of a profile', () => {
  it('is exact where there are two regions, but for what they have within themselves', () => {
    const [a = '', b = ''] = six.regions
    const [there, back] = [fitSidecar(six, [a, b], a), fitSidecar(six, [a, b], b)]
    expect(there.roundTripErrorMs[b]).toBeCloseTo(back.roundTripErrorMs[a] ?? NaN, 6)
    expect(there.shape.latencyMs + back.shape.latencyMs - askedRoundTripMs(six, a, b)).toBeCloseTo(there.roundTripErrorMs[b] ?? NaN, 6)
  })

  it('is no further from it, in squares, than any latencies near to it', () => {
    const fits = six.regions.map((region) => fitSidecar(six, six.regions, region))
    const squares = (latencies: readonly number[]): number => six.regions.flatMap((a, i) => six.regions.slice(i).map((b, j) =>
      (latencies[i]! + latencies[i + j]! - askedRoundTripMs(six, a, b)) ** 2)).reduce((sum, square) => sum + square, 0)
    const found = fits.map(({ shape }) => shape.latencyMs)
    expect(found.every((ms) => ms >= 0)).toBe(true)
    found.forEach((ms, i) => {
      for (const other of [ms - 1, ms + 1].filter((near) => near >= 0)) {
        expect(squares(found.with(i, other))).toBeGreaterThan(squares(found))
      }
    })
  })

  it('takes the uplink, the jitter of one side, and loss in percent', async () => {
    const lossy = { ...six, uplinkBitsPerSecond: () => 5e6, lossProbability: 0.02, jitterRoundTripMs: 2 }
    const { shape } = fitSidecar(lossy, six.regions, six.regions[0]!)
    expect(shape).toMatchObject({ bandwidthBitsPerSecond: 5e6, lossPercent: 2 })
    expect(shape.jitterMs).toBeCloseTo(Math.SQRT2, 6)
    expect(fitSidecar(await loadProfile('none'), ['x'], 'x').shape).toEqual({ latencyMs: 0, jitterMs: 0, bandwidthBitsPerSecond: 0, lossPercent: 0 })
  })
})

describe('an instance with a sidecar', () => {
  it('has it shape the network, and records what it cannot express', async () => {
    const asked: Array<[SidecarShape, string]> = []
    const rows: Array<[string, number, object]> = []
    const said: string[] = []
    const context = {
      sidecar: { configure: async (shape: SidecarShape, state: string) => { asked.push([shape, state]) } },
      record: {
        metric: (...row: [string, number, object]) => { rows.push(row) },
        message: (text: string) => { said.push(text) }
      }
    } as unknown as InstanceContext
    await shapeBySidecar(context, six, six.regions, six.regions[0]!, 1000)
    const fit = fitSidecar(six, six.regions, six.regions[0]!)
    expect(asked).toEqual([[fit.shape, 'network-shaped']])
    expect(rows).toEqual(six.regions.map((to) => ['sidecar_rtt_error_ms', fit.roundTripErrorMs[to], { to }]))
    expect(said[0]).toMatch(/round trips differ from the profile gcp-six-regions by up to [\d.]+ ms .* for a sidecar knows no pairs/)
  })

  it('that is not there refuses in one sentence', async () => {
    const shaping = shapeBySidecar({} as InstanceContext, six, six.regions, six.regions[0]!, 1000)
    await expect(shaping).rejects.toThrow(/needs a sidecar, .*use shaping = stream/)
  })
})
