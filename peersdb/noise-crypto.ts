import { createSecretKey } from 'node:crypto'
import { defaultCrypto, nodeCrypto } from '@libp2p/noise/crypto'
import type { KeyObject } from 'node:crypto'
import type { ICryptoInterface } from '@libp2p/noise'

/** From so many bytes on Node's ChaCha20-Poly1305 is quicker than that in WebAssembly, which is libp2p's choice for the rest. */
const largeBytes = 1200

/** A session has two keys, for as long as it lasts. */
const keyObjects = new WeakMap<Uint8Array, KeyObject>()

/**
 * What libp2p encrypts connections with, but for one thing: Node makes a key anew each time it is given as bytes, which takes
 * longer than to encrypt some kilobytes with it. Here it is made once.
 */
export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,

  chaCha20Poly1305Encrypt: (plaintext, nonce, ad, key) => plaintext.byteLength < largeBytes
    ? defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
    : nodeCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, keyObject(key)),

  chaCha20Poly1305Decrypt: (ciphertext, nonce, ad, key, output) => ciphertext.byteLength < largeBytes
    ? defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, output)
    : nodeCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, keyObject(key), output)
}

/** libp2p hands the key on to Node, which takes both; its types say bytes. */
function keyObject (key: Uint8Array): Uint8Array {
  let object = keyObjects.get(key)

  if (object == null) {
    object = createSecretKey(key)
    keyObjects.set(key, object)
  }

  return object as unknown as Uint8Array
}
