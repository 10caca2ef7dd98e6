import { lpStream } from '@libp2p/utils'
import { isConnected } from './context.ts'
import { ExchangeError } from './errors.ts'
import { acknowledgement, messageTimeoutMs, quietMsMax } from './exchange-protocol.ts'
import { decodeMessage, messageBytesMax } from './message.ts'
import type { Context } from './context.ts'
import type { Message } from './message.ts'
import type { Connection, Stream } from '@libp2p/interface'

/** The most neighbours of one peer that are remembered. */
const heardMax = 1_024
/** So many malformed messages a peer may send until its connections end; then it is not listened to. */
const strikesMax = 3

/**
 * Considers those peers that a neighbour told of.
 *
 * @throws {ExchangeError} where a record is not what it says
 */
export type OnHeard = (peers: Message['peers'], connection: Connection) => Promise<void>

/** Hears from each neighbour who its others are, and remembers it. */
export class Hearing {
  readonly counts = { messagesReceived: 0, bytesReceived: 0, messagesRefused: 0, messagesLost: 0 }
  readonly #context: Context
  readonly #onHeard: OnHeard
  readonly #heard = new Map<string, Set<string>>()
  readonly #strikes = new Map<string, number>()

  constructor (context: Context, onHeard: OnHeard) {
    this.#context = context
    this.#onHeard = onHeard
  }

  /** Whom a connected peer last told that it is connected to; undefined where it told nothing yet. */
  neighboursOf (id: string): ReadonlySet<string> | undefined {
    return this.#heard.get(id)
  }

  /** Tells that the last connection to a peer has ended. */
  lost (id: string): void {
    this.#heard.delete(id)
    this.#strikes.delete(id)
  }

  /** Hears one message after another, until their sender ends the stream. */
  async hear (stream: Stream, connection: Connection): Promise<void> {
    const id = connection.remotePeer.toString()
    const frames = lpStream(stream, { maxDataLength: messageBytesMax })
    const { stopped } = this.#context
    const bounded = (): AbortSignal => AbortSignal.any([stopped, AbortSignal.timeout(messageTimeoutMs)])
    let heard = 0
    stream.inactivityTimeout = quietMsMax

    try {
      for (; ; heard++) {
        if ((this.#strikes.get(id) ?? 0) >= strikesMax) {
          throw new Error('too many malformed messages')
        }

        // Who opens a stream has something to tell; when there will be more is not known.
        const bytes = (await frames.read({ signal: heard === 0 ? bounded() : stopped })).subarray()
        await this.#take(bytes, connection)
        await frames.write(acknowledgement, { signal: bounded() })
      }
    } catch (err) {
      const isMalformed = err instanceof ExchangeError || (err as Error).name.startsWith('InvalidDataLength')

      if (!isMalformed && heard > 0 && stream.remoteWriteStatus !== 'writable') {
        await stream.close({ signal: bounded() }).catch((reason: Error) => { stream.abort(reason) })
        return
      }

      stream.abort(err as Error)

      if (isMalformed) {
        throw this.#refusal(id, err as Error, connection)
      }

      // A message is often cut off because its sender leaves, which is nothing to report.
      this.counts.messagesLost += heard === 0 ? 1 : 0
    }
  }

  async #take (bytes: Uint8Array, connection: Connection): Promise<void> {
    this.counts.messagesReceived++
    this.counts.bytesReceived += bytes.byteLength
    const message = decodeMessage(bytes)
    this.#remember(connection.remotePeer.toString(), message, connection)
    await this.#onHeard(message.peers, connection)
  }

  #remember (id: string, { whole, peers, gone }: Message, connection: Connection): void {
    const heard = whole ? new Set<string>() : new Set(this.#heard.get(id))

    peers.forEach(({ id }) => { heard.add(id) })
    gone.forEach((id) => { heard.delete(id) })

    if (heard.size > heardMax) {
      throw new ExchangeError(`more than ${heardMax} neighbours`)
    }

    if (connection.status === 'open') {
      this.#heard.set(id, heard)
    }
  }

  #refusal (id: string, err: Error, { remotePeer }: Connection): ExchangeError {
    this.counts.messagesRefused++

    if (isConnected(this.#context, remotePeer)) {
      this.#strikes.set(id, (this.#strikes.get(id) ?? 0) + 1)
    }

    return new ExchangeError(`peer ${id} sent a malformed list of its neighbours (${err.message}), which was ignored`, { cause: err })
  }
}
