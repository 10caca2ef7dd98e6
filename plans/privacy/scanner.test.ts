import { randomBytes } from 'node:crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { createScanner, pieceBytes } from './scanner.ts'

const secret = randomBytes(10_000)
const noise = randomBytes(50_000)
const leak = (start: number, length: number): Buffer =>
  Buffer.concat([noise.subarray(0, 777), secret.subarray(start, start + length), noise.subarray(777)])

/** What is found in a stream that comes in parts of so many bytes. */
function found (stream: Uint8Array, partBytes: number): number {
  const scanner = createScanner([secret])
  const key = {}
  let sum = 0

  for (let start = 0; start < stream.byteLength; start += partBytes) {
    sum += scanner.scan(key, stream.subarray(start, start + partBytes))
  }

  return sum
}

describe('the search for private bytes', () => {
  it.each([1, 15, 16, 17, 4_096, 100_000])('finds a secret in parts of %i bytes, each piece of it once', (partBytes) => {
    expect(found(leak(0, 10_000), partBytes)).toBe(Math.floor(10_000 / pieceBytes) * pieceBytes)
  })

  it.each(Array.from({ length: 16 }, (_, start) => 3_000 + start))('finds any 31 bytes in a row, such as those from %i', (start) => {
    expect(found(leak(start, 31), 40)).toBeGreaterThanOrEqual(pieceBytes)
  })

  it('finds nothing where there is nothing, and no piece that was torn apart', () => {
    expect(found(noise, 1_000)).toBe(0)
    expect(found(Buffer.concat([secret.subarray(0, 15), noise, secret.subarray(15, 16)]), 1_000)).toBe(0)
  })

  it('keeps streams apart, and reads lists of bytes as one', () => {
    const scanner = createScanner([secret])
    const [one, other] = [{}, {}]
    expect(scanner.scan(one, secret.subarray(0, 8))).toBe(0)
    expect(scanner.scan(other, secret.subarray(8, 16))).toBe(0)
    expect(scanner.scan(one, new Uint8ArrayList(secret.subarray(8, 12), secret.subarray(12, 20)))).toBe(pieceBytes)
  })
})
