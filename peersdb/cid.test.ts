import { identity } from 'multiformats/hashes/identity'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { cidOf } from './cid.ts'
import { singleBlockCid } from './files/content.ts'

describe('a CID of a text', () => {
  it('is parsed once, as long as it is not crowded out', () => {
    const texts = Array.from({ length: 3000 }, (_, i) => singleBlockCid(Buffer.from(String(i))).toString())
    const first = cidOf(texts[0]!)
    expect(first.toString()).toBe(texts[0])
    expect(cidOf(texts[0]!)).toBe(first)
    texts.forEach(cidOf)
    expect(cidOf(texts[0]!)).not.toBe(first)
    expect(cidOf(texts[0]!)).toEqual(first)
  })

  it('is not kept where it holds its content, which may be long', () => {
    const text = CID.createV1(0x55, identity.digest(new Uint8Array(10_000))).toString()
    expect(cidOf(text)).toEqual(CID.parse(text))
    expect(cidOf(text)).not.toBe(cidOf(text))
  })

  it('is refused where it is none, as often as it is asked for', () => {
    expect(() => cidOf('nonsense')).toThrow()
    expect(() => cidOf('nonsense')).toThrow()
  })
})
