import { AbstractStream } from '@libp2p/utils'
import type { Logger, MessageStreamDirection } from '@libp2p/interface'
import type { SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

const nothing = (): void => {}
const log: Logger = Object.assign(nothing, { error: nothing, trace: nothing, enabled: false, newScope: () => log })
let nextId = 0

/**
 * One end of a libp2p stream in memory. As on yamux it sends as much as the other end's window allows, and the rest when the
 * window grows; what one `send` gives while the window is open arrives as one chunk.
 */
export class MemoryStream extends AbstractStream {
  #other?: MemoryStream
  #window: number

  constructor (direction: MessageStreamDirection, window: number) {
    super({ id: `${nextId++}`, log, direction })
    this.#window = window
  }

  /** Two ends; the window is what the second reads of the first, which reads everything. */
  static pair ({ window = Infinity } = {}): [MemoryStream, MemoryStream] {
    const ends: [MemoryStream, MemoryStream] = [new MemoryStream('outbound', window), new MemoryStream('inbound', Infinity)]
    ends[0].#other = ends[1]
    ends[1].#other = ends[0]
    return ends
  }

  /** The other end reads so many bytes more. */
  widen (bytes: number): void {
    this.#window += bytes

    if (this.writeBuffer.byteLength > 0) {
      this.safeDispatchEvent('drain')
    }
  }

  /** The connection underneath is gone, at both ends, with or without a word. */
  cut (reason?: Error): void {
    this.onTransportClosed(reason)
    this.#later((other) => { other.onTransportClosed(reason) })
  }

  sendData (data: Uint8ArrayList): SendResult {
    const bytes = data.slice(0, Math.min(data.byteLength, this.#window))
    this.#window -= bytes.byteLength
    this.#later((other) => { other.onData(bytes) })
    return { sentBytes: bytes.byteLength, canSendMore: bytes.byteLength === data.byteLength }
  }

  sendReset (): void {
    this.#later((other) => { other.onRemoteReset() })
  }

  async sendCloseWrite (): Promise<void> {
    this.#later((other) => { other.onRemoteCloseWrite() })
  }

  async sendCloseRead (): Promise<void> {}

  sendPause (): void {}

  sendResume (): void {}

  #later (deliver: (other: MemoryStream) => void): void {
    queueMicrotask(() => { deliver(this.#other!) })
  }
}
