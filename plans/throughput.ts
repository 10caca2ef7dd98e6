import { once } from 'node:events'
import { within } from './wait.ts'
import type { Libp2p, PeerId, Stream } from '@libp2p/interface'

/** How fast bytes come through one stream. The receiver answers with how long their second half took, and how much that was. */
const protocol = '/peerslab/throughput/1.0.0'
const chunkBytes = 16 * 1024
const lengthBytes = 8
const maxBytes = 1024 * 1024 * 1024

/** Serves measurements: reads a length and as many bytes, and answers with milliseconds and bytes. */
export async function serveThroughput (libp2p: Libp2p, nowMs: () => number): Promise<void> {
  await libp2p.handle(protocol, (stream) => {
    receive(stream, nowMs).catch((err: Error) => { stream.abort(err) })
  })
}

async function receive (stream: Stream, nowMs: () => number): Promise<void> {
  let expected = -1
  let received = 0
  let half: { atMs: number, bytes: number } | undefined

  for await (const chunk of stream) {
    received += chunk.byteLength

    if (expected === -1) {
      expected = readLength(chunk.subarray())
      received -= lengthBytes
    }

    if (half == null && received >= expected / 2) {
      half = { atMs: nowMs(), bytes: received }
    }

    if (received >= expected) {
      break
    }
  }

  if (half == null || received < expected) {
    throw new Error(`a throughput measurement ended after ${received} of ${expected} bytes`)
  }

  // The window of a stream grows while the first half is on its way, so that only the second shows what the link carries.
  const answer = new Uint8Array(16)
  const view = new DataView(answer.buffer)
  view.setFloat64(0, nowMs() - half.atMs)
  view.setFloat64(8, received - half.bytes)
  stream.send(answer)
  await stream.close()
}

function readLength (head: Uint8Array): number {
  if (head.byteLength < lengthBytes) {
    throw new Error('a throughput measurement began with fewer bytes than its length takes')
  }

  const length = Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0))

  if (length > maxBytes) {
    throw new Error(`a throughput measurement of ${length} bytes is more than the ${maxBytes} that are served`)
  }

  return length
}

/**
 * Sends as many bytes to a peer.
 *
 * @returns the rate at which the second half of them arrived there, in bits per second
 */
export async function measureThroughput (
  libp2p: Libp2p, peer: PeerId, bytes: number, timeoutMs: number, signal: AbortSignal
): Promise<number> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const stream = await libp2p.dialProtocol(peer, protocol, { signal: bounded })

  try {
    return await within(send(stream, bytes, bounded), timeoutMs, `${bytes} bytes to reach peer ${peer.toString()}`, signal)
  } catch (err) {
    stream.abort(err as Error)
    throw err
  }
}

async function send (stream: Stream, bytes: number, signal: AbortSignal): Promise<number> {
  const answers = stream[Symbol.asyncIterator]()
  const head = new Uint8Array(lengthBytes)
  new DataView(head.buffer).setBigUint64(0, BigInt(bytes))
  let more = stream.send(head)

  for (let sent = 0; sent < bytes; sent += chunkBytes) {
    if (!more) {
      await drained(stream, signal)
    }

    more = stream.send(new Uint8Array(Math.min(chunkBytes, bytes - sent)))
  }

  const { value, done } = await answers.next()

  if (done === true || value.byteLength < 16) {
    throw new Error('the receiver ended the measurement without an answer')
  }

  const answer = value.subarray()
  const view = new DataView(answer.buffer, answer.byteOffset)
  const [elapsedMs, measuredBytes] = [view.getFloat64(0), view.getFloat64(8)]

  // Where the rest came in one piece there was nothing between its first and its last byte to measure.
  if (!(elapsedMs > 0 && measuredBytes > 0)) {
    throw new Error(`${bytes} bytes are too few to measure this link; give more with throughput_bytes`)
  }

  return measuredBytes * 8 / (elapsedMs / 1000)
}

/** Waits for the event itself, because the stream's own `onDrain` keeps the promise of its first drain for ever. */
async function drained (stream: Stream, signal: AbortSignal): Promise<void> {
  if (stream.writableNeedsDrain) {
    await once(stream, 'drain', { signal })
  }
}
