import { CID } from 'multiformats/cid'
import { RefusedError } from '../errors.ts'
import { isBlockOf, multihashOf } from '../log/hash.ts'
import { keyOf } from '../store/multihash.ts'
import { digestBytes } from './fingerprint.ts'
import type { Holder } from './exchange.ts'
import type { Delivery } from './pending-wants.ts'
import type { Wanted } from './wanted.ts'

export interface Block {
  cid: CID
  bytes: Uint8Array
}

/**
 * What of all that a peer was asked for it says that it lacks.
 *
 * @throws {RefusedError} where it says nothing of what it was asked for, or lacks what it listed
 */
export function lackedOf (session: Holder, asked: readonly Wanted[], { items, missing }: Delivery): Wanted[] {
  const told = new Set([...items.map(({ key }) => key), ...missing].map(keyOf))

  if (!asked.some(({ key }) => told.has(keyOf(key)))) {
    throw new RefusedError('flood', `peer ${session.peerId} neither sends what it is asked for nor says that it lacks it`)
  }

  const lacking = new Set(missing.map(keyOf))

  if (asked.some(({ key, listedBy }) => listedBy === session && lacking.has(keyOf(key)))) {
    throw new RefusedError('flood', `peer ${session.peerId} lacks entries that it listed itself`)
  }

  return asked.filter(({ key }) => lacking.has(keyOf(key)))
}

/** @throws {RefusedError} where the bytes are not those that the digest names */
export function checkEntry (peerId: string, key: Uint8Array, bytes: Uint8Array): void {
  if (key.byteLength !== digestBytes || !isBlockOf(multihashOf(key), bytes)) {
    throw new RefusedError('wrong-block', `peer ${peerId} sent ${bytes.byteLength} bytes for an entry that are not what its digest names`)
  }
}

/**
 * @param key - a binary CID, or what the peer takes for one
 * @throws {RefusedError} where it is none, or the bytes are not those that it names
 */
export function checkBlock (peerId: string, key: Uint8Array, bytes: Uint8Array): Block {
  let cid

  try {
    cid = CID.decode(key)
  } catch {
    throw new RefusedError('malformed', `peer ${peerId} sent a block without a CID`)
  }

  if (!isBlockOf(cid.multihash.bytes, bytes)) {
    throw new RefusedError('wrong-block', `peer ${peerId} sent ${bytes.byteLength} bytes for block ${cid.toString()} that are not its content`)
  }

  return { cid, bytes }
}
