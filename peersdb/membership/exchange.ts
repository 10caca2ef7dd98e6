import { knownPeer } from './context.ts'
import { exchangeProtocol } from './exchange-protocol.ts'
import { Hearing } from './hearing.ts'
import { Telling } from './telling.ts'
import type { Context } from './context.ts'
import type { OnHeard } from './hearing.ts'
import type { Connection, Stream } from '@libp2p/interface'

export interface ExchangeInit {
  context: Context
  /** How long changes are gathered before they are told, in ms. */
  coalesceMs: number
  onHeard: OnHeard
}

/**
 * The peer exchange: every peer tells each neighbour who its other neighbours are, with their own signed address records,
 * all of them at first and from then on what changed.
 */
export class PeerExchange {
  readonly #context: Context
  readonly #telling: Telling
  readonly #hearing: Hearing
  #topology?: string

  constructor ({ coalesceMs, context, onHeard }: ExchangeInit) {
    this.#context = context
    this.#telling = new Telling(context, coalesceMs)
    this.#hearing = new Hearing(context, onHeard)
  }

  get counts (): Telling['counts'] & Hearing['counts'] {
    return { ...this.#telling.counts, ...this.#hearing.counts }
  }

  async start (): Promise<void> {
    const { inBackground, libp2p } = this.#context
    const hear = (stream: Stream, connection: Connection) => { inBackground(this.#hearing.hear(stream, connection)) }
    await libp2p.handle(exchangeProtocol, hear, { maxInboundStreams: 4 })
    this.#topology = await libp2p.register(exchangeProtocol, { onConnect: (peer) => { inBackground(this.#telling.met(peer)) } })

    for (const peer of libp2p.getPeers()) {
      if ((await knownPeer(libp2p, peer))?.protocols.includes(exchangeProtocol) === true) {
        await this.#telling.met(peer)
      }
    }
  }

  async stop (): Promise<void> {
    this.#telling.stop()

    if (this.#topology != null) {
      this.#context.libp2p.unregister(this.#topology)
    }

    await this.#context.libp2p.unhandle(exchangeProtocol)
  }

  /** Whom a connected peer last told that it is connected to; undefined where it told nothing yet. */
  neighboursOf (peerId: string): ReadonlySet<string> | undefined {
    return this.#hearing.neighboursOf(peerId)
  }

  /** Tells that the last connection to a peer has ended. */
  lost (peerId: string): void {
    this.#hearing.lost(peerId)
    this.#telling.lost(peerId)
  }
}
