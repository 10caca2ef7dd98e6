import { AbstractMultiaddrConnection } from '@libp2p/utils'
import { Egress } from './egress.ts'
import { isOver, orAborted, whenClosed } from './ends.ts'
import { tell } from './simulated-host.ts'
import { stageLine } from './stage.ts'
import type { RegionCounters } from './counters.ts'
import type { Host, Medium } from './simulated-host.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'
import type { SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'

/** How long a closed end waits for the farewell of the other, as Linux does (tcp_fin_timeout). */
const FIN_TIMEOUT_MS = 60_000
/** What js-libp2p lets a connection hold that nobody reads. */
const READ_BUFFER_BYTES = 4 * 2 ** 20

export interface SimulatedConnectionInit {
  medium: Medium
  /** The number that both ends share. */
  number: number
  local: Host
  remote: Host
  remoteAddr: Multiaddr
  direction: 'inbound' | 'outbound'
  counters: RegionCounters
  log: Logger
  /** Before this time nothing of what this end sends arrives, in ms. */
  arriveMsMin?: number
}

/** One end of a connection of a simulated network, as TCP would give it to js-libp2p. */
export class SimulatedConnection extends AbstractMultiaddrConnection {
  readonly #init: SimulatedConnectionInit
  readonly #egress: Egress
  /** The other side has said farewell, or is no more. */
  readonly #ended = Promise.withResolvers<void>()
  #peer: SimulatedConnection | undefined
  #finSent = false
  #paused = false
  /** All that was to be sent, and the farewell or reset behind it, has come to the other side or is given up. */
  #allSent = false
  #vanished = false

  constructor (init: SimulatedConnectionInit) {
    const { medium: { stage }, local, remote, counters, arriveMsMin } = init
    const { path, release } = local.paths.acquire(remote.region, remote.instance)
    super({
      remoteAddr: init.remoteAddr,
      direction: init.direction,
      log: init.log,
      // All that has arrived by one event comes at once, which may be as much as the other end can hold back.
      maxReadBufferLength: READ_BUFFER_BYTES + path.sendBufferBytes
    })
    this.#init = init
    this.#egress = new Egress({
      link: path.connect(arriveMsMin),
      departures: stageLine(stage, local.instance),
      arrivals: stageLine(stage, remote.instance),
      downlink: remote.downlink,
      get sendBufferBytes () { return path.sendBufferBytes },
      get segmentBytes () { return path.segmentBytes },
      deliver: (data) => this.#deliver(data),
      onDrain: () => { stage.at(stage.nowMs(), local.instance, () => { this.safeDispatchEvent('drain') }) }
    })
    counters.connections++
    counters.connectionsOpened++
    whenClosed(this, () => {
      counters.connections--
      release()
      this.#ended.resolve()
      this.#forget()
    })
    local.connections.add(this)
  }

  /** The number that both ends share, and the instances at this end and at the other. */
  get place (): { number: number, local: string, remote: string } {
    const { number, local, remote } = this.#init
    return { number, local: local.instance, remote: remote.instance }
  }

  /** Makes two ends one connection. */
  static join (a: SimulatedConnection, b: SimulatedConnection): void {
    a.#peer = b
    b.#peer = a
  }

  get remote (): Host {
    return this.#init.remote
  }

  sendData (data: Uint8ArrayList): SendResult {
    if (this.#vanished) {
      return { sentBytes: data.byteLength, canSendMore: true }
    }
    const { acceptedBytes, hasRoom } = this.#egress.accept(data)
    this.#init.counters.bytesSent += acceptedBytes
    return { sentBytes: acceptedBytes, canSendMore: hasRoom }
  }

  /** Sends no more, but takes what comes until the other side has said farewell too. */
  async sendClose (options?: AbortOptions): Promise<void> {
    const { medium: { stage }, local } = this.#init
    options?.signal?.throwIfAborted()
    this.#sendFin()
    const takeBack = stage.at(stage.nowMs() + FIN_TIMEOUT_MS, local.instance, this.#ended.resolve)
    await orAborted(this.#ended.promise, options?.signal).finally(takeBack)
  }

  sendReset (): void {
    if (!this.#vanished) {
      this.#egress.reset(() => {
        this.#sent()
        this.#peer?.reset()
      })
    }
  }

  sendPause (): void {
    this.#paused = true
  }

  sendResume (): void {
    this.#paused = false
    if (this.#peer !== undefined) {
      this.#peer.#egress.resume()
    }
  }

  /** Closes without waiting for the other side; what was taken to be sent still goes, and the farewell behind it. */
  leave (): void {
    if (!isOver(this)) {
      this.#sendFin()
      this.onTransportClosed()
    }
  }

  /** The other side is no more. */
  reset (): void {
    const { medium, number, local, remote } = this.#init
    tell(medium, 'reset', remote, local, number)
    if (!this.#isGone()) {
      this.#egress.discard()
      this.#sent()
      this.onRemoteReset()
    }
  }

  /** While the other side cannot be reached, what is sent is held. */
  holdBack (hold: boolean): void {
    if (hold) {
      this.#egress.hold()
    } else {
      this.#egress.release()
    }
  }

  /** Its instance is no more: what has left arrives, and nothing else comes of it but the reset, if it is told. */
  vanish (resets: boolean): void {
    this.#vanished = true
    this.#ended.resolve()
    this.#egress.reset(() => {
      if (resets) {
        this.#peer?.reset()
      }
    })
    this.#init.local.connections.delete(this)
  }

  #isGone (): boolean {
    return this.#vanished || isOver(this)
  }

  #sent (): void {
    this.#allSent = true
    this.#forget()
  }

  #forget (): void {
    if (this.#allSent && isOver(this)) {
      this.#init.local.connections.delete(this)
    }
  }

  #sendFin (): void {
    if (!this.#finSent && !this.#vanished) {
      this.#finSent = true
      this.#egress.finish(() => {
        this.#sent()
        if (this.#peer === undefined) {
          this.refuse()
        } else {
          this.#peer.onFin()
        }
      })
    }
  }

  /** As js-libp2p does over TCP: an end that is told farewell answers with its own, behind what it has given to be sent. */
  onFin (): void {
    const { medium, number, local, remote } = this.#init
    tell(medium, 'fin', remote, local, number)
    if (this.#vanished) {
      this.#peer?.refuse()
      return
    }
    this.#ended.resolve()
    if (this.status === 'open') {
      this.leave()
    }
  }

  /** Runs as an event of the other end's instance. */
  #deliver (data: Uint8ArrayList): boolean {
    const { medium, number, local, remote } = this.#init
    medium.observe?.({
      atMs: medium.stage.nowMs(), kind: 'data', from: local.instance, to: remote.instance, connection: number,
      bytes: data.byteLength, data: data.subarray()
    })
    if (this.#peer === undefined || this.#peer.#isGone()) {
      this.refuse()
      return true
    }
    return this.#peer.#receive(data)
  }

  #receive (data: Uint8ArrayList): boolean {
    this.#init.counters.bytesReceived += data.byteLength
    this.onData(data)
    return !this.#paused
  }

  /** Nobody takes what this end sends: it is told so, one latency later. */
  refuse (): void {
    const { medium, local, remote } = this.#init
    medium.post(remote, local, () => { this.reset() })
  }
}
