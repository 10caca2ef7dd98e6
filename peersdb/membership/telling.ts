import { lpStream } from '@libp2p/utils'
import { backoffMs } from './backoff.ts'
import { isConnected, knownPeer } from './context.ts'
import { ExchangeError, reasonOf } from './errors.ts'
import { encodeMessage, nextMessage } from './message.ts'
import { acknowledgement, exchangeProtocol, messageTimeoutMs, quietMsMax } from './exchange-protocol.ts'
import { openRecord } from './records.ts'
import type { Context } from './context.ts'
import type { Records } from './message.ts'
import type { PeerId, Stream } from '@libp2p/interface'
import type { LengthPrefixedStream } from '@libp2p/utils'

/**
 * So many messages a second a peer sends at most that tell of new neighbours only, beside the first to each. In a full mesh every
 * peer that comes is news for everybody to tell everybody: without this bound the messages of a growing cluster are the cube of its size.
 */
const newsPerSecondMax = 4

interface Neighbour {
  peer: PeerId
  /** What all of its messages go through, one after another. */
  channel?: { stream: Stream, frames: LengthPrefixedStream<Stream> }
  record?: Uint8Array
  /** What the record says, without its sequence number, which changes with every handshake. */
  recordKey?: string
  told?: Records
  telling: boolean
  failures: number
  /** Nothing is told before. */
  notBeforeMs: number
  /** Who is new is not told before. Who is gone is: others rely on it that this peer hands on to whom it named. */
  newsNotBeforeMs: number
}

/**
 * Tells each neighbour who the others are. One message is under way to a neighbour at a time, and the next is made when
 * it is acknowledged, so that changes in the meantime become one.
 */
export class Telling {
  readonly counts = { messagesSent: 0, bytesSent: 0 }
  readonly #context: Context
  readonly #coalesceMs: number
  readonly #neighbours = new Map<string, Neighbour>()
  #timer?: { dueMs: number, cancel: () => void }

  /** @param coalesceMs - how long changes are gathered before they are told, in ms */
  constructor (context: Context, coalesceMs: number) {
    this.#context = context
    this.#coalesceMs = coalesceMs
  }

  stop (): void {
    this.#timer?.cancel()
  }

  /** Tells that there is a connection to a peer that wants to be told. */
  async met (peer: PeerId): Promise<void> {
    const id = peer.toString()
    const record = (await knownPeer(this.#context.libp2p, peer))?.peerRecordEnvelope
    const recordKey = record == null ? undefined : (await openRecord(record)).addresses.join(' ')

    if (!isConnected(this.#context, peer)) {
      return
    }

    const neighbour = this.#neighbours.get(id) ?? { peer, telling: false, failures: 0, notBeforeMs: 0, newsNotBeforeMs: 0 }

    if (recordKey !== neighbour.recordKey) {
      Object.assign(neighbour, { record, recordKey })
    }

    this.#neighbours.set(id, neighbour)
    this.#tellIn(this.#coalesceMs)
  }

  /** Tells that the last connection to a peer has ended. */
  lost (id: string): void {
    if (this.#neighbours.delete(id)) {
      this.#tellIn(this.#coalesceMs)
    }
  }

  /** Tells what changed, after a pause in which more may change. */
  #tellIn (delayMs: number): void {
    const { clock, stopped } = this.#context
    const dueMs = clock.nowMs() + delayMs

    if (!stopped.aborted && dueMs < (this.#timer?.dueMs ?? Infinity)) {
      this.#timer?.cancel()
      const cancel = clock.setTimer(() => {
        this.#timer = undefined
        this.#tellAll()
      }, delayMs)
      this.#timer = { dueMs, cancel }
    }
  }

  #tellAll (): void {
    const nowMs = this.#context.clock.nowMs()
    const present: Records = new Map([...this.#neighbours].map(([id, { record }]) => [id, record]))
    let nextMs = Infinity

    for (const [id, neighbour] of this.#neighbours) {
      const next = neighbour.telling ? undefined : nextMessage(present, neighbour.told, id)

      if (next == null) {
        continue
      }

      const isNewsOnly = !next.message.whole && next.message.gone.length === 0
      const dueMs = isNewsOnly ? Math.max(neighbour.notBeforeMs, neighbour.newsNotBeforeMs) : neighbour.notBeforeMs

      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs)
      } else {
        this.#context.inBackground(this.#tell(id, neighbour, next))
      }
    }

    if (nextMs < Infinity) {
      this.#tellIn(nextMs - nowMs)
    }
  }

  async #tell (id: string, neighbour: Neighbour, { message, told }: NonNullable<ReturnType<typeof nextMessage>>): Promise<void> {
    const { backoff, clock, random } = this.#context
    neighbour.telling = true

    try {
      await this.#send(neighbour, encodeMessage(message))
      neighbour.told = told
      neighbour.failures = 0
      neighbour.newsNotBeforeMs = clock.nowMs() + 1_000 * this.#neighbours.size / newsPerSecondMax
      this.#tellIn(this.#coalesceMs)
    } catch (err) {
      // Whether it arrived is not known, so the next message tells all again.
      neighbour.told = undefined
      neighbour.notBeforeMs = clock.nowMs() + backoffMs(backoff, neighbour.failures++, random)

      if (isConnected(this.#context, neighbour.peer)) {
        this.#tellIn(neighbour.notBeforeMs - clock.nowMs())
        throw new ExchangeError(`peer ${id} could not be told of the others (${reasonOf(err)}); it will be tried again`, { cause: err })
      }
    } finally {
      neighbour.telling = false
    }
  }

  async #send (neighbour: Neighbour, bytes: Uint8Array): Promise<void> {
    const signal = AbortSignal.any([this.#context.stopped, AbortSignal.timeout(messageTimeoutMs)])

    try {
      const frames = await this.#framesTo(neighbour, signal)
      await frames.write(bytes, { signal })
      await frames.read({ signal })
      this.counts.messagesSent++
      this.counts.bytesSent += bytes.byteLength
    } catch (err) {
      neighbour.channel?.stream.abort(err as Error)
      throw err
    }
  }

  /** A stream for each message would take a mesh that grows more time than all that it is for. */
  async #framesTo (neighbour: Neighbour, signal: AbortSignal): Promise<LengthPrefixedStream<Stream>> {
    const { channel } = neighbour

    if (channel?.stream.status === 'open' && channel.stream.remoteWriteStatus === 'writable') {
      return channel.frames
    }

    const [connection] = this.#context.libp2p.getConnections(neighbour.peer)

    if (connection == null) {
      throw new ExchangeError('the connection has ended')
    }

    const stream = await connection.newStream(exchangeProtocol, { signal })
    stream.inactivityTimeout = quietMsMax
    const frames = lpStream(stream, { maxDataLength: acknowledgement.byteLength })
    neighbour.channel = { stream, frames }
    return frames
  }
}
