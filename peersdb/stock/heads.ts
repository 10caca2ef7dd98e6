import { lpStream } from '@libp2p/utils'
import { Entry } from '@orbitdb/core'
import type { Node } from '../node.ts'
import type { SubscriptionChangeData } from '@libp2p/gossipsub'
import type { PeerId, Stream } from '@libp2p/interface'
import type { LengthPrefixedStream } from '@libp2p/utils'
import type { EventsDatabase } from '@orbitdb/core'

const maxHeads = 4096
const maxHeadBytes = 64 * 1024
const exchangeTimeoutMs = 20_000

export interface HeadExchangeInit {
  node: Node
  database: EventsDatabase
  /** The pause between two rounds with one randomly chosen peer each, in milliseconds. */
  intervalMs: number
  onError: (err: Error) => void
}

/**
 * The framed exchange of log heads. OrbitDB's own exchange runs once per subscription and sends heads
 * without framing, so that a peer with several heads can deliver undecodable bytes, and an
 * announcement that was missed stays missed. Here both sides send a count and then every head with its
 * length: when they meet, when one learns that the other subscribed, when one learned something from a
 * third, and at an interval. Whatever was missed arrives with the next round.
 */
export class HeadExchange {
  readonly #init: HeadExchangeInit
  readonly #protocol: string
  readonly #stopped = new AbortController()
  readonly #peers = new Map<string, PeerId>()
  #timer?: NodeJS.Timeout
  #topology?: string

  constructor (init: HeadExchangeInit) {
    this.#init = init
    this.#protocol = `/peersdb/heads/1.0.0${init.database.address}`
  }

  async start (): Promise<void> {
    const { libp2p } = this.#init.node
    await libp2p.handle(this.#protocol, (stream, connection) => { this.#inBackground(this.#run(stream, connection.remotePeer)) })
    this.#topology = await libp2p.register(this.#protocol, {
      onConnect: (peer) => {
        this.#peers.set(peer.toString(), peer)
        this.#inBackground(this.#exchangeWith(peer))
      },
      onDisconnect: (peer) => { this.#peers.delete(peer.toString()) }
    })
    libp2p.services.pubsub.addEventListener('subscription-change', this.#onSubscription)
    this.#timer = setInterval(() => { this.#exchangeWithAny() }, this.#init.intervalMs)
    this.#timer.unref()
  }

  async stop (): Promise<void> {
    const { libp2p } = this.#init.node
    this.#stopped.abort()
    clearInterval(this.#timer)
    libp2p.services.pubsub.removeEventListener('subscription-change', this.#onSubscription)

    if (this.#topology != null) {
      libp2p.unregister(this.#topology)
    }

    await libp2p.unhandle(this.#protocol)
  }

  /** What was published before the other side's subscription was known here did not reach it. */
  readonly #onSubscription = (event: CustomEvent<SubscriptionChangeData>): void => {
    const { peerId, subscriptions } = event.detail
    const subscribed = subscriptions.some(({ topic, subscribe }) => subscribe && topic === this.#init.database.address)

    if (subscribed && this.#peers.has(peerId.toString())) {
      this.#inBackground(this.#exchangeWith(peerId))
    }
  }

  #exchangeWithAny (): void {
    const peers = [...this.#peers.values()]
    const peer = peers[Math.floor(Math.random() * peers.length)]

    if (peer != null) {
      this.#inBackground(this.#exchangeWith(peer))
    }
  }

  #inBackground (work: Promise<void>): void {
    work.catch((err: unknown) => {
      if (!this.#stopped.signal.aborted) {
        this.#init.onError(err as Error)
      }
    })
  }

  #signal (): AbortSignal {
    return AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(exchangeTimeoutMs)])
  }

  async #exchangeWith (peer: PeerId): Promise<void> {
    await this.#run(await this.#init.node.libp2p.dialProtocol(peer, this.#protocol, { signal: this.#signal() }), peer)
  }

  async #run (stream: Stream, from: PeerId): Promise<void> {
    const signal = this.#signal()
    let received: Uint8Array[]

    try {
      const frames = lpStream(stream, { maxDataLength: maxHeadBytes });
      [received] = await Promise.all([receiveHeads(frames, signal), sendHeads(frames, this.#init.database, signal)])
      await stream.close({ signal })
    } catch (err) {
      stream.abort(err as Error)
      throw err
    }

    if (await joinAll(this.#init.database, received)) {
      // Gossip relays only what was published while it listened; what came this way is passed on this way.
      for (const [id, peer] of this.#peers) {
        if (id !== from.toString()) {
          this.#inBackground(this.#exchangeWith(peer))
        }
      }
    }
  }
}

async function sendHeads (frames: LengthPrefixedStream, { log }: EventsDatabase, signal: AbortSignal): Promise<void> {
  const heads: Uint8Array[] = []

  for (const { hash } of await log.heads()) {
    const bytes = await log.storage.get(hash) as Uint8Array | undefined

    if (bytes != null) {
      heads.push(bytes)
    }
  }

  const count = new Uint8Array(4)
  new DataView(count.buffer).setUint32(0, heads.length)
  await frames.writeV([count, ...heads], { signal })
}

async function receiveHeads (frames: LengthPrefixedStream, signal: AbortSignal): Promise<Uint8Array[]> {
  const count = (await frames.read({ signal })).subarray()
  const length = count.byteLength === 4 ? new DataView(count.buffer, count.byteOffset).getUint32(0) : Infinity

  if (length > maxHeads) {
    throw new Error(`a peer announced ${length} log heads; at most ${maxHeads} are accepted`)
  }

  const heads: Uint8Array[] = []

  for (let i = 0; i < length; i++) {
    heads.push((await frames.read({ signal })).subarray())
  }

  return heads
}

/** Joins the heads with all that they refer to; tells whether anything was new. */
async function joinAll ({ log, events }: EventsDatabase, heads: Uint8Array[]): Promise<boolean> {
  let joined = false

  for (const bytes of heads) {
    const entry = await Entry.decode(bytes, log.encryption.replication?.decrypt, log.encryption.data?.decrypt)

    if (await log.joinEntry(entry)) {
      joined = true
      events.emit('update', entry)
    }
  }

  return joined
}
