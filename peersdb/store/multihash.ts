import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { InvalidInputError } from '../errors.ts'

/** The multicodec of DAG-CBOR, in which OrbitDB writes entries, identities and manifests. */
export const dagCborCode = 0x71

/** The length of a SHA-256 digest in bytes. */
export const digestBytes = 32

/** A CID for a block of which only the multihash is known. */
export function rawCid (multihash: Uint8Array): CID {
  return CID.createV1(raw.code, Digest.decode(multihash))
}

/** A short text for a digest, multihash or binary CID, to be used as a key in memory. */
export function keyOf (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The hash of a log entry as OrbitDB writes it (`zdpu...`), from the SHA-256 digest of the entry. */
export function entryHashText (digest: Uint8Array): string {
  return CID.createV1(dagCborCode, Digest.create(sha256.code, digest)).toString(base58btc)
}

/**
 * The SHA-256 digest of a log entry, from its hash as OrbitDB writes it.
 *
 * @throws {InvalidInputError} where the text is no such hash
 */
export function entryHashDigest (hash: string): Uint8Array {
  try {
    const { code, multihash } = CID.parse(hash, base58btc)

    if (code === dagCborCode && multihash.code === sha256.code && multihash.digest.byteLength === digestBytes) {
      return multihash.digest
    }
  } catch {
    // What is no CID at all gets the same answer as a CID of something else.
  }

  throw new InvalidInputError(`"${hash.slice(0, 128)}" is not the hash of a log entry; take one from a contribution`)
}
