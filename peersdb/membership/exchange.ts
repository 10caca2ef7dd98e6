import { lpStream } from '@libp2p/utils'
import { backoffMs } from './backoff.ts'
import { isConnected, knownPeer } from './context.ts'
import { ExchangeError, reasonOf } from './errors.ts'
import { decodeMessage, encodeMessage, messageBytesMax, nextMessage } from './message.ts'
import { openRecord } from './records.ts'
import type { Context } from './context.ts'
import type { Message, Records } from './message.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'

export const exchangeProtocol = '/peersdb/peers/1.0.0'

const tellTimeoutMs = 10_000
/** The most neighbours of one peer that are remembered. */
const heardMax = 1_024
/** So many malformed messages a peer may send until its connections end; then it is not listened to. */
const strikesMax = 3
const acknowledgement = Uint8Array.of(1)

interface Neighbour {
  peer: PeerId
  record?: Uint8Array
  /** What the record says, without its sequence number, which changes with every handshake. */
  recordKey?: string
  told?: Records
  telling: boolean
  failures: number
  notBeforeMs: number
}

export interface ExchangeInit {
  context: Context
  /** How long changes are gathered before they are told, in ms. */
  coalesceMs: number
  /**
   * Considers those peers that a neighbour told of.
   *
   * @throws {ExchangeError} where a record is not what it says
   */
  onHeard: (peers: Message['peers'], connection: Connection) => Promise<void>
}

/**
 * The peer exchange: every peer tells each neighbour who its other neighbours are, with their own signed address records,
 * all of them at first and from then on what changed. One message is under way to a neighbour at a time, and the next is
 * made when it is acknowledged, so that changes in the meantime become one.
 */
export class PeerExchange {
  readonly counts = { messagesSent: 0, bytesSent: 0, messagesReceived: 0, bytesReceived: 0, messagesRefused: 0, messagesLost: 0 }
  readonly #init: ExchangeInit
  readonly #context: Context
  readonly #neighbours = new Map<string, Neighbour>()
  readonly #heard = new Map<string, Set<string>>()
  readonly #strikes = new Map<string, number>()
  #topology?: string
  #cancelTimer?: () => void

  constructor (init: ExchangeInit) {
    this.#init = init
    this.#context = init.context
  }

  async start (): Promise<void> {
    const { inBackground, libp2p } = this.#context
    const hear = (stream: Stream, connection: Connection) => { inBackground(this.#hear(stream, connection)) }
    await libp2p.handle(exchangeProtocol, hear, { maxInboundStreams: 4 })
    this.#topology = await libp2p.register(exchangeProtocol, { onConnect: (peer) => { inBackground(this.#met(peer)) } })

    for (const peer of libp2p.getPeers()) {
      if ((await knownPeer(libp2p, peer))?.protocols.includes(exchangeProtocol) === true) {
        await this.#met(peer)
      }
    }
  }

  async stop (): Promise<void> {
    this.#cancelTimer?.()

    if (this.#topology != null) {
      this.#context.libp2p.unregister(this.#topology)
    }

    await this.#context.libp2p.unhandle(exchangeProtocol)
  }

  /** Whom a connected peer last told that it is connected to; undefined where it told nothing yet. */
  neighboursOf (peerId: string): ReadonlySet<string> | undefined {
    return this.#heard.get(peerId)
  }

  /** Tells that the last connection to a peer has ended. */
  lost (peerId: string): void {
    this.#heard.delete(peerId)
    this.#strikes.delete(peerId)

    if (this.#neighbours.delete(peerId)) {
      this.#changed(this.#init.coalesceMs)
    }
  }

  async #met (peer: PeerId): Promise<void> {
    const id = peer.toString()
    const record = (await knownPeer(this.#context.libp2p, peer))?.peerRecordEnvelope
    const recordKey = record == null ? undefined : (await openRecord(record)).addresses.join(' ')

    if (!isConnected(this.#context, peer)) {
      return
    }

    const neighbour = this.#neighbours.get(id) ?? { peer, telling: false, failures: 0, notBeforeMs: 0 }

    if (recordKey !== neighbour.recordKey) {
      Object.assign(neighbour, { record, recordKey })
    }

    this.#neighbours.set(id, neighbour)
    this.#changed(this.#init.coalesceMs)
  }

  /** Tells what changed, after a pause in which more may change. */
  #changed (delayMs: number): void {
    if (!this.#context.stopped.aborted) {
      this.#cancelTimer ??= this.#context.clock.setTimer(() => {
        this.#cancelTimer = undefined
        this.#tellAll()
      }, delayMs)
    }
  }

  #tellAll (): void {
    const nowMs = this.#context.clock.nowMs()
    let nextMs = Infinity

    for (const [id, neighbour] of this.#neighbours) {
      if (neighbour.notBeforeMs > nowMs) {
        nextMs = Math.min(nextMs, neighbour.notBeforeMs)
      } else if (!neighbour.telling) {
        this.#context.inBackground(this.#tell(id, neighbour))
      }
    }

    if (nextMs < Infinity) {
      this.#changed(nextMs - nowMs)
    }
  }

