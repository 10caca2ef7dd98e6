import type { Uint8ArrayList } from 'uint8arraylist'

/** Bytes of a piece that is recognised wherever it lies: any 31 bytes of a secret in a row hold a whole one. */
export const pieceBytes = 16
const factor = 0x01000193
/** What the first byte of a piece has been multiplied by once the last one is in. */
const firstFactor = Array.from({ length: pieceBytes - 1 }).reduce<number>((power) => Math.imul(power, factor), 1)
const sieveBits = 20

/** Looks for pieces of secrets in streams of bytes, however these are cut. */
export interface Scanner {
  /** How many bytes of secrets came in this part of a stream; what is left of the part before is kept by its key. */
  scan (key: object, data: Uint8Array | Uint8ArrayList): number
}

/** @param secrets - each too long, and too random, to be met by chance */
export function createScanner (secrets: readonly Uint8Array[]): Scanner {
  const pieces = new Map<number, Uint8Array[]>()
  // Nearly all of what passes is no secret, which one look into this tells.
  const sieve = new Uint8Array(1 << sieveBits)

  for (const secret of secrets) {
    for (let start = 0; start + pieceBytes <= secret.byteLength; start += pieceBytes) {
      const piece = secret.subarray(start, start + pieceBytes)
      const hash = piece.reduce((sum, byte) => (Math.imul(sum, factor) + byte) | 0, 0)
      pieces.set(hash, [...pieces.get(hash) ?? [], piece])
      sieve[hash >>> (32 - sieveBits)] = 1
    }
  }

  const isPiece = (hash: number, bytes: Uint8Array, end: number): boolean => {
    const found = Buffer.from(bytes.buffer, bytes.byteOffset + end - pieceBytes, pieceBytes)
    return pieces.get(hash)?.some((piece) => found.equals(piece)) === true
  }

  const search = (bytes: Uint8Array): number => {
    let hash = 0
    let found = 0

    for (let i = 0; i < bytes.byteLength; i++) {
      const leaving = i >= pieceBytes ? bytes[i - pieceBytes] as number : 0
      hash = (Math.imul(hash - Math.imul(leaving, firstFactor), factor) + (bytes[i] as number)) | 0

      if (i >= pieceBytes - 1 && sieve[hash >>> (32 - sieveBits)] === 1 && isPiece(hash, bytes, i + 1)) {
        found += pieceBytes
      }
    }

    return found
  }

  const rests = new WeakMap<object, Uint8Array>()

  return {
    scan: (key, data) => {
      const bytes = Buffer.concat([rests.get(key) ?? new Uint8Array(0), data.subarray()])
      // One byte less than a piece, so that none is found twice.
      rests.set(key, bytes.subarray(Math.max(0, bytes.byteLength - pieceBytes + 1)))
      return search(bytes)
    }
  }
}
