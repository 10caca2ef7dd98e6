import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** The DER prefixes of a SubjectPublicKeyInfo, by the length of the raw public key (RFC 8410; SEC 1 and RFC 5480). */
const spkiByKeyLength = new Map([
  [32, { prefix: Buffer.from('302a300506032b6570032100', 'hex'), digest: null }],
  [33, { prefix: Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'), digest: 'sha256' }]
])
const maxKeys = 4096
const keys = new Map<string, KeyObject | undefined>()
/** Half the order of secp256k1 (SEC 2, section 2.4.1), in 64 hexadecimal digits. */
const halfOrder = '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0'

/**
 * Verifies a signature of an OrbitDB entry or identity. `node:crypto` does so on its thread pool, in a fifth
 * (secp256k1) to a fifteenth (Ed25519) of the time that the JavaScript curve of OrbitDB takes.
 *
 * @param signature - hexadecimal
 * @param publicKey - raw, hexadecimal: 32 bytes are an Ed25519 key, 33 bytes a compressed secp256k1 key
 * @param options.isSingle - it is not one of many, so that waking a thread would take longer than the verification
 */
export async function verifySignature (
  signature: string, publicKey: string, data: Uint8Array, { isSingle = false }: { isSingle?: boolean } = {}
): Promise<boolean> {
  const key = keyOf(publicKey)

  if (key == null || !/^([0-9a-f]{2}){1,128}$/.test(signature)) {
    return false
  }

  const { digest } = spkiByKeyLength.get(publicKey.length / 2) ?? { digest: null }

  if (digest != null && !hasLowS(signature)) {
    return false
  }

  if (isSingle) {
    return verify(digest, data, key, Buffer.from(signature, 'hex'))
  }

  return new Promise((resolve) => {
    verify(digest, data, key, Buffer.from(signature, 'hex'), (err, valid) => { resolve(err == null && valid) })
  })
}

/**
 * Whether the second half of an ECDSA signature in DER is the lower of the two that are valid. From either, anybody makes
 * the other, which would be the same entry with another hash; OrbitDB refuses the higher one, and OpenSSL takes both.
 */
function hasLowS (signature: string): boolean {
  const rDigits = 2 * parseInt(signature.slice(6, 8), 16)
  const s = signature.slice(12 + rDigits).replace(/^0+/, '').padStart(64, '0')
  return s.length === 64 && s <= halfOrder
}

/** The key object of a raw public key, of which there are few; undefined where the bytes are no key. */
function keyOf (publicKey: string): KeyObject | undefined {
  if (!keys.has(publicKey)) {
    if (keys.size >= maxKeys) {
      keys.clear()
    }

    keys.set(publicKey, parseKey(publicKey))
  }

  return keys.get(publicKey)
}

function parseKey (publicKey: string): KeyObject | undefined {
  const spki = spkiByKeyLength.get(publicKey.length / 2)

  if (spki == null || !/^[0-9a-f]+$/.test(publicKey)) {
    return undefined
  }

  try {
    return createPublicKey({ key: Buffer.concat([spki.prefix, Buffer.from(publicKey, 'hex')]), format: 'der', type: 'spki' })
  } catch {
    // Not every 33 bytes are a point of the curve; a signature by such a key is simply not valid.
    return undefined
  }
}
