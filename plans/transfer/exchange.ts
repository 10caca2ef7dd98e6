import { createHash } from 'node:crypto'
import { decodeFields, decodeSyncMessage, syncProtocol } from '../../peersdb/adversary/index.ts'
import { tapStreams } from '../wiretap.ts'
import type { Libp2p } from '@libp2p/interface'

/** What one peer exchanged, as Bitswap counts it: blocks and their bytes, and messages, of Bitswap and of PeersDB's own protocol alike. */
export interface Exchanged {
  msgsRcvd: number
  dataSent: number
  dataRcvd: number
  dupDataRcvd: number
  blksSent: number
  blksRcvd: number
  dupBlksRcvd: number
}

export interface ExchangeCounter {
  /** What was exchanged since this was asked last; which blocks have come is forgotten with it. */
  take (): Exchanged
  end (): void
}

const bitswapProtocol = '/ipfs/bitswap/1.2.0'
const lengthBytes = 4
/** Of Bitswap's messages: https://specs.ipfs.tech/bitswap-protocol/#bitswap-1-2-0-wire-format */
const fields = { payload: 3, data: 2 }

/** Reads what the streams of a node carry. */
export function countExchange (libp2p: Libp2p): ExchangeCounter {
  let counts = none()
  const came = new Set<string>()
  /** By way and stream: the part of a message that has come. */
  const rests = { sent: new WeakMap<object, Buffer>(), received: new WeakMap<object, Buffer>() }

  const note = (way: 'sent' | 'received', block: Uint8Array): void => {
    if (way === 'sent') {
      counts.blksSent++
      counts.dataSent += block.byteLength
      return
    }

    const digest = createHash('sha256').update(block).digest('hex')
    counts.blksRcvd++
    counts.dataRcvd += block.byteLength

    if (came.has(digest)) {
      counts.dupBlksRcvd++
      counts.dupDataRcvd += block.byteLength
    }

    came.add(digest)
  }
  const tap = tapStreams(({ stream, way, data }) => {
    const reading = readings[stream.protocol]

    if (reading != null) {
      const { messages, rest } = split(Buffer.concat([rests[way].get(stream) ?? Buffer.alloc(0), data.subarray()]), reading.lengthAt)
      rests[way].set(stream, rest)
      counts.msgsRcvd += way === 'received' ? messages.length : 0
      messages.flatMap(reading.blocksOf).forEach((block) => { note(way, block) })
    }
  })
  tap.add(libp2p)

  return {
    take: () => {
      const taken = counts
      counts = none()
      came.clear()
      return taken
    },
    end: () => { tap.end() }
  }
}

function none (): Exchanged {
  return { msgsRcvd: 0, dataSent: 0, dataRcvd: 0, dupDataRcvd: 0, blksSent: 0, blksRcvd: 0, dupBlksRcvd: 0 }
}

interface Reading {
  /** Where the message at the beginning starts and how long it is; undefined where too little has come to tell. */
  readonly lengthAt: (bytes: Buffer) => { start: number, length: number } | undefined
  readonly blocksOf: (message: Buffer) => Uint8Array[]
}

const readings: Readonly<Record<string, Reading>> = {
  [bitswapProtocol]: { lengthAt: varintAt, blocksOf: blocksOfBitswap },
  [syncProtocol]: { lengthAt: uint32At, blocksOf: blocksOfSync }
}

function split (bytes: Buffer, lengthAt: Reading['lengthAt']): { messages: Buffer[], rest: Buffer } {
  const messages: Buffer[] = []
  let rest = bytes

  for (let at = lengthAt(rest); at != null && rest.byteLength >= at.start + at.length; at = lengthAt(rest)) {
    messages.push(rest.subarray(at.start, at.start + at.length))
    rest = rest.subarray(at.start + at.length)
  }

  return { messages, rest }
}

function varintAt (bytes: Buffer): { start: number, length: number } | undefined {
  const last = bytes.findIndex((byte) => byte < 128)
  return last === -1
    ? undefined
    : { start: last + 1, length: bytes.subarray(0, last + 1).reduceRight((sum, byte) => sum * 128 + byte % 128, 0) }
}

function uint32At (bytes: Buffer): { start: number, length: number } | undefined {
  return bytes.byteLength < lengthBytes ? undefined : { start: lengthBytes, length: bytes.readUInt32BE() }
}

function blocksOfBitswap (message: Buffer): Uint8Array[] {
  const within = (bytes: Uint8Array, wanted: number): Uint8Array[] =>
    decodeFields(bytes).flatMap(({ number, value }) => number === wanted && typeof value !== 'number' ? [value] : [])
  return within(message, fields.payload).flatMap((block) => within(block, fields.data))
}

function blocksOfSync (bytes: Buffer): Uint8Array[] {
  const message = decodeSyncMessage(bytes)

  if (message.type === 'item') {
    return message.kind === 'block' ? [message.bytes] : []
  }

  return message.type === 'push' ? message.blocks.map((block) => block.bytes) : []
}
