import * as dagCbor from '@ipld/dag-cbor'
import { malformed } from './wire.ts'

/**
 * Decodes DAG-CBOR from a peer. Its size in memory is bounded by the frame's bytes and the number of values.
 *
 * @throws {ProtocolError} where it is no DAG-CBOR, or more than so many values
 */
export function parseCbor (frame: Uint8Array, valuesMax: number): unknown {
  if (hasMoreValues(frame, valuesMax)) {
    throw malformed('a message', `has more than ${valuesMax} values`)
  }

  try {
    return dagCbor.decode(frame)
  } catch (err) {
    throw malformed('a message', 'is not DAG-CBOR', { cause: err })
  }
}

/** Counts the values by their heads alone (RFC 8949, section 3), because two million empty arrays would take much memory once decoded. */
function hasMoreValues (frame: Uint8Array, valuesMax: number): boolean {
  let count = 0

  for (let at = 0; at < frame.byteLength && count <= valuesMax; count++) {
    const major = frame[at]! >>> 5
    const info = frame[at]! & 31
    const argumentBytes = info < 24 || info > 27 ? 0 : 2 ** (info - 24)
    const isString = major === 2 || major === 3
    const argument = argumentBytes === 0 ? info : bigEndian(frame.subarray(at + 1, at + 1 + argumentBytes))
    at += 1 + argumentBytes + (isString ? argument : 0)
  }

  return count > valuesMax
}

function bigEndian (bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}
