import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedRequestError } from './errors.ts'
import { goJson } from './json.ts'
import { decodePayload, encodePayload } from './protocol.ts'

/** What JSON text can carry unchanged through a decoder: the value that parsing gives, with well-formed strings. */
const jsonValue = fc.json({ stringUnit: 'grapheme' }).map((text) => JSON.parse(text) as unknown)

describe('Go\'s JSON', () => {
  it('means the same value', () => {
    fc.assert(fc.property(jsonValue, (value) => {
      expect(JSON.parse(goJson(value))).toEqual(value)
      expect(decodePayload(encodePayload(value))).toEqual(value)
    }))
  })

  it('is the same text whatever the order of the keys', () => {
    fc.assert(fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.integer()), (record) => {
      const reversed = Object.fromEntries(Object.entries(record).reverse())
      expect(goJson(reversed)).toBe(goJson(record))
    }))
  })

  it('holds no character that HTML or JavaScript would mistake', () => {
    fc.assert(fc.property(jsonValue, (value) => {
      expect(encodePayload(value)).not.toMatch(/[<>&\u2028\u2029]/)
    }))
  })

  it.each([
    ['a number that is not finite', [Infinity]],
    ['nesting beyond 1,000 levels', JSON.parse('['.repeat(1_002) + ']'.repeat(1_002))]
  ])('refuses %s', (_, value) => {
    expect(() => goJson(value)).toThrow(MalformedRequestError)
  })

  it('accepts nesting of 1,000 levels', () => {
    const text = '['.repeat(1_000) + ']'.repeat(1_000)
    expect(goJson(JSON.parse(text))).toBe(text)
  })
})
