import { crc32 } from 'node:zlib'

const metresPerInch = 0.0254
/** Signature (8 bytes) and the chunk IHDR (25 bytes), which always comes first. */
const headBytes = 33

/**
 * A PNG that says how many dots an inch of it has, so that it is printed at the size it was drawn for.
 *
 * Source: W3C, "Portable Network Graphics Specification (Third Edition)", section 11.3.4.3, pHYs.
 *
 * @param png - without a chunk pHYs of its own
 */
export function withDensity (png: Buffer, dotsPerInch: number): Buffer {
  const dotsPerMetre = Math.round(dotsPerInch / metresPerInch)
  const body = Buffer.alloc(13)
  body.write('pHYs', 'latin1')
  body.writeUInt32BE(dotsPerMetre, 4)
  body.writeUInt32BE(dotsPerMetre, 8)
  body.writeUInt8(1, 12)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(9)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([png.subarray(0, headBytes), length, body, check, png.subarray(headBytes)])
}
