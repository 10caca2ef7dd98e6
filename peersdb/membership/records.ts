import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import type { Cancellable } from '../api.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The most addresses of one peer that are dialled. */
export const addressesMax = 8

/** A peer's own, signed word on where it listens. */
export interface OpenedRecord {
  id: string
  addresses: Multiaddr[]
}

/**
 * Opens a signed peer record (libp2p RFC 0003) that came from anybody: it is worth the same from all, since its signature
 * is that of the peer which it is about.
 *
 * @throws {Error} where it is malformed, its signature is wrong, or it is about another peer than its signer
 */
export async function openRecord (bytes: Uint8Array, options?: Cancellable): Promise<OpenedRecord> {
  const envelope = await RecordEnvelope.openAndCertify(bytes, PeerRecord.DOMAIN, options)
  const record = PeerRecord.createFromProtobuf(envelope.payload)

  if (!peerIdFromPublicKey(envelope.publicKey).equals(record.peerId)) {
    throw new Error(`the record of peer ${record.peerId.toString()} is signed by another`)
  }

  return { id: record.peerId.toString(), addresses: record.multiaddrs.slice(0, addressesMax) }
}
