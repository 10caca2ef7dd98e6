import { describe, expect, it } from 'vitest'
import { RunRequestError } from './errors.ts'
import { parseSeeds } from './panel.ts'

describe('the seeds of a panel', () => {
  it.each<[string, number[]]>([
    ['1..4', [1, 2, 3, 4]],
    ['7', [7]],
    ['3,1..2, 9', [3, 1, 2, 9]],
    ['1..3,2..5', [1, 2, 3, 4, 5]]
  ])('%s', (text, seeds) => { expect(parseSeeds(text)).toEqual(seeds) })

  it.each(['', '1..', '5..1', 'a', '1..2..3', '-1', '1.5', '1..1001', '1..600,1000..1600'])('%s is refused', (text) => {
    expect(() => parseSeeds(text)).toThrow(RunRequestError)
    expect(() => parseSeeds(text)).toThrow(`--seeds ${text}`)
  })
})
