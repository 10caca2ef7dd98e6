import { describe, expect, it } from 'vitest'
import { readParams } from '../params.ts'
import { castParts, requireBothEnds } from './cast.ts'
import { transferNetwork } from './network.ts'

const members = ['a', 'a', 'a', 'b', 'b'].map((group, index) => ({ group, index }))
const params = (given: Readonly<Record<string, string>>) => readParams('transfer', given)
const cast = (given: Readonly<Record<string, string>>): string[] =>
  castParts(members, () => params(given)).map(({ nodeType, nodeTypeIndex, groupSeq, latencyMs }) => `${nodeType} ${nodeTypeIndex} of ${groupSeq}, ${latencyMs} ms`)

describe('the parts of a transfer', () => {
  it('are counted in the run: leeches first, then passive ones, then seeds', () => {
    expect(cast({ leech_count: '2', passive_count: '1' }))
      .toEqual(['Leech 0 of 1, 5 ms', 'Leech 1 of 2, 5 ms', 'Passive 0 of 3, 5 ms', 'Seed 0 of 1, 5 ms', 'Seed 1 of 2, 5 ms'])
  })

  it('are counted in each group where that is asked for, each with parameters of its own', () => {
    const byGroup = { a: params({ roles_by: 'group', leech_count: '1' }), b: params({ roles_by: 'group', leech_count: '0', passive_count: '1' }) }
    expect(castParts(members, (group) => byGroup[group as 'a' | 'b']).map(({ nodeType }) => nodeType)).toEqual(['Leech', 'Seed', 'Seed', 'Passive', 'Seed'])
  })

  it('have one latency for a type, or one for each of it, and that of all beyond', () => {
    expect(cast({ leech_count: '2', leech_latency_ms: '7', seed_latency_ms: '100,200' }).map((text) => text.split(', ')[1]))
      .toEqual(['7 ms', '7 ms', '100 ms', '200 ms', '5 ms'])
  })

  it('are refused where nobody sends, or nobody fetches', () => {
    expect(() => { requireBothEnds(castParts(members, () => params({ leech_count: '5' }))) }).toThrow('so nobody has the file; lower leech_count')
    expect(() => { requireBothEnds(castParts(members, () => params({ leech_count: '0' }))) }).toThrow('leech_count is 0, so nobody fetches the file')
  })
})

describe('the network of a transfer', () => {
  it('delays what each sends by its own latency, in MiB of bits a second at most', () => {
    const profile = transferNetwork(params({ latency_ms: '5', seed_latency_ms: '100', bandwidth_mb: '2' }))
    expect(profile.oneWayLatencyMs).toEqual({ '5ms': { '5ms': 5, '100ms': 5 }, '100ms': { '5ms': 100, '100ms': 100 } })
    expect(profile.uplinkBitsPerSecond('5ms')).toBe(2 * 1024 * 1024)
    expect(profile.jitterRoundTripMs).toBeCloseTo(Math.SQRT2 * 0.5)
  })
})
