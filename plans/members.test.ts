import { describe, expect, it } from 'vitest'
import { loadProfile, ProfileError } from '../network/profile.ts'
import { askedLatencyMs, assignRegions } from './members.ts'

const six = await loadProfile('gcp-six-regions')
const introduction = (index: number, group: string, region = 'spread'): Parameters<typeof assignRegions>[0][number] =>
  ({ index, group, role: 'peer', region, clock: 'here' })

describe('regions', () => {
  it('are given to the instances of a group one after another, from the first again in each group and after the last', () => {
    const peers = Array.from({ length: 7 }, (_, index) => introduction(index, 'peers'))
    const members = assignRegions([...peers, introduction(7, 'newcomers')], six)
    expect(members.map(({ region }) => region)).toEqual([...six.regions, six.regions[0], six.regions[0]])
  })

  it('go by the index of the instances, however they introduced themselves', () => {
    const members = assignRegions([introduction(2, 'b'), introduction(0, 'a'), introduction(3, 'a'), introduction(1, 'b')], six)
    expect(members.map(({ index, group, region }) => [index, group, region])).toEqual([
      [0, 'a', six.regions[0]], [1, 'b', six.regions[0]], [2, 'b', six.regions[1]], [3, 'a', six.regions[1]]
    ])
  })

  it('that were asked for are kept, and refused where the profile has none of that name', () => {
    const [, second = ''] = six.regions
    expect(assignRegions([introduction(0, 'a', second)], six)[0]).toEqual({ index: 0, group: 'a', role: 'peer', region: second })
    expect(() => assignRegions([introduction(0, 'a', 'mars')], six)).toThrow(ProfileError)
  })

  it('have the latency between them that the profile asks for', () => {
    const [a, b] = assignRegions([introduction(0, 'a'), introduction(1, 'a')], six)
    expect(a && b && askedLatencyMs(six, a, b)).toBe(six.oneWayLatencyMs[six.regions[0] ?? '']?.[six.regions[1] ?? ''])
  })
})
