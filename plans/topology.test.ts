import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTopology } from './topology.ts'

const membersOf = (count: number): Array<{ index: number }> => Array.from({ length: count }, (_, i) => ({ index: 10 + i }))
const counts = fc.integer({ min: 1, max: 40 })

describe('a topology', () => {
  it('is a full mesh where nothing limits how many a member dials', () => {
    const members = membersOf(5)
    const { dialledBy, degreeOf } = createTopology(members, { dials: 0, seed: 1 })
    members.forEach((member, rank) => {
      expect(dialledBy(member)).toEqual(members.slice(0, rank))
      expect(degreeOf(member)).toBe(4)
    })
  })

  it('has each member dial different ones before it, as many as allowed, and counts both ends', () => {
    fc.assert(fc.property(counts, fc.integer({ min: 1, max: 6 }), fc.nat(), (count, dials, seed) => {
      const members = membersOf(count)
      const { dialledBy, degreeOf } = createTopology(members, { dials, seed })
      members.forEach((member, rank) => {
        const dialled = dialledBy(member)
        expect(new Set(dialled).size).toBe(Math.min(dials, rank))
        expect(members.slice(0, rank)).toEqual(expect.arrayContaining([...dialled]))
        expect(degreeOf(member)).toBe(dialled.length + members.filter((other) => dialledBy(other).includes(member)).length)
      })
    }))
  })

  it('connects all members with each other', () => {
    fc.assert(fc.property(counts, fc.integer({ min: 0, max: 3 }), fc.nat(), (count, dials, seed) => {
      const members = membersOf(count)
      const { dialledBy } = createTopology(members, { dials, seed })
      const reached = new Set(members.slice(0, 1))
      members.slice(1).forEach((member) => { if (dialledBy(member).some((other) => reached.has(other))) reached.add(member) })
      expect(reached.size).toBe(count)
    }))
  })

  it('is the same for everybody, decided by the seed', () => {
    const members = membersOf(30)
    const edges = (seed: number): number[][] => {
      const { dialledBy } = createTopology(members, { dials: 3, seed })
      return members.map((member) => dialledBy(member).map(({ index }) => index))
    }
    expect(edges(1)).toEqual(edges(1))
    expect(edges(1)).not.toEqual(edges(2))
  })
})
