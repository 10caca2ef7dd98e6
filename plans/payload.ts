/** Testground's sync service drops the connection of a client that sends more than 32,768 bytes at once. */
const payloadBytesMax = 32_000

/**
 * A payload as it travels between instances.
 *
 * @throws {RangeError} where it is more than Testground carries
 */
export function encodePayload (topic: string, payload: unknown): string {
  const encoded = JSON.stringify(payload)
  const bytes = Buffer.byteLength(encoded)

  if (bytes > payloadBytesMax) {
    throw new RangeError(`a payload of ${bytes} bytes on topic ${topic} is more than the ${payloadBytesMax} that Testground carries; publish it in parts`)
  }

  return encoded
}
