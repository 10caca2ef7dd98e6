import { syncProtocol } from './messages.ts'
import type { Node } from '../node.ts'
import type { IdentifyResult, PeerId } from '@libp2p/interface'

/** How long a peer that has just connected may take to say who it is, in milliseconds; from then on nobody waits for it. */
const patienceMsDefault = 5_000

type Libp2pEvents = Pick<Node['libp2p'], 'addEventListener' | 'removeEventListener'>

/** Connected peers of which is not known yet whether they share the log, so that nobody concludes too early that no peer has a block. */
export class Acquaintances {
  readonly #libp2p: Libp2pEvents
  readonly #patienceMs: number
  /** Their ids, each with the timer that ends the patience with it. */
  readonly #unsettled = new Map<string, NodeJS.Timeout>()
  readonly #waiting = new Set<() => void>()

  constructor (libp2p: Libp2pEvents, { patienceMs = patienceMsDefault } = {}) {
    this.#libp2p = libp2p
    this.#patienceMs = patienceMs
  }

  start (): void {
    this.#libp2p.addEventListener('peer:connect', this.#onConnect)
    this.#libp2p.addEventListener('peer:identify', this.#onIdentify)
    this.#libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  stop (): void {
    this.#libp2p.removeEventListener('peer:connect', this.#onConnect)
    this.#libp2p.removeEventListener('peer:identify', this.#onIdentify)
    this.#libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#unsettled.forEach((timer) => { clearTimeout(timer) })
    this.#unsettled.clear()
    this.#wake()
  }

  /** It is known by now whether a peer shares the log. */
  settle (peerId: string): void {
    clearTimeout(this.#unsettled.get(peerId))

    if (this.#unsettled.delete(peerId) && this.#unsettled.size === 0) {
      this.#wake()
    }
  }

  /** Resolves when all connected peers have said who they are, or had the time to; rejects where the signal aborts before. */
  async complete (signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()

    if (this.#unsettled.size === 0) {
      return
    }

    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = (): void => { reject(signal.reason as Error) }
    this.#waiting.add(resolve)
    signal.addEventListener('abort', abort, { once: true })

    try {
      await promise
    } finally {
      this.#waiting.delete(resolve)
      signal.removeEventListener('abort', abort)
    }
  }

  #wake (): void {
    this.#waiting.forEach((resolve) => { resolve() })
    this.#waiting.clear()
  }

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    const peerId = detail.toString()
    clearTimeout(this.#unsettled.get(peerId))
    this.#unsettled.set(peerId, setTimeout(() => { this.settle(peerId) }, this.#patienceMs).unref())
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => { this.settle(detail.toString()) }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    if (!detail.protocols.includes(syncProtocol)) {
      this.settle(detail.peerId.toString())
    }
  }
}
