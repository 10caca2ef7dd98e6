import { generateKeyPair, publicKeyFromRaw } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifySignature } from './signature.ts'
import type { PrivateKey } from '@libp2p/interface'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What OrbitDB does to verify a signature (`key-store.js`), except that it keeps results. */
async function verifyAsOrbitDb (signature: string, publicKey: string, data: Uint8Array): Promise<boolean> {
  try {
    return await publicKeyFromRaw(Buffer.from(publicKey, 'hex')).verify(data, Buffer.from(signature, 'hex'))
  } catch {
    return false
  }
}

/** The order of secp256k1 (SEC 2, section 2.4.1). */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The other signature of the same message that the curve's arithmetic allows: the order minus s. */
function withHighS (der: Uint8Array): Uint8Array {
  const start = 6 + der[3]!
  const s = order - BigInt(`0x${hex(der.subarray(start))}`)
  // The sign of an integer in DER is its first bit, and a high s has that bit set.
  const integer = Buffer.from(`00${s.toString(16).padStart(64, '0')}`, 'hex')
  const head = Buffer.from(der.subarray(0, start))
  head[1] = start - 2 + integer.byteLength
  head[start - 1] = integer.byteLength
  return Buffer.concat([head, integer])
}

function withFlippedBit (bytes: Uint8Array, place: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  const at = place % (bytes.byteLength * 8)
  flipped[at >> 3]! ^= 1 << (at & 7)
  return flipped
}

describe.each(['Ed25519', 'secp256k1'] as const)('%s', (type) => {
  let keys: PrivateKey[]
  const message = fc.uint8Array({ minLength: 1, maxLength: 300 })
  const place = fc.nat()

  beforeAll(async () => {
    keys = await Promise.all(Array.from({ length: 5 }, () => generateKeyPair(type)))
  })

  it('verifies what @libp2p/crypto signed, and not with another key', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(4), fc.nat(4), message, async (i, j, data) => {
      const signature = hex(await keys[i]!.sign(data))
      expect(await verifySignature(signature, hex(keys[i]!.publicKey.raw), data)).toBe(true)
      expect(await verifySignature(signature, hex(keys[j]!.publicKey.raw), data)).toBe(i === j)
    }), { numRuns: 40 })
  })

  it('agrees with @libp2p/crypto where one bit of the signature, the key or the message is another', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(4), message, fc.constantFrom('signature', 'key', 'message'), place, async (i, data, part, bit) => {
      const flip = (name: string, bytes: Uint8Array): Uint8Array => name === part ? withFlippedBit(bytes, bit) : bytes
      const signature = hex(flip('signature', await keys[i]!.sign(data)))
      const key = hex(flip('key', keys[i]!.publicKey.raw))
      const signed = flip('message', data)
      expect(await verifySignature(signature, key, signed)).toBe(await verifyAsOrbitDb(signature, key, signed))
      expect(await verifySignature(signature, key, signed)).toBe(false)
    }), { numRuns: 80 })
  })

  it('agrees with @libp2p/crypto about signatures that are cut, prolonged, or made up', async () => {
    const data = Buffer.from('a message')
    const signature = await keys[0]!.sign(data)
    const key = hex(keys[0]!.publicKey.raw)
    await fc.assert(fc.asyncProperty(fc.oneof(
      fc.nat(signature.byteLength - 1).map((length) => signature.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 60 }).map((more) => Buffer.concat([signature, more])),
      fc.uint8Array({ maxLength: 128 })
    ), async (other) => {
      expect(await verifySignature(hex(other), key, data)).toBe(await verifyAsOrbitDb(hex(other), key, data))
      expect(await verifySignature(hex(other), key, data)).toBe(false)
    }), { numRuns: 60 })
  })
})

describe('a signature', () => {
  it('of secp256k1 is refused with its high s, as OrbitDB refuses it: anybody could make it from the one that was signed', async () => {
    const key = await generateKeyPair('secp256k1')
    const publicKey = hex(key.publicKey.raw)
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1 }), async (data) => {
      const signature = hex(withHighS(await key.sign(data)))
      expect(await verifyAsOrbitDb(signature, publicKey, data)).toBe(false)
      expect(await verifySignature(signature, publicKey, data)).toBe(false)
    }), { numRuns: 20 })
  })

  it('in upper-case letters is refused, as it would give the same entry a second hash', async () => {
    const key = await generateKeyPair('Ed25519')
    const data = Buffer.from('a message')
    expect(await verifySignature(hex(await key.sign(data)).toUpperCase(), hex(key.publicKey.raw), data)).toBe(false)
  })

  it('by a key that is none is not valid', async () => {
    for (const key of ['', 'ab', 'zz'.repeat(32), '05'.repeat(33), 'ff'.repeat(33), 'ff'.repeat(5000)]) {
      expect(await verifySignature('ab'.repeat(64), key, Buffer.from('a message'))).toBe(false)
    }
  })
})
