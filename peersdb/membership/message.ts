import * as dagCbor from '@ipld/dag-cbor'
import { peerIdFromString } from '@libp2p/peer-id'
import * as z from 'zod'
import { ExchangeError, reasonOf } from './errors.ts'

/** The most bytes of one message of the peer exchange. */
export const messageBytesMax = 64 * 1024

/** The most peers that one message names as present, and as gone. */
export const peersMax = 256

const recordBytesMax = 2_048
/** What one peer id takes in a message, with all around it; ids have 46 to 53 characters. */
const idBytesMax = 80

const peerId = z.string().max(128).transform((text, context) => {
  try {
    return peerIdFromString(text).toString()
  } catch {
    context.addIssue({ code: 'custom', message: 'is no peer id' })
    return z.NEVER
  }
})

const message = z.object({
  /** Whether these are all neighbours; or else they are added to what was told before. */
  whole: z.boolean(),
  peers: z.array(z.object({
    id: peerId,
    /** The peer's own signed record of its addresses, if it ever gave one. Addresses that are not signed have no place here. */
    record: z.instanceof(Uint8Array).refine(({ byteLength }) => byteLength <= recordBytesMax, 'is too long').optional()
  })).max(peersMax),
  gone: z.array(peerId).max(peersMax)
})

/** What a peer tells about its neighbours. */
export interface Message {
  whole: boolean
  peers: Array<{ id: string, record?: Uint8Array }>
  gone: string[]
}

/** Signed records by the id of the peer that they are about. */
export type Records = Map<string, Uint8Array | undefined>

export function encodeMessage (value: Message): Uint8Array {
  return dagCbor.encode({ ...value, peers: value.peers.map(({ id, record }) => (record == null ? { id } : { id, record })) })
}

/**
 * Parses what a peer sent.
 *
 * @throws {ExchangeError} saying what is wrong with it
 */
export function decodeMessage (bytes: Uint8Array): Message {
  let value: unknown

  try {
    value = dagCbor.decode(bytes)
  } catch (err) {
    throw new ExchangeError(`not DAG-CBOR: ${reasonOf(err)}`, { cause: err })
  }

  const parsed = message.safeParse(value)

  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ExchangeError(`${issue?.path.join('.') ?? 'message'}: ${issue?.message ?? 'malformed'}`)
  }

  return parsed.data
}

/**
 * What to tell next to somebody who was told `told` before (undefined: nothing yet), as much as one message holds, and
 * what will have been told then. Undefined where there is nothing to tell.
 *
 * @param to - who is told, and is not told of itself
 */
export function nextMessage (present: Records, told?: Records, to?: string): { message: Message, told: Records } | undefined {
  const next: Records = new Map(told)
  const peers: Message['peers'] = []
  let bytes = peersMax * idBytesMax

  for (const [id, record] of present) {
    if (id === to || (next.has(id) && next.get(id) === record)) {
      continue
    }

    const sent = record == null || record.byteLength > recordBytesMax ? undefined : record
    bytes += idBytesMax + (sent?.byteLength ?? 0)

    if (peers.length === peersMax || bytes > messageBytesMax) {
      break
    }

    peers.push({ id, record: sent })
    next.set(id, record)
  }

  const gone = [...next.keys()].filter((id) => !present.has(id)).slice(0, peersMax)

  for (const id of gone) {
    next.delete(id)
  }

  const news = peers.length > 0 || gone.length > 0 || told == null
  return news ? { message: { whole: told == null, peers, gone }, told: next } : undefined
}