  async #tell (id: string, neighbour: Neighbour): Promise<void> {
    const { backoff, clock, random } = this.#context
    const present: Records = new Map([...this.#neighbours].filter(([other]) => other !== id).map(([other, { record }]) => [other, record]))
    const next = nextMessage(present, neighbour.told)

    if (next == null) {
      return
    }

    neighbour.telling = true

    try {
      await this.#send(neighbour.peer, encodeMessage(next.message))
      neighbour.told = next.told
      neighbour.failures = 0
      this.#changed(this.#init.coalesceMs)
    } catch (err) {
      // Whether it arrived is not known, so the next message tells all again.
      neighbour.told = undefined
      neighbour.notBeforeMs = clock.nowMs() + backoffMs(backoff, neighbour.failures++, random)

      if (isConnected(this.#context, neighbour.peer)) {
        this.#changed(neighbour.notBeforeMs - clock.nowMs())
        throw new ExchangeError(`peer ${id} could not be told of the others (${reasonOf(err)}); it will be tried again`, { cause: err })
      }
    } finally {
      neighbour.telling = false
    }
  }

  async #send (peer: PeerId, bytes: Uint8Array): Promise<void> {
    const signal = AbortSignal.any([this.#context.stopped, AbortSignal.timeout(tellTimeoutMs)])
    const [connection] = this.#context.libp2p.getConnections(peer)

    if (connection == null) {
      throw new ExchangeError('the connection has ended')
    }

    const stream = await connection.newStream(exchangeProtocol, { signal })

    try {
      const frames = lpStream(stream, { maxDataLength: acknowledgement.byteLength })
      await frames.write(bytes, { signal })
      await frames.read({ signal })
      await stream.close({ signal })
      this.counts.messagesSent++
      this.counts.bytesSent += bytes.byteLength
    } catch (err) {
      stream.abort(err as Error)
      throw err
    }
  }

  async #hear (stream: Stream, connection: Connection): Promise<void> {
    const id = connection.remotePeer.toString()
    const signal = AbortSignal.any([this.#context.stopped, AbortSignal.timeout(tellTimeoutMs)])

    try {
      if ((this.#strikes.get(id) ?? 0) >= strikesMax) {
        throw new Error('too many malformed messages')
      }

      const frames = lpStream(stream, { maxDataLength: messageBytesMax })
      const bytes = (await frames.read({ signal })).subarray()
      this.counts.messagesReceived++
      this.counts.bytesReceived += bytes.byteLength
      const message = decodeMessage(bytes)
      this.#remember(id, message, connection)
      await this.#init.onHeard(message.peers, connection)
      await frames.write(acknowledgement, { signal })
      await stream.close({ signal })
    } catch (err) {
      stream.abort(err as Error)

      if (err instanceof ExchangeError || (err as Error).name.startsWith('InvalidDataLength')) {
        throw this.#refusal(id, err as Error, connection)
      }

      // A message is often cut off because its sender leaves, which is nothing to report.
      this.counts.messagesLost++
    }
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
