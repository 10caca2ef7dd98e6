import { describe, expect, it } from 'vitest'
import { validation } from './validation.ts'
import { createIdentities } from '../validation/identities.ts'
import type { GroupPlan } from './case.ts'
import type { Member } from '../members.ts'

function groups (params: Record<string, string>): GroupPlan[] {
  return ['voter', 'asker'].map((role) => ({ id: `${role}s`, count: 2, params: { contributions: '8', role, ...params } }))
}

describe('the case validation', () => {
  it.each<[Record<string, string>, RegExp | string]>([
    [{ pre_trusted: 'friends' }, 'pre_trusted = "friends" is no group of this run that has instances; name one of voters, askers, or none'],
    [{ decisions_at_once: '65' }, /decisions_at_once = "65" of case validation must be from 1 to 64/],
    [{ washes: '0' }, /washes = "0" of case validation must be at least 1/],
    [{ audit_share: '1.5' }, /audit_share = "1.5" of case validation must be from 0 to 1/]
  ])('refuses %o', async (params, sentence) => {
    await expect(validation.check(groups(params))).rejects.toThrow(sentence)
  })

  it('takes a group whose peers are trusted beforehand', async () => {
    expect(await validation.check(groups({ pre_trusted: 'voters', strategy: 'eigentrust' }))).toEqual([expect.stringContaining('corpus: 8 configurations')])
  })
})

describe('who is who', () => {
  it('is known of peers that are no more, and of those that members are now', () => {
    const members = [0, 1].map((index): Member => ({ index, name: `peers/${index}`, group: 'peers', role: 'voter', region: 'r' }))
    const identities = createIdentities(members)
    identities.take(members.map(({ index }) => ({ index, peerId: `first ${index}`, multiaddr: `/a/${index}` })))
    identities.take([{ index: 1, peerId: 'second 1', multiaddr: '/b/1' }])
    expect(identities.peersOf('peers')).toEqual(['first 0', 'second 1'])
    expect(identities.peersOf('others')).toEqual([])
    expect(identities.addressOf(members[1]!)?.multiaddr).toBe('/b/1')
    expect(['first 1', 'second 1', 'stranger'].map((id) => identities.memberOf(id)?.index)).toEqual([1, 1, undefined])
  })
})
