import { AbstractMultiaddrConnection } from '@libp2p/utils'
import { Egress } from './egress.ts'
import { isOver, orAborted, whenClosed } from './ends.ts'
import type { RegionCounters } from './counters.ts'
import type { DelayLine } from './delay-line.ts'
import type { Path } from './path.ts'
import type { AbortOptions, MultiaddrConnection } from '@libp2p/interface'
import type { SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface ShapedConnectionInit {
  /** The real connection, already greeted. */
  inner: MultiaddrConnection
  /** What came behind the greeting. */
  rest: Uint8ArrayList
  path: Path
  delayLine: DelayLine
  counters: RegionCounters
}

/**
 * A connection that holds back what it sends until the link has carried it. What it receives was held back by the other
 * side, and passes at once.
 */
export class ShapedConnection extends AbstractMultiaddrConnection {
  readonly #inner: MultiaddrConnection
  readonly #egress: Egress
  readonly #counters: RegionCounters
  readonly #closed = Promise.withResolvers<void>()
  #innerPaused = false

  constructor ({ inner, rest, path, delayLine, counters }: ShapedConnectionInit) {
    super({
      remoteAddr: inner.remoteAddr,
      direction: inner.direction,
      log: inner.log.newScope('shaped'),
      inactivityTimeout: inner.inactivityTimeout,
      // Twice, because when the real connection ends while both are paused, this one takes over what the other holds.
      maxReadBufferLength: inner.maxReadBufferLength * 2
    })
    this.#inner = inner
    this.#counters = counters
    this.#egress = new Egress({
      link: path.connect(),
      departures: delayLine,
      arrivals: delayLine,
      get sendBufferBytes () { return path.sendBufferBytes },
      get segmentBytes () { return path.segmentBytes },
      deliver: (data) => this.#deliver(data),
      onDrain: () => { this.safeDispatchEvent('drain') }
    })
    counters.connections++
    counters.connectionsOpened++
    whenClosed(this, () => {
      counters.connections--
      this.#closed.resolve()
    })
    this.#attach(rest)
  }

  #attach (rest: Uint8ArrayList): void {
    const receive = (data: Uint8Array | Uint8ArrayList): void => {
      this.#counters.bytesReceived += data.byteLength
      this.onData(data)
    }
    receive(rest)
    this.#inner.addEventListener('message', (event) => { receive(event.data) })
    this.#inner.addEventListener('drain', () => { this.#egress.resume() })
    this.#inner.addEventListener('close', (event) => { this.#onInnerClosed(event.error) }, { once: true })
    if (this.#inner.status !== 'open') {
      this.#onInnerClosed()
    }
  }

  #onInnerClosed (error?: Error): void {
    this.#egress.discard()
    if (this.#innerPaused && this.#inner.readBufferLength > 0) {
      this.#innerPaused = false
      this.#inner.resume()
    }
    this.onTransportClosed(error)
  }

  #deliver (data: Uint8ArrayList): boolean {
    if (this.#inner.status !== 'open') {
      return true
    }
    this.#inner.send(data)
    return !this.#inner.writableNeedsDrain
  }

  sendData (data: Uint8ArrayList): SendResult {
    const { acceptedBytes, hasRoom } = this.#egress.accept(data)
    this.#counters.bytesSent += acceptedBytes
    return { sentBytes: acceptedBytes, canSendMore: hasRoom }
  }

  /** While the other side cannot be reached, what is sent is held. */
  holdBack (hold: boolean): void {
    if (hold) {
      this.#egress.hold()
    } else {
      this.#egress.release()
    }
  }

  /** Resolves when everything written so far has reached the other side, or the connection is gone. */
  async flushed (): Promise<void> {
    if (isOver(this)) {
      return
    }
    const arrived = Promise.withResolvers<void>()
    this.#egress.finish(arrived.resolve)
    await Promise.race([arrived.promise, this.#closed.promise])
  }

  async sendClose (options?: AbortOptions): Promise<void> {
    await orAborted(this.flushed(), options?.signal)
    await this.#inner.close(options)
  }

  sendReset (error: Error): void {
    if (this.#inner.status === 'open') {
      this.#egress.reset(() => { this.#inner.abort(error) })
    }
  }

  sendPause (): void {
    if (this.#inner.status === 'open') {
      this.#innerPaused = true
      this.#inner.pause()
    }
  }

  sendResume (): void {
    if (this.#innerPaused) {
      this.#innerPaused = false
      this.#inner.resume()
    }
  }
}
