import { createHash } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'

const dagCborCode = 0x71
const sha256Code = 0x12
/** CIDv1, dag-cbor, sha2-256 with 32 bytes. */
const prefix = Uint8Array.of(1, dagCborCode, sha256Code, 32)

export function sha256 (bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/** The hash of a log entry, identity or manifest, as OrbitDB writes it: its CID in base58btc ("zdpu..."). */
export function hashOf (bytes: Uint8Array): string {
  return hashOfDigest(sha256(bytes))
}

export function hashOfDigest (digest: Uint8Array): string {
  return base58btc.encode(Buffer.concat([prefix, digest]))
}

/** The 32-byte SHA-256 digest in an OrbitDB hash; undefined where it is no such hash. */
export function digestOfHash (hash: string): Uint8Array | undefined {
  if (hash.length > 64) {
    return undefined
  }

  try {
    const bytes = base58btc.decode(hash)
    return bytes.byteLength === 36 && prefix.every((byte, i) => bytes[i] === byte) ? bytes.subarray(4) : undefined
  } catch {
    return undefined
  }
}

/** The multihash of a digest, by which the store finds the block. */
export function multihashOf (digest: Uint8Array): Uint8Array {
  return Buffer.concat([prefix.subarray(2), digest])
}

export function cidOfHash (hash: string): CID {
  return CID.parse(hash, base58btc)
}

/** Whether the bytes are those that a CID with SHA-256 names. */
export function isBlockOf (multihash: Uint8Array, bytes: Uint8Array): boolean {
  const { code, digest } = Digest.decode(multihash)
  return code === sha256Code && Buffer.compare(digest, sha256(bytes)) === 0
}
