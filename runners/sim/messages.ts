import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { SimulatedConnection } from '../../network/simulated-connection.ts'
import { streamChannel } from '../../plans/index.ts'
import { createLineFile } from './line-file.ts'
import type { StreamEvent } from '../../plans/index.ts'

/** What one instance gave a libp2p stream to send, at once, until all of it had come to the other. */
export interface Message {
  /** In virtual milliseconds, as is the other. */
  readonly sentMs: number
  /** Undefined where not all of it has come. */
  receivedMs?: number
  /** Names of instances. */
  readonly from: string
  readonly to: string
  /** The protocol that was negotiated for the stream. */
  readonly protocol: string
  /** Of plaintext, without what yamux, noise and the network add. */
  readonly bytes: number
}

export interface MessagesInit {
  readonly nowMs: () => number
  /** What people call the instance of this number. */
  readonly nameOf: (instance: string) => string
  /** @param end - the same object for all that is sent at one end of one stream */
  readonly onSent?: (message: Message, end: object, data: StreamEvent['data']) => void
  /** Called when all of it has come, and for what has not when nobody listens any more. */
  readonly onEnd: (message: Message) => void
}

interface Pending {
  readonly message: Message
  leftBytes: number
}

/** Watches the streams of all PeersDB peers in this process until what it returns is called. */
export function watchMessages ({ nowMs, nameOf, onSent, onEnd }: MessagesInit): () => void {
  /** What has not come yet, in order, by connection, stream and the instance that sent it. */
  const flows = new Map<string, Pending[]>()

  const onSentData = (key: string, message: Message, { stream, data }: StreamEvent): void => {
    const pending = flows.get(key)
    const sent = { message, leftBytes: message.bytes }
    onSent?.(message, stream, data)

    if (pending == null) {
      flows.set(key, [sent])
    } else {
      pending.push(sent)
    }
  }

  const onReceivedData = (key: string, receivedBytes: number): void => {
    const pending = flows.get(key) ?? []
    let leftBytes = receivedBytes

    // The network cuts and joins what was sent, but keeps its order.
    for (let first = pending[0]; first != null && leftBytes > 0; first = pending[0]) {
      const takenBytes = Math.min(first.leftBytes, leftBytes)
      first.leftBytes -= takenBytes
      leftBytes -= takenBytes

      if (first.leftBytes === 0) {
        pending.shift()
        first.message.receivedMs = nowMs()
        onEnd(first.message)
      }
    }

    if (pending.length === 0) {
      flows.delete(key)
    }
  }

  const hear = (heard: unknown): void => {
    const event = heard as StreamEvent
    const { stream, connection, way, data } = event

    if (connection instanceof SimulatedConnection && data.byteLength > 0) {
      const { number, local, remote } = connection.place

      if (way === 'sent') {
        onSentData(`${number} ${stream.id} ${local}`, {
          sentMs: nowMs(), from: nameOf(local), to: nameOf(remote), protocol: stream.protocol, bytes: data.byteLength
        }, event)
      } else {
        onReceivedData(`${number} ${stream.id} ${remote}`, data.byteLength)
      }
    }
  }

  subscribe(streamChannel, hear)
  return () => {
    unsubscribe(streamChannel, hear)
    flows.forEach((pending) => { pending.forEach(({ message }) => { onEnd(message) }) })
  }
}

export const messageColumns = 'sent_ms,received_ms,from,to,protocol,bytes'

/** A message as a line of CSV, in the order of `messageColumns`. */
export function messageLine ({ sentMs, receivedMs, from, to, protocol, bytes }: Message): string {
  return [sentMs.toFixed(3), receivedMs?.toFixed(3) ?? '', from, to, protocol, bytes].join(',')
}

/** Writes all messages of a simulation, in the order in which they came, until what it returns is called; last those that did not come. */
export function writeMessages (file: string, init: Pick<MessagesInit, 'nowMs' | 'nameOf'>): () => void {
  const lines = createLineFile(file)
  lines.write(messageColumns)
  const stop = watchMessages({ ...init, onEnd: (message) => { lines.write(messageLine(message)) } })
  return () => {
    stop()
    lines.close()
  }
}
