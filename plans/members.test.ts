import { describe, expect, it } from 'vitest'
import { loadProfile, ProfileError } from '../network/profile.ts'
import { assignRegions, meet } from './members.ts'
import type { InstanceContext } from './context.ts'

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
    expect(assignRegions([introduction(0, 'a', second)], six)[0]).toEqual({ index: 0, name: 'a/0', group: 'a', role: 'peer', region: second })
    expect(() => assignRegions([introduction(0, 'a', 'mars')], six)).toThrow(ProfileError)
  })
})

describe('instances that meet', () => {
  const params = { network: 'lan', region: 'spread', role: 'contributor', seed: 1, timeout_secs: 1 } as Parameters<typeof meet>[1]

  /** Instance 0, whom the others told about themselves through the sync service. */
  function contextAmong (others: ReadonlyArray<ReturnType<typeof introduction>>, tagged: object[] = []): InstanceContext {
    const published: unknown[] = []
    return {
      index: 0,
      life: 0,
      group: 'peers',
      instances: others.length + 1,
      clock: { domain: 'here' },
      record: { tag: (tags: object) => { tagged.push(tags) } },
      sync: {
        publish: async (_: string, payload: unknown) => { published.push(payload) },
        collect: async () => [...others, ...published]
      }
    } as unknown as InstanceContext
  }

  it('know themselves and each other, and tag their rows with their region', async () => {
    const tagged: object[] = []
    const members = await meet(contextAmong([introduction(1, 'peers')], tagged), params)
    expect(members.all.map(({ index }) => index)).toEqual([0, 1])
    expect(members.self).toMatchObject({ index: 0, role: 'contributor' })
    expect(members.withRole('peer').map(({ index }) => index)).toEqual([1])
    expect(tagged).toEqual([{ region: members.self.region }])
  })

  it('refuse to go on when they do not share a clock', async () => {
    const elsewhere = { ...introduction(1, 'peers'), clock: 'elsewhere' }
    await expect(meet(contextAmong([elsewhere]), params)).rejects.toThrow('instance 1 runs on another machine than instance 0, and the offset of their clocks cannot be measured here')
  })
})
