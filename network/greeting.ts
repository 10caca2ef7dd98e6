import { Uint8ArrayList } from 'uint8arraylist'
import * as z from 'zod'
import type { Clock } from './clock.ts'
import type { MultiaddrConnection, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'

/** Two sides cannot shape what goes between them: the other does not speak the greeting, or the transport goes around it. */
export class ShapingError extends Error {
  override name = 'ShapingError'
}

/** What each side tells the other before libp2p's own first byte, so that both know which link they stand on. */
export interface Greeting {
  region: string
  instance: string
}

/** Magic and version; a change of the form changes the last byte. Then one byte of length, then that much JSON. */
const MAGIC = new TextEncoder().encode('PEERSLAB\x01')
const BODY_BYTES_MAX = 255
const greetingSchema = z.strictObject({ region: z.string().min(1).max(64), instance: z.string().min(1).max(100) })

/** @throws ShapingError when region and instance do not fit */
export function encodeGreeting (greeting: Greeting): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(greeting))
  if (body.byteLength > BODY_BYTES_MAX || !greetingSchema.safeParse(greeting).success) {
    throw new ShapingError(`The region ${JSON.stringify(greeting.region.slice(0, 64))} and the instance ` +
      `${JSON.stringify(greeting.instance.slice(0, 100))} cannot be greeted with: give names of 1 to 64 and 1 to 100 characters, ` +
      `together under ${BODY_BYTES_MAX - 30} bytes.`)
  }
  const bytes = new Uint8Array(MAGIC.byteLength + 1 + body.byteLength)
  bytes.set(MAGIC)
  bytes[MAGIC.byteLength] = body.byteLength
  bytes.set(body, MAGIC.byteLength + 1)
  return bytes
}

/**
 * Reads a greeting off the front of what has come so far; undefined while it is incomplete. A wrong byte is refused as
 * soon as it is seen. What follows the greeting stays in the list.
 *
 * @throws ShapingError
 */
export function decodeGreeting (received: Uint8ArrayList): Greeting | undefined {
  const header = received.subarray(0, Math.min(received.byteLength, MAGIC.byteLength))
  if (header.some((byte, index) => byte !== MAGIC[index])) {
    throw new ShapingError('it sent something else than the greeting')
  }
  const start = MAGIC.byteLength + 1
  if (received.byteLength < start) {
    return undefined
  }
  const end = start + received.get(MAGIC.byteLength)
  if (received.byteLength < end) {
    return undefined
  }
  const body = received.subarray(start, end)
  received.consume(end)
  try {
    return greetingSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  } catch {
    throw new ShapingError('its greeting is malformed')
  }
}

export interface ExchangeOptions {
  clock: Clock
  /** How long the other side may take, in ms. */
  timeoutMs: number
  signal?: AbortSignal
}

/**
 * Sends our greeting and reads theirs. `rest` is what came behind it already; what comes later stays in the connection.
 *
 * @throws ShapingError when the other side does not greet in time, greets wrongly, or closes
 */
export async function exchangeGreetings (
  connection: MultiaddrConnection, ours: Uint8Array, { clock, timeoutMs, signal }: ExchangeOptions
): Promise<{ theirs: Greeting, rest: Uint8ArrayList }> {
  signal?.throwIfAborted()
  const received = new Uint8ArrayList()
  const done = Promise.withResolvers<Greeting>()
  const refuse = (reason: string): void => {
    done.reject(new ShapingError(`The connection with ${connection.remoteAddr.toString()} cannot be shaped, for ${reason}: ` +
      'both sides must use the shaped transport.'))
  }
  const onMessage = (event: StreamMessageEvent): void => {
    received.append(event.data)
    try {
      const theirs = decodeGreeting(received)
      if (theirs !== undefined) {
        connection.removeEventListener('message', onMessage)
        done.resolve(theirs)
      }
    } catch (error) {
      refuse((error as Error).message)
    }
  }
  const onClose = (event: StreamCloseEvent): void => {
    refuse(event.error === undefined ? 'it closed before it greeted' : `it broke before it greeted (${event.error.message})`)
  }
  const onAbort = (): void => { done.reject(signal?.reason) }
  const cancelTimer = clock.setTimer(() => { refuse(`it did not greet within ${timeoutMs} ms`) }, timeoutMs)
  connection.addEventListener('message', onMessage)
  connection.addEventListener('close', onClose)
  signal?.addEventListener('abort', onAbort)
  try {
    if (connection.status !== 'open') {
      refuse('it closed before it greeted')
    } else {
      connection.send(ours)
    }
    return { theirs: await done.promise, rest: received }
  } finally {
    cancelTimer()
    connection.removeEventListener('message', onMessage)
    connection.removeEventListener('close', onClose)
    signal?.removeEventListener('abort', onAbort)
  }
}
