import { randomBytes } from 'node:crypto'
import { pureJsCrypto } from '@libp2p/noise'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { noiseCrypto } from './noise-crypto.ts'

const key = new Uint8Array(randomBytes(32))
const nonce = new Uint8Array(randomBytes(12))
const ad = new Uint8Array(randomBytes(5))

describe('encryption of connections', () => {
  it.each([0, 1, 1_199, 1_200, 65_519])('of %d bytes is ChaCha20-Poly1305, read and written, in one piece and in several', (bytes) => {
    const plain = new Uint8Array(randomBytes(bytes))
    const theirs = pureJsCrypto.chaCha20Poly1305Encrypt(plain, nonce, ad, key).subarray()
    const half = Math.floor(bytes / 2)

    for (const text of [plain, new Uint8ArrayList(plain.subarray(0, half), plain.subarray(half))]) {
      expect(Buffer.from(noiseCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key).subarray())).toEqual(Buffer.from(theirs))
    }

    expect(Buffer.from(noiseCrypto.chaCha20Poly1305Decrypt(theirs, nonce, ad, key).subarray())).toEqual(Buffer.from(plain))
  })

  it.each([100, 5_000])('of %d bytes with a bit that is wrong is refused, and so is another key', (bytes) => {
    const cipher = new Uint8Array(noiseCrypto.chaCha20Poly1305Encrypt(new Uint8Array(bytes), nonce, ad, key).subarray())
    expect(() => noiseCrypto.chaCha20Poly1305Decrypt(cipher, nonce, ad, new Uint8Array(randomBytes(32)))).toThrow()
    cipher[bytes / 2]! ^= 1
    expect(() => noiseCrypto.chaCha20Poly1305Decrypt(cipher, nonce, ad, key)).toThrow()
  })
})
