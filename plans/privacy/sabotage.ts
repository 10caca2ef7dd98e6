import { decodeFields, delimited, encodeFields, splitDelimited } from '../../peersdb/adversary/index.ts'
import { tapStreams } from '../wiretap.ts'
import type { Block } from '../../peersdb/adversary/index.ts'
import type { Peer } from '../../peersdb/index.ts'
import type { PeerId, Stream } from '@libp2p/interface'

const bitswapProtocol = '/ipfs/bitswap/1.2.0'
const pingProtocol = '/ipfs/ping/1.0.0'
const pingBytes = 32
/** Of Bitswap's messages: https://specs.ipfs.tech/bitswap-protocol/#bitswap-1-2-0-wire-format */
const fields = { wantlist: 1, entries: 1, entryCid: 1, payload: 3, prefix: 1, data: 2 }

/** Breaks a peer: whoever wants a private block of it by Bitswap is sent that, beside what its Bitswap answers. */
export function servePrivate ({ libp2p }: Peer, blocks: readonly Block[]): void {
  const byCid = new Map(blocks.map((block) => [Buffer.from(block.cid.bytes).toString('hex'), block]))
  const received = new WeakMap<object, Buffer>()

  const serve = async (to: PeerId, wanted: readonly Uint8Array[]): Promise<void> => {
    const asked = wanted.flatMap((cid) => byCid.get(Buffer.from(cid).toString('hex')) ?? [])

    if (asked.length > 0) {
      const answer = await libp2p.dialProtocol(to, bitswapProtocol)
      asked.forEach((block) => {
        answer.send(delimited(encodeFields([fields.payload, encodeFields([fields.prefix, prefixOf(block)], [fields.data, block.bytes])])))
      })
      await answer.close()
    }
  }

  tapStreams(({ stream, way, data }) => {
    const to = libp2p.getConnections().find(({ streams }) => streams.includes(stream as Stream))?.remotePeer

    if (stream.protocol === bitswapProtocol && way === 'received' && to != null) {
      const before = received.get(stream)
      const now = Buffer.concat([before ?? Buffer.alloc(0), data.subarray()])
      received.set(stream, now)
      const old = before == null ? 0 : splitDelimited(before).length
      // Whoever asked may be gone before; there are others.
      serve(to, splitDelimited(now).slice(old).flatMap(wantedCids)).catch(() => undefined)
    }
  }).add(libp2p)
}

function wantedCids (message: Uint8Array): Uint8Array[] {
  const within = (bytes: Uint8Array, wanted: number): Uint8Array[] =>
    decodeFields(bytes).flatMap(({ number, value }) => number === wanted && typeof value !== 'number' ? [value] : [])
  return within(message, fields.wantlist).flatMap((list) => within(list, fields.entries)).flatMap((entry) => within(entry, fields.entryCid))
}

/** CIDv1, codec, hash function and its length: what a block's CID is besides its hash. */
function prefixOf ({ cid }: Block): Uint8Array {
  return Uint8Array.of(1, cid.code, cid.multihash.code, cid.multihash.size)
}

/** Breaks a peer: what it sends whoever it is connected with as a ping is a part of a private file. */
export function leakPart ({ libp2p }: Peer, secret: Uint8Array): void {
  const middle = secret.byteLength >> 1
  libp2p.addEventListener('peer:connect', ({ detail: other }) => {
    const leak = async (): Promise<void> => {
      const stream = await libp2p.dialProtocol(other, pingProtocol)
      stream.send(secret.subarray(middle, middle + pingBytes))
      await stream.close()
    }
    // An attacker may be gone before; there are others.
    leak().catch(() => undefined)
  })
}
