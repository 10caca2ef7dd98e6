import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootstrapping, roundOf } from './bootstrapping.ts'
import { ParameterError } from '../errors.ts'

const newcomersFrom = (first: number, count: number): Array<{ index: number }> =>
  Array.from({ length: count }, (_, rank) => ({ index: first + rank }))

describe('the rounds of newcomers', () => {
  it('follow one another, all full but the last', () => {
    fc.assert(fc.property(fc.nat(5), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 35 }), (first, count, joinsAtOnce) => {
      const newcomers = newcomersFrom(first, count)
      const rounds = newcomers.map(({ index }) => roundOf(newcomers, index, joinsAtOnce))
      rounds.forEach(({ joined, together }, rank) => {
        expect([...joined, ...together]).toEqual(newcomers.slice(0, joined.length + together.length))
        expect(joined.length % joinsAtOnce).toBe(0)
        expect(together).toContain(newcomers[rank])
        expect(together.length).toBe(Math.min(joinsAtOnce, count - joined.length))
      })
    }))
  })

  it('have one size for all newcomers', async () => {
    const group = (id: string, role: string, joins: string) => ({ id, count: 2, params: { role, joins_at_once: joins } })
    const groups = [group('peers', 'peer', '2'), group('first', 'newcomer', '2'), group('second', 'newcomer', '3')]
    await expect(bootstrapping.check(groups)).rejects.toThrow(ParameterError)
    await expect(bootstrapping.check(groups)).rejects.toThrow('parameter joins_at_once is "2" in one group and "3" in another; it holds for the whole run')
    await expect(bootstrapping.check([groups[0]!, { id: 'late', count: 1, params: { role: 'newcomer', joins_at_once: '2', sabotage: 'invent' } }]))
      .rejects.toThrow(new ParameterError('group late has sabotage = "invent" but posts nothing; give it to a group with role = "peer"'))
    expect(await bootstrapping.check(groups.slice(0, 2))).toEqual([expect.stringContaining('corpus: 60 of')])
  })
})
