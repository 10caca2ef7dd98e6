import { describe, expect, it } from 'vitest'
import { tournament } from './link.ts'

describe.each(Array.from({ length: 19 }, (_, i) => i + 2))('a tournament of %i', (instances) => {
  const partners = Array.from({ length: instances }, (_, index) => tournament(index, instances))

  it('lets every pair meet exactly once', () => {
    const others = (index: number): number[] => Array.from({ length: instances }, (_, other) => other).filter((other) => other !== index)
    partners.forEach((rounds, index) => {
      expect(rounds.filter((partner) => partner != null).sort((a, b) => a - b)).toEqual(others(index))
    })
  })

  it('is agreed on by both of a pair, so that no instance is measured twice in a round', () => {
    partners.forEach((rounds, index) => {
      rounds.forEach((partner, round) => {
        if (partner != null) {
          expect(partners[partner]?.[round]).toBe(index)
        }
      })
    })
  })

  it('takes no more rounds than it must, and the same for all', () => {
    expect(new Set(partners.map((rounds) => rounds.length))).toEqual(new Set([instances % 2 === 0 ? instances - 1 : instances]))
  })
})
