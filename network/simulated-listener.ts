import { TypedEventEmitter } from 'main-event'
import { toEndpoint, toMultiaddr } from './address.ts'
import { whenClosed } from './ends.ts'
import { SimulatedConnection } from './simulated-connection.ts'
import { NetworkError, requireLife, tell } from './simulated-host.ts'
import type { Incoming } from './simulated-host.ts'
import type { SimulatedTransportInit } from './simulated-transport.ts'
import type { Listener, ListenerEvents, Logger, Upgrader } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

const ANY_IP = '0.0.0.0'

/** Accepts connections on one port of one instance. */
export class SimulatedListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #init: SimulatedTransportInit
  readonly #upgrader: Upgrader
  readonly #log: Logger
  readonly #inbound = new Set<SimulatedConnection>()
  readonly #shutdown = new AbortController()
  #port: number | undefined

  constructor (init: SimulatedTransportInit, upgrader: Upgrader, log: Logger) {
    super()
    this.#init = init
    this.#upgrader = upgrader
    this.#log = log
  }

  /** Port 0 takes the next free one of the instance. @throws NetworkError for another's address or a port in use */
  async listen (address: Multiaddr): Promise<void> {
    const { host, life } = this.#init
    requireLife(host, life)
    const endpoint = toEndpoint(address)
    if (endpoint === undefined || (endpoint.ip !== host.ip && endpoint.ip !== ANY_IP)) {
      throw new NetworkError(`The instance ${host.instance} cannot listen on ${address.toString()}: use /ip4/${host.ip}/tcp/0.`)
    }
    while (endpoint.port === 0 && host.ports.has(host.nextPort)) {
      host.nextPort++
    }
    const port = endpoint.port === 0 ? host.nextPort++ : endpoint.port
    if (host.ports.has(port)) {
      throw new NetworkError(`The instance ${host.instance} listens on port ${port} already: use another, or 0 for any.`)
    }
    host.ports.set(port, (incoming) => { this.#accept(incoming) })
    this.#port = port
    this.safeDispatchEvent('listening')
  }

  getAddrs (): Multiaddr[] {
    return this.#port === undefined ? [] : [toMultiaddr({ ip: this.#init.host.ip, port: this.#port })]
  }

  updateAnnounceAddrs (): void {
    // What is listened on is what can be dialled: there is no address translation.
  }

  /** Cuts its connections as TCP does: what they have been given to send still arrives. */
  async close (): Promise<void> {
    const { host, life } = this.#init
    if (this.#port !== undefined) {
      // After a crash the port may be another listener's.
      if (!life.over) {
        host.ports.delete(this.#port)
      }
      this.#port = undefined
      this.#shutdown.abort()
      for (const connection of this.#inbound) {
        connection.leave()
      }
      this.safeDispatchEvent('close')
    }
  }

  #accept ({ number, from, remoteAddr, peer }: Incoming): void {
    const { medium, host, counters } = this.#init
    const connection = new SimulatedConnection({
      medium, number, local: host, remote: from, remoteAddr, direction: 'inbound', counters: counters.of(from.region), log: this.#log
    })
    SimulatedConnection.join(connection, peer)
    tell(medium, 'accept', from, host, number)
    this.#inbound.add(connection)
    whenClosed(connection, () => { this.#inbound.delete(connection) })
    this.#upgrader.upgradeInbound(connection, { signal: this.#shutdown.signal }).catch((error: Error) => {
      this.#log.error('inbound connection upgrade failed - %e', error)
      connection.abort(error)
    })
  }
}
