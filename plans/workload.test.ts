import { describe, expect, it } from 'vitest'
import { collectPosted, shareOf } from './workload.ts'
import type { InstanceContext } from './context.ts'
import type { Posted } from './workload.ts'

const items = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe('the shares of a corpus', () => {
  it.each([[60, 6], [7, 3], [2, 5], [0, 2], [1, 1]])('of %i items for %i contributors are disjoint, whole and nearly equal', (count, contributors) => {
    const shares = items(contributors).map((rank) => shareOf(items(count), rank, contributors))
    expect(shares.flat().sort((a, b) => a - b)).toEqual(items(count))
    const sizes = shares.map(({ length }) => length)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    shares.forEach((share) => { expect(share).toEqual(share.toSorted((a, b) => a - b)) })
  })
})

describe('what all contributors posted', () => {
  it.each([[60, 6, 6], [250, 1, 3], [7, 3, 3], [2, 5, 2], [301, 3, 4]])(
    '%i items of %i contributors come in %i messages, as many as were published', async (count, contributors, messages) => {
      const published = items(contributors).flatMap((rank) => {
        const share = shareOf(items(count), rank, contributors)
        return items(Math.ceil(share.length / 100)).map((part) => share.slice(part * 100, (part + 1) * 100))
      })
      let asked: unknown[] = []
      const collect = async (...args: unknown[]): Promise<unknown[]> => {
        asked = args
        return published
      }
      const context = { sync: { collect } } as unknown as InstanceContext
      const posted = await collectPosted(context, count, contributors, 5) as Array<Posted | number>
      expect(asked).toEqual(['posted', messages, 5])
      expect(published).toHaveLength(messages)
      expect(posted).toHaveLength(count)
    })
})
