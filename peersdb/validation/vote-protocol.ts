import { peerIdFromString } from '@libp2p/peer-id'
import { lpStream, Queue } from '@libp2p/utils'
import { VoteProtocolError } from './errors.ts'
import { createRate } from './rate.ts'
import { decodeTrust, encodeTrust } from './trust-row.ts'
import { decodeRequest, decodeVotes, encodeRequest, encodeVotes, maxAnswerBytes, maxRequestBytes } from './vote.ts'
import type { Counters } from './counters.ts'
import type { TrustRow } from './eigen-trust.ts'
import type { AskOptions } from './host.ts'
import type { RateInit } from './rate.ts'
import type { SignedVote, VoteRequest } from './vote.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

/** Each side sends one frame: the request, and the list of votes; trust follows in a second one, where the request asks for it. */
export const votesProtocol = '/peersdb/votes/1.0.0'

/** The most requests of one peer that are served at a time. */
const maxInboundStreams = 8
/** The most requests that are sent to one peer at a time: fewer, because a stream that ended here may not have ended there yet. */
const maxAskedAtOnce = 4
const exchangeTimeoutMs = 10_000

/** What the protocol needs of libp2p. */
export type VotingLibp2p = Pick<Libp2p, 'peerId' | 'handle' | 'unhandle' | 'register' | 'unregister' | 'dialProtocol'>

export interface VoteProtocolInit {
  libp2p: VotingLibp2p
  answer: (request: VoteRequest) => Promise<SignedVote[]>
  /** Whom this peer trusts, as it tells those who ask. */
  trust: () => TrustRow
  /** How many requests one peer may send. */
  rate: RateInit
  nowMs: () => number
  counters: Counters
  /** A request could not be answered. Other peers can cause this as often as their rate allows. */
  onError: (err: Error) => void
}

/** Asks peers for their votes, and answers those that ask. */
export class VoteProtocol {
  readonly #init: VoteProtocolInit
  readonly #isWithinRate: (peerId: string) => boolean
  readonly #stopped = new AbortController()
  readonly #peers = new Set<string>()
  readonly #asked = new Map<string, Queue<SignedVote[]>>()
  #topology?: string

  constructor (init: VoteProtocolInit) {
    this.#init = init
    this.#isWithinRate = createRate(init.rate, init.nowMs)
  }

  async start (): Promise<void> {
    const { libp2p } = this.#init
    await libp2p.handle(votesProtocol, (stream, connection) => {
      this.#serve(stream, connection.remotePeer.toString()).catch((err: unknown) => {
        stream.abort(err as Error)

        if (!this.#stopped.signal.aborted) {
          this.#init.onError(err as Error)
        }
      })
    }, { maxInboundStreams })
    this.#topology = await libp2p.register(votesProtocol, {
      onConnect: (peer) => { this.#peers.add(peer.toString()) },
      onDisconnect: (peer) => { this.#peers.delete(peer.toString()) }
    })
  }

  async stop (): Promise<void> {
    this.#stopped.abort()

    if (this.#topology != null) {
      this.#init.libp2p.unregister(this.#topology)
    }

    await this.#init.libp2p.unhandle(votesProtocol)
    this.#peers.clear()
  }

  /** The connected peers that speak the protocol. */
  peers (): string[] {
    return [...this.#peers]
  }

  /**
   * Asks one peer; waits while more requests are under way to it than it serves at a time.
   *
   * @throws {VoteProtocolError} where the answer is malformed, and libp2p's errors where there is none
   */
  async ask (peerId: string, request: VoteRequest, options: AskOptions): Promise<SignedVote[]> {
    const queue = this.#asked.get(peerId) ?? new Queue<SignedVote[]>({ concurrency: maxAskedAtOnce })
    this.#asked.set(peerId, queue)
    const waiting = AbortSignal.any([options.signal, this.#stopped.signal])

    try {
      const exchange = ({ signal = waiting }) => this.#exchange(peerId, request, { ...options, signal })
      return await queue.add(exchange, { signal: waiting })
    } finally {
      if (queue.size === 0) {
        this.#asked.delete(peerId)
      }
    }
  }

  async #exchange (peerId: string, request: VoteRequest, { signal, onSent, onTrust }: AskOptions): Promise<SignedVote[]> {
    const { libp2p, counters } = this.#init
    const limited = this.#limited(signal)
    const stream = await libp2p.dialProtocol(peerIdFromString(peerId), votesProtocol, { signal: limited })

    try {
      const frames = lpStream(stream, { maxDataLength: maxAnswerBytes })
      await frames.write(encodeRequest(request), { signal: limited })
      counters.increment('validation_requests_sent')
      onSent?.()
      const votes = decodeVotes((await frames.read({ signal: limited })).subarray())

      if (request.trust === true) {
        const bytes = (await frames.read({ signal: limited })).subarray()
        onTrust?.(decodeTrust(bytes), bytes.byteLength)
      }

      await stream.close({ signal: limited })
      return votes
    } catch (err) {
      stream.abort(err as Error)
      throw err
    }
  }

  async #serve (stream: Stream, from: string): Promise<void> {
    const { counters } = this.#init

    if (!this.#isWithinRate(from)) {
      // It is counted and not reported, because reports would come as fast as the requests.
      counters.increment('validation_requests_refused', { reason: 'rate' })
      stream.abort(new VoteProtocolError(`peer ${from} asks for votes more often than it may; it has to wait`))
      return
    }

    const signal = this.#limited()
    const frames = lpStream(stream, { maxDataLength: maxRequestBytes })
    const request = await this.#readRequest(async () => (await frames.read({ signal })).subarray())
    const votes = await this.#init.answer(request)
    await frames.write(encodeVotes(votes), { signal })

    if (request.trust === true) {
      await frames.write(encodeTrust(this.#init.trust()), { signal })
    }

    await stream.close({ signal })
    counters.increment('validation_requests_answered', { answer: votes.length > 0 ? 'vote' : 'none' })
  }

  async #readRequest (read: () => Promise<Uint8Array>): Promise<VoteRequest> {
    try {
      return decodeRequest(await read())
    } catch (err) {
      this.#init.counters.increment('validation_requests_refused', { reason: 'malformed' })
      throw err
    }
  }

  #limited (...signals: AbortSignal[]): AbortSignal {
    return AbortSignal.any([...signals, this.#stopped.signal, AbortSignal.timeout(exchangeTimeoutMs)])
  }
}
