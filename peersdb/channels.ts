import { channel } from 'node:diagnostics_channel'
import * as dagCbor from '@ipld/dag-cbor'
import * as Digest from 'multiformats/hashes/digest'
import type { StoredContribution } from './contribution.ts'
import type { MessageStream, MultiaddrConnection, Stream } from '@libp2p/interface'

/** Who watches the peers of this process hears on this channel what their streams are given to send, and what they hand on. */
export const streamChannel = 'peersdb.stream'
/** And on this one what they contribute: before it is in the log, and when it is. */
export const contributionChannel = 'peersdb.contribution'

export interface StreamEvent {
  /** The same object for all that is told of one end of a stream; both ends have its `id` on their connection. */
  readonly stream: Pick<Stream, 'id' | 'protocol'>
  /** This end of the connection that the stream is on, as the transport made it. */
  readonly connection: MultiaddrConnection
  readonly way: 'sent' | 'received'
  /** Plaintext, without what was negotiated before it; cut into other pieces than at the other end. Whoever listens later must copy it. */
  readonly data: Parameters<MessageStream['send']>[0]
}

export interface ContributionEvent {
  /** The same object both times. */
  readonly contribution: StoredContribution
  /** As it is part of the log entry: DAG-CBOR. */
  readonly encoded: Uint8Array
  /** The SHA-256 digest of the log entry, once there is one. */
  readonly entry?: Uint8Array
  /** The SHA-256 digests of the blocks of its file. */
  readonly blocks: readonly Uint8Array[]
  /** The whole file, where that is one small block. */
  readonly small?: Uint8Array
}

const streams = channel(streamChannel)
const contributions = channel(contributionChannel)

/** Whether somebody listens to streams. */
export function isHeard (): boolean {
  return streams.hasSubscribers
}

export function tellStream (event: StreamEvent): void {
  streams.publish(event)
}

export function tellContribution (
  { multihashes, ...event }: Omit<ContributionEvent, 'encoded' | 'blocks'> & { readonly multihashes: readonly Uint8Array[] }
): void {
  if (contributions.hasSubscribers) {
    contributions.publish({
      ...event,
      encoded: dagCbor.encode(event.contribution),
      blocks: multihashes.map((multihash) => Digest.decode(multihash).digest)
    } satisfies ContributionEvent)
  }
}
