/** A field of a protobuf message: a number, or the bytes of a text or of a message within. */
export interface ProtobufField {
  number: number
  value: number | Uint8Array
}

/** Encodes just enough of protobuf (https://protobuf.dev/programming-guides/encoding) to speak to other protocols by hand. */
export function encodeFields (...fields: Array<[number: number, value: number | Uint8Array]>): Uint8Array {
  return Buffer.concat(fields.flatMap(([number, value]) => typeof value === 'number'
    ? [varint(number << 3), varint(value)]
    : [varint(number << 3 | 2), delimited(value)]))
}

/** Bytes behind their length. */
export function delimited (bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint(bytes.byteLength), bytes])
}

export function decodeFields (bytes: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = []

  for (let at = 0; at < bytes.byteLength;) {
    const [key, afterKey] = readVarint(bytes, at)
    const [value, afterValue] = readVarint(bytes, afterKey)
    const isNumber = (key & 7) === 0
    fields.push({ number: key >> 3, value: isNumber ? value : bytes.subarray(afterValue, afterValue + value) })
    at = isNumber ? afterValue : afterValue + value
  }

  return fields
}

/** The messages that have arrived as a whole, each behind its length. */
export function splitDelimited (bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = []

  for (let at = 0; at < bytes.byteLength;) {
    const [length, start] = readVarint(bytes, at)
    at = start + length

    if (at <= bytes.byteLength) {
      messages.push(bytes.subarray(start, at))
    }
  }

  return messages
}

function varint (value: number): Uint8Array {
  const bytes: number[] = []

  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128 + (rest >= 128 ? 128 : 0))

    if (rest < 128) {
      return Uint8Array.from(bytes)
    }
  }
}

function readVarint (bytes: Uint8Array, start: number): [value: number, end: number] {
  for (let at = start, value = 0, factor = 1; at < bytes.byteLength; at++, factor *= 128) {
    value += (bytes[at]! % 128) * factor

    if (bytes[at]! < 128) {
      return [value, at + 1]
    }
  }

  return [0, bytes.byteLength]
}
