import { within } from './wait.ts'
import type { Libp2p, PeerId, Stream } from '@libp2p/interface'

/** How fast bytes come through one stream. The receiver answers with the time between its first and its last byte. */
const protocol = '/peerslab/throughput/1.0.0'
const chunkBytes = 16 * 1024
const maxBytes = 1024 * 1024 * 1024

/** Serves measurements: reads a length and as many bytes, and answers with the elapsed milliseconds. */
export async function serveThroughput (libp2p: Libp2p, nowMs: () => number): Promise<void> {
  await libp2p.handle(protocol, (stream) => {
    receive(stream, nowMs).catch((err: Error) => { stream.abort(err) })
  })
}

async function receive (stream: Stream, nowMs: () => number): Promise<void> {
  let expected = -1
  let received = 0
  let firstMs = 0
  let firstBytes = 0

  for await (const chunk of stream) {
    let bytes = chunk.byteLength

    if (expected === -1) {
      const head = chunk.subarray()

      if (head.byteLength < 8) {
        throw new Error('a throughput measurement began with fewer than the eight bytes of its length')
      }

      expected = Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0))
      bytes -= 8
    }

    if (expected > maxBytes) {
      throw new Error(`a throughput measurement of ${expected} bytes is more than the ${maxBytes} that are served`)
    }

    if (bytes > 0 && firstBytes === 0) {
      firstMs = nowMs()
      firstBytes = bytes
    }

    received += bytes

    if (received >= expected) {
      break
    }
  }

  // What came with the first chunk took no time that was measured, so it does not count.
  const answer = new Uint8Array(16)
  const view = new DataView(answer.buffer)
  view.setFloat64(0, nowMs() - firstMs)
  view.setFloat64(8, received - firstBytes)
  stream.send(answer)
  await stream.close()
}

/**
 * Sends as many bytes to a peer.
 *
 * @returns the rate at which they arrived there, in bits per second
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
  const head = new Uint8Array(8)
  new DataView(head.buffer).setBigUint64(0, BigInt(bytes))
  let more = stream.send(head)

  for (let sent = 0; sent < bytes; sent += chunkBytes) {
    if (!more) {
      await stream.onDrain({ signal })
    }

    more = stream.send(new Uint8Array(Math.min(chunkBytes, bytes - sent)))
  }

  const { value, done } = await answers.next()

  if (done === true || value.byteLength < 16) {
    throw new Error('the receiver ended the measurement without an answer')
  }

  const answer = value.subarray()
  const view = new DataView(answer.buffer, answer.byteOffset)
  return view.getFloat64(8) * 8 / (view.getFloat64(0) / 1000)
}
