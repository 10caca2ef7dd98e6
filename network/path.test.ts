import { describe, expect, it } from 'vitest'
import { createSerialiser } from './link.ts'
import { createPath, createPaths } from './path.ts'
import { askedRoundTripMs, loadProfile } from './profile.ts'
import { twoRegions } from './two-regions.test-helper.ts'

describe('paths', () => {
  it('have the round trip asked for as their median, and its deviation', async () => {
    const profile = await loadProfile('gcp-six-regions')
    const [there, back] = [['europe-west3', 'me-west1'], ['me-west1', 'europe-west3']].map(([from = '', to = '']) =>
      createPath({ profile, from, to, uplink: createSerialiser(Infinity), seed: from }).connect())
    const roundTrips = Array.from({ length: 20_000 }, (_, i) => {
      const sentMs = i * 1000
      const turnedMs = there?.send(sentMs, 0).arriveMs ?? NaN
      return (back?.send(turnedMs, 0).arriveMs ?? NaN) - sentMs
    }).sort((a, b) => a - b)
    const mean = roundTrips.reduce((sum, ms) => sum + ms, 0) / roundTrips.length
    const deviation = Math.sqrt(roundTrips.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / roundTrips.length)
    expect(roundTrips[10_000]).toBeCloseTo(askedRoundTripMs(profile, 'europe-west3', 'me-west1'), 1)
    expect(deviation).toBeCloseTo(0.38, 1)
  })

  it('draw the same jitter from the same seed', async () => {
    const profile = await loadProfile('gcp-six-regions')
    const draw = (seed: number): number[] => {
      const link = createPaths(profile, 'us-west1', 'one', seed).acquire('me-west1', 'two').path.connect()
      return [0, 1000, 2000].map((nowMs) => link.send(nowMs, 100).arriveMs)
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it('hold twice what is under way, within their bounds', () => {
    const bufferOf = (oneWayMs: number, flow: number): number => createPath({
      profile: twoRegions({ oneWayMs, flow }), from: 'a', to: 'b', uplink: createSerialiser(Infinity), seed: ''
    }).sendBufferBytes
    expect(bufferOf(50, 1e8)).toBe(2 * 625_000)
    expect(bufferOf(1, 1e6)).toBe(256 * 1024)
    expect(bufferOf(300, 1e9)).toBe(16 * 2 ** 20)
    expect(bufferOf(0, 0)).toBe(16 * 2 ** 20)
  })

  it('are shared by all connections to one instance, until the last lets go', () => {
    const paths = createPaths(twoRegions({ flow: 8000 }), 'a', 'one', 1)
    const [first, second] = [paths.acquire('b', 'two'), paths.acquire('b', 'two')]
    first.path.connect().send(0, 1000)
    expect(second.path.connect().send(0, 1000).arriveMs).toBe(2000)
    first.release()
    expect(paths.acquire('b', 'two').path).toBe(second.path)
    expect(paths.acquire('b', 'three').path).not.toBe(second.path)
  })
})
