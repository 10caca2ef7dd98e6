import { createHash } from 'node:crypto'

/**
 * What is compared instead of the digests of a range: their count and the first 16 bytes of SHA-256(s || count), with s the
 * sum of the digests as big-endian integers modulo 2^256 (32 bytes) and the count as a big-endian uint32.
 *
 * It is a sum and not an XOR because XOR is linear over GF(2): who holds 257 entries of his own can solve a linear system
 * for a selection of them that makes two different sets look the same. For sums there is no such system; the cheapest
 * known attack is Wagner's generalized birthday (CRYPTO 2002), which needs some ten thousand chosen entries, picked from as
 * many lists of 2^16 candidates. Where it succeeds, two peers fail to see their difference in that one range until either
 * of them learns another entry of it.
 */
export interface Fingerprint {
  /** How many digests the range has. */
  count: number
  /** 16 bytes; equal sums and counts mean equal sets. */
  sum: Uint8Array
}

/** A range of digests: all that begin with these lower-case hexadecimal digits. The empty prefix is everything. */
export type Prefix = string

/** The bytes of a digest, SHA-256. */
export const digestBytes = 32

/** The 32-bit words of a digest, and of a sum of digests; the most significant comes first. */
export const digestWords = 8

/** The bytes of a fingerprint's sum. */
export const sumBytes = 16

/** Whether two fingerprints are of equal sets. */
export function sameFingerprint (a: Fingerprint, b: Fingerprint): boolean {
  return a.count === b.count && Buffer.compare(a.sum, b.sum) === 0
}

/** Adds the digest that begins at word `from` to the sum that begins at word `at`, modulo 2^256. */
export function addDigest (sums: Uint32Array, at: number, digests: Uint32Array, from: number): void {
  let carry = 0

  for (let word = digestWords - 1; word >= 0; word--) {
    const sum = sums[at + word]! + digests[from + word]! + carry
    sums[at + word] = sum
    carry = sum > 0xffffffff ? 1 : 0
  }
}

/** The fingerprint of as many digests with that sum. */
export function fingerprintOf (count: number, sum: Uint32Array): Fingerprint {
  const view = new DataView(new ArrayBuffer(digestBytes + 4))
  sum.forEach((word, place) => { view.setUint32(place * 4, word) })
  view.setUint32(digestBytes, count)
  const hash = createHash('sha256').update(view).digest()
  return { count, sum: new Uint8Array(hash.subarray(0, sumBytes)) }
}
