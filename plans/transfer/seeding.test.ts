import { describe, expect, it } from 'vitest'
import { readParams } from '../params.ts'
import { keepsLeaf, leafBytes, requireWholeFiles } from './seeding.ts'
import type { Fraction } from './seeding.ts'

const kept = (fraction: Fraction, seedIndex: number): number[] =>
  [0, 1, 2, 3, 4, 5, 6].filter((place) => keepsLeaf(fraction, seedIndex, place))
const read = (text: string) => readParams('transfer', { seed_fraction: text }).seed_fraction
const check = (seeds: number, fraction: string, fileBytes: string): void => {
  const params = readParams('transfer', { seed_fraction: fraction, file_size: fileBytes })
  const parts = [{ nodeType: 'Leech' as const, groupName: 'a' }, ...Array.from({ length: seeds }, () => ({ nodeType: 'Seed' as const, groupName: 'a' }))]
  requireWholeFiles(parts, () => params)
}

describe('a seed of a part of a file', () => {
  it('keeps a fraction of the leaves, each next seed from one leaf later on', () => {
    expect([0, 1, 2, 3].map((seed) => kept({ leaves: 1, of: 3 }, seed))).toEqual([[0, 3, 6], [2, 5], [1, 4], [0, 3, 6]])
    expect(kept({ leaves: 3, of: 4 }, 1)).toEqual([0, 1, 3, 4, 5])
    expect(kept({ leaves: 2, of: 2 }, 5)).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('is read from a fraction, without which it is the whole', () => {
    expect([read(''), read('1/2'), read('4/4')]).toEqual([{ leaves: 1, of: 1 }, { leaves: 1, of: 2 }, { leaves: 4, of: 4 }])
    expect(readParams('transfer', {}).seed_fraction).toEqual({ leaves: 1, of: 1 })
    expect(() => read('0.5')).toThrow('parameter seed_fraction = "0.5" of case transfer must be a fraction such as 1/2')
    expect(() => read('1/0')).toThrow('must be a fraction such as 1/2')
    expect(() => read('3/2')).toThrow('parameter seed_fraction = "3/2" of case transfer must be a fraction of at most 1')
  })

  it('is refused where all seeds together lack a leaf of a file', () => {
    expect(() => { check(2, '1/2', String(5 * leafBytes)) }).not.toThrow()
    expect(() => { check(3, '2/4', String(5 * leafBytes)) }).not.toThrow()
    expect(() => { check(2, '2/4', String(5 * leafBytes)) })
      .toThrow('with seed_fraction 2/4 the 2 seeds together lack 1 of the 5 blocks of the file of 5242880 bytes, so no leech could get it; raise seed_fraction, or have more seeds')
    // One block is with the first seed.
    expect(() => { check(1, '1/9', String(leafBytes)) }).not.toThrow()
    expect(() => { check(1, '1/9', `1000,${leafBytes + 1}`) }).toThrow('lack 1 of the 2 blocks of the file of 1048577 bytes')
    expect(() => { check(1, '0/1', '1') }).toThrow('lack 1 of the 1 blocks')
  })

  it('is looked at group by group', () => {
    const of = { some: readParams('transfer', { seed_fraction: '1/2' }), none: readParams('transfer', { seed_fraction: '0/1' }) }
    const seeds = (...groups: Array<'some' | 'none'>) => groups.map((groupName) => ({ nodeType: 'Seed' as const, groupName }))
    const paramsOf = (group: string) => of[group as 'some' | 'none']
    expect(() => { requireWholeFiles(seeds('some', 'some', 'none'), paramsOf) }).not.toThrow()
    expect(() => { requireWholeFiles(seeds('some', 'none', 'some'), paramsOf) }).toThrow('with seed_fraction 1/2 and 0/1 the 3 seeds together lack 2 of the 4 blocks')
  })
})
