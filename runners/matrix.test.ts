import { describe, expect, it } from 'vitest'
import { RunRequestError } from './errors.ts'
import { cellsOf, parseMatrix } from './matrix.ts'

describe('a matrix', () => {
  it('is every combination of its values, in order, each with a name for its folder', () => {
    const cells = cellsOf(parseMatrix(['sync=fast,stock', 'dials=4, 8']))
    expect(cells.map(({ name }) => name)).toEqual(['sync=fast,dials=4', 'sync=fast,dials=8', 'sync=stock,dials=4', 'sync=stock,dials=8'])
    expect(cells[3]?.set).toEqual({ sync: 'stock', dials: '8' })
  })

  it('that is empty is one run without a name', () => {
    expect(cellsOf(parseMatrix([]))).toEqual([{ name: '', set: {} }])
  })

  it('never gives two combinations the same folder', () => {
    const names = cellsOf(parseMatrix(['corpus=a/b,a?b,a:b'])).map(({ name }) => name)
    expect(names[0]).toBe('corpus=a_b')
    expect(new Set(names).size).toBe(3)
  })

  it.each([
    ['sync', 'write --matrix <parameter>=<value>,<value>'],
    ['=fast', 'write --matrix'],
    ['sync=fast,,stock', 'write --matrix'],
    ['sync=fast,fast', 'a value is there twice'],
    ['seed=1,2', 'use --seeds 1,2']
  ])('%s is refused', (option, cure) => {
    expect(() => parseMatrix([option])).toThrow(RunRequestError)
    expect(() => parseMatrix([option])).toThrow(`--matrix ${option}: `)
    expect(() => parseMatrix([option])).toThrow(cure)
  })

  it('gives each parameter once, and is no larger than anybody can mean', () => {
    expect(() => parseMatrix(['a=1,2', 'a=3'])).toThrow('--matrix a=3: a is there twice; give all its values at once')
    const ten = Array.from({ length: 10 }, (_, i) => String(i)).join(',')
    expect(() => cellsOf(parseMatrix(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}=${ten}`)))).toThrow('the matrix has 1,000,000 combinations')
  })
})
