import type { Node } from '../node.ts'
import type { PeerId, Stream } from '@libp2p/interface'

/** The most bytes that the heads of an unmodified peer may have together. */
const headsBytesMax = 4 * 1024 * 1024

/**
 * One round of OrbitDB's exchange of heads (`sync.js` of @orbitdb/core 4) with an unmodified peer, in which each side
 * writes its heads one after the other, without framing. The peer decodes what it reads at once as one head, so that only
 * one can be sent to it; what it sends is taken apart here.
 *
 * @returns the peer's heads, as they are encoded
 */
export async function exchangeHeads (libp2p: Node['libp2p'], peer: PeerId, logAddress: string, options: {
  head?: Uint8Array
  signal: AbortSignal
}): Promise<Uint8Array[]> {
  const { head, signal } = options
  const stream = await libp2p.dialProtocol(peer, `/orbitdb/heads${logAddress}`, { signal })

  try {
    if (head != null) {
      stream.send(head)
    }

    const [bytes] = await Promise.all([readAll(stream, signal), stream.close({ signal })])
    return splitCbor(bytes)
  } catch (err) {
    stream.abort(err as Error)
    throw err
  }
}

async function readAll (stream: Stream, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const abort = (): void => { stream.abort(signal.reason as Error) }
  signal.addEventListener('abort', abort)

  try {
    for await (const chunk of stream) {
      chunks.push(chunk.subarray())
      length += chunk.byteLength

      if (length > headsBytesMax) {
        throw new Error(`an unmodified peer sent more than ${headsBytesMax} bytes of log heads`)
      }
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }

  return Buffer.concat(chunks)
}

/** The CBOR items (RFC 8949, section 3) that are written one after the other; what is not whole at the end is left out. */
export function splitCbor (bytes: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = []

  for (let start = 0, end; start < bytes.byteLength; start = end) {
    end = endOfItem(bytes, start)

    if (end > bytes.byteLength) {
      break
    }

    items.push(bytes.subarray(start, end))
  }

  return items
}

/** Where the item that begins at `start` ends; Infinity where the bytes end before it does. */
function endOfItem (bytes: Uint8Array, start: number): number {
  let at = start

  for (let left = 1; left > 0; left--) {
    const head = bytes[at]
    const info = (head ?? 0) & 31
    const argumentBytes = info < 24 ? 0 : 2 ** (info - 24)

    // DAG-CBOR has no items of indefinite length, which is what is behind 27.
    if (head == null || info > 27 || at + 1 + argumentBytes > bytes.byteLength) {
      return Infinity
    }

    const argument = bytes.subarray(at + 1, at + 1 + argumentBytes)
    const count = info < 24 ? info : argument.reduce((value, byte) => value * 256 + byte, 0)
    const major = head >>> 5
    at += 1 + argumentBytes + (major === 2 || major === 3 ? count : 0)
    left += major === 4 ? count : major === 5 ? 2 * count : major === 6 ? 1 : 0
  }

  return at
}
