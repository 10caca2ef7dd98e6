import { describe, expect, it } from 'vitest'
import { ParameterError } from './errors.ts'
import { presetNames, presets } from './corpus/presets.ts'
import { readParams } from './params.ts'

describe('contributions', () => {
  it.each(presetNames)('that are not given are all of the preset %s', (corpus) => {
    expect(readParams('replication', { corpus })).toMatchObject({ corpus, contributions: presets[corpus] })
    expect(readParams('bootstrapping', { corpus, contributions: 'null' })).toMatchObject({ corpus, contributions: presets[corpus] })
  })

  it('that are not given are sixty of a directory, and of generated records', () => {
    for (const corpus of ['', '/data/paper', 'papers']) expect(readParams('replication', { corpus }).contributions).toBe(60)
    expect(readParams('bootstrapping', {}).contributions).toBe(60)
  })

  it('that are given hold, and none is refused', () => {
    expect(readParams('replication', { corpus: 'paper', contributions: '1000' }).contributions).toBe(1000)
    expect(() => readParams('replication', { contributions: '0' })).toThrow(ParameterError)
  })
})

describe('joins_at_once', () => {
  it('is one unless it is given, and at least one', () => {
    expect(readParams('bootstrapping', {}).joins_at_once).toBe(1)
    expect(readParams('bootstrapping', { joins_at_once: '6' }).joins_at_once).toBe(6)
    expect(() => readParams('bootstrapping', { joins_at_once: '0' })).toThrow('parameter joins_at_once = "0" of case bootstrapping must be at least 1')
  })
})
