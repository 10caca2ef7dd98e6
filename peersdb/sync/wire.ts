import { digestBytes } from './fingerprint.ts'

/** The protocol that these messages belong to. */
export const syncProtocol = '/peersdb/sync/1.0.0'

/** A peer sent what the protocol does not allow. Whoever sees it ends the session with that peer. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

/** One part of a message: how it becomes a CBOR value, and how a value from a peer becomes it. */
export interface Field<T> {
  encode (value: T): unknown
  /** @throws {ProtocolError} naming the place and what is wrong there */
  decode (value: unknown, place: string): T
}

export function malformed (place: string, what: string, options?: ErrorOptions): ProtocolError {
  return new ProtocolError(`${place} ${what}; the peer has to follow ${syncProtocol}`, options)
}

/** A field that is the same in CBOR. */
function plain<T> (isValid: (value: unknown) => value is T, what: string): Field<T> {
  return {
    encode: (value) => value,
    decode (value, place) {
      if (!isValid(value)) {
        throw malformed(place, `is not ${what}`)
      }

      return value
    }
  }
}

export const bool: Field<boolean> = plain((value): value is boolean => typeof value === 'boolean', 'true or false')

export const uint32: Field<number> = plain(
  (value): value is number => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffffffff,
  'an integer from 0 to 4294967295'
)

export function literal<const T> (constant: T): Field<T> {
  return plain((value): value is T => value === constant, String(constant))
}

/** A text of at most so many UTF-16 code units. */
export function text (lengthMax: number): Field<string> {
  return plain((value): value is string => typeof value === 'string' && value.length <= lengthMax, `a text of at most ${lengthMax} characters`)
}

export function bytes (lengthMin: number, lengthMax: number): Field<Uint8Array> {
  const length = lengthMin === lengthMax ? `${lengthMin}` : `${lengthMin} to ${lengthMax}`
  return plain(
    (value): value is Uint8Array => value instanceof Uint8Array && value.byteLength >= lengthMin && value.byteLength <= lengthMax,
    `${length} bytes`
  )
}

/** A range of digests, as at most so many lower-case hexadecimal digits. */
export function hexPrefix (digitsMax: number): Field<string> {
  const pattern = new RegExp(`^[0-9a-f]{0,${digitsMax}}$`)
  return plain(
    (value): value is string => typeof value === 'string' && pattern.test(value),
    `a prefix of at most ${digitsMax} lower-case hexadecimal digits`
  )
}

/** One of several words, on the wire its place among them. */
export function oneOf<const T extends string> (names: readonly T[]): Field<T> {
  return {
    encode: (value) => names.indexOf(value),
    decode (value, place) {
      const name = names[uint32.decode(value, place)]

      if (name === undefined) {
        throw malformed(place, `is not one of ${names.map((known, number) => `${number} (${known})`).join(', ')}`)
      }

      return name
    }
  }
}

/** Digests one after the other in a single byte string, which takes less room and time than one string for each. */
export function digests (countMax: number): Field<Uint8Array[]> {
  return {
    encode (values) {
      const packed = new Uint8Array(values.length * digestBytes)
      values.forEach((value, index) => { packed.set(value, index * digestBytes) })
      return packed
    },
    decode (value, place) {
      const packed = bytes(0, countMax * digestBytes).decode(value, place)

      if (packed.byteLength % digestBytes !== 0) {
        throw malformed(place, `is not a whole number of digests of ${digestBytes} bytes`)
      }

      return Array.from({ length: packed.byteLength / digestBytes }, (_, index) => {
        return packed.subarray(index * digestBytes, (index + 1) * digestBytes)
      })
    }
  }
}

export function list<T> (field: Field<T>, countMax: number): Field<T[]> {
  return {
    encode: (values) => values.map((value) => field.encode(value)),
    decode (value, place) {
      if (!Array.isArray(value) || value.length > countMax) {
        throw malformed(place, `is not a list of at most ${countMax}`)
      }

      return value.map((element, index) => field.decode(element, `${place}[${index}]`))
    }
  }
}

/** Named fields; on the wire an array of their values, in the order in which they are given here. */
export function record<T extends object> (fields: { [Name in keyof T]: Field<T[Name]> }): Field<T> {
  const names = Object.keys(fields) as Array<keyof T & string>
  return {
    encode: (value) => names.map((name) => fields[name].encode(value[name])),
    decode (value, place) {
      if (!Array.isArray(value) || value.length !== names.length) {
        throw malformed(place, `is not an array of ${names.join(', ')}`)
      }

      return Object.fromEntries(names.map((name, index) => [name, fields[name].decode(value[index], `${place}.${name}`)])) as T
    }
  }
}

/** A field with one more condition: `problem` says what is wrong with a value, if anything is. */
export function checked<T> (field: Field<T>, problem: (value: T) => string | undefined): Field<T> {
  return {
    encode: (value) => field.encode(value),
    decode (value, place) {
      const decoded = field.decode(value, place)
      const what = problem(decoded)

      if (what !== undefined) {
        throw malformed(place, what)
      }

      return decoded
    }
  }
}
