import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { decodeGreeting, encodeGreeting, ShapingError } from './greeting.ts'

const greeting = { region: 'europe-west3', instance: 'run/peers/3' }

describe('greeting', () => {
  it('is read back from any pieces, and leaves what follows', () => {
    const bytes = Uint8Array.from([...encodeGreeting(greeting), 7, 8])
    fc.assert(fc.property(fc.nat(bytes.length - 3), (cut) => {
      const received = new Uint8ArrayList(bytes.subarray(0, cut))
      expect(decodeGreeting(received)).toBeUndefined()
      received.append(bytes.subarray(cut))
      expect(decodeGreeting(received)).toEqual(greeting)
      expect([...received.subarray()]).toEqual([7, 8])
    }))
  })

  it('refuses anything else with its own error, and never reads beyond its bound', () => {
    expect(() => decodeGreeting(new Uint8ArrayList(new TextEncoder().encode('\x13/multistream/1.0.0\n')))).toThrow(ShapingError)
    const magic = encodeGreeting(greeting).subarray(0, 9)
    fc.assert(fc.property(fc.uint8Array({ minLength: 256, maxLength: 400 }), fc.boolean(), (noise, withMagic) => {
      const received = new Uint8ArrayList(...(withMagic ? [magic, noise] : [noise]))
      expect(() => decodeGreeting(received)).toThrow(ShapingError)
    }))
  })

  it('refuses names that do not fit', () => {
    expect(() => encodeGreeting({ region: 'x'.repeat(65), instance: 'a' })).toThrow(ShapingError)
    expect(() => encodeGreeting({ region: 'é'.repeat(64), instance: 'é'.repeat(100) })).toThrow(/cannot be greeted with/)
    expect(() => encodeGreeting({ region: 'x', instance: '' })).toThrow(ShapingError)
  })
})
