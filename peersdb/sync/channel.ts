import { Uint8ArrayList } from 'uint8arraylist'
import { createSerial } from '../serial.ts'
import { decode, encode, itemFrameBytesMax, ProtocolError } from './messages.ts'
import { spareWindowUpdates } from './window-updates.ts'
import type { Message } from './messages.ts'
import type { Stream } from '@libp2p/interface'

/** How long a peer may leave what is sent to it unread, in milliseconds. */
const drainTimeoutMsDefault = 30_000
/** How long a peer that is told why its session ends may take to read it, in milliseconds. */
const farewellTimeoutMs = 1_000
/** How much is given to the stream at a time, in bytes, unless a single message is longer. */
const chunkBytes = 64 * 1024
const lengthBytes = 4

/** A stream ended in the middle of a message, as when the peer's process ended. */
export class TruncatedError extends Error {
  override name = 'TruncatedError'
}

export interface ChannelInit {
  /** How long a peer may leave what is sent to it unread, in milliseconds; 30,000 by default. */
  drainTimeoutMs?: number
  onMessage: (message: Message) => void
  /** Called once, with the reason where the stream did not end in an orderly way. */
  onEnd: (reason?: Error) => void
}

/** Messages over a libp2p stream, each after its length as a 32-bit big-endian integer. */
export class Channel {
  readonly #stream: Stream
  readonly #init: ChannelInit
  readonly #drainTimeoutMs: number
  readonly #received = new Uint8ArrayList()
  readonly #oneByOne = createSerial()
  #ended = false

  constructor (stream: Stream, init: ChannelInit) {
    this.#stream = stream
    this.#init = init
    this.#drainTimeoutMs = init.drainTimeoutMs ?? drainTimeoutMsDefault
    // A session is quiet while nothing happens; whether the peer is alive is for its connection to find out.
    stream.inactivityTimeout = 2 ** 31 - 1
    spareWindowUpdates(stream)
    stream.addEventListener('message', ({ data }) => { this.#receive(data) })
    stream.addEventListener('end', () => { this.#readAll() })
    stream.addEventListener('close', ({ error }) => { this.#end(error ?? this.#truncation()) })

    // A peer may have said all it has to say before anybody listened, and no event tells of it any more.
    if (stream.readableEnded) {
      queueMicrotask(() => { this.#readAll() })
    }
  }

  get open (): boolean {
    return !this.#ended
  }

  /** Sends messages in order; resolves when more can be sent, which is how a slow reader slows its sender down. */
  send (messages: readonly Message[]): Promise<void> {
    return this.#oneByOne(() => this.#write(messages))
  }

  /** Sends a message that is a frame already, in the same way. */
  sendFrame (bytes: Uint8Array): Promise<void> {
    return this.#oneByOne(() => this.#flush(new Uint8ArrayList(bytes)))
  }

  /** Tells the peer why, and ends the stream. */
  async fail (reason: Error): Promise<void> {
    if (!this.open) {
      return
    }

    this.#end(reason)

    try {
      // What is wrong with this side's store, and where that is, is nobody else's business.
      const isPublic = !/^(Store|Corrupt|MissingBlock)/.test(reason.name)
      this.#stream.send(frame({ type: 'error', sentence: isPublic ? reason.message.slice(0, 1024) : 'the session cannot go on here' }))
      await this.#stream.close({ signal: AbortSignal.timeout(farewellTimeoutMs) })
    } finally {
      this.#stream.abort(reason)
    }
  }

  async close (): Promise<void> {
    await this.#stream.close({ signal: AbortSignal.timeout(this.#drainTimeoutMs) })
  }

  abort (reason: Error): void {
    this.#stream.abort(reason)
    this.#end(reason)
  }

  async #write (messages: readonly Message[]): Promise<void> {
    const chunk = new Uint8ArrayList()

    for (const message of messages) {
      chunk.append(frame(message))

      if (chunk.byteLength >= chunkBytes) {
        await this.#flush(chunk)
      }
    }

    await this.#flush(chunk)
  }

  async #flush (chunk: Uint8ArrayList): Promise<void> {
    if (chunk.byteLength > 0 && this.open) {
      let isWritable = this.#stream.send(chunk.slice())
      chunk.consume(chunk.byteLength)

      // A reader may take a few bytes of it only; what is left must not pile up before the next chunk.
      while (!isWritable && this.open) {
        await this.#drained()
        isWritable = !this.#stream.writableNeedsDrain
      }
    }
  }

  async #drained (): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => { reject(new Error(`a peer read nothing for ${this.#drainTimeoutMs / 1000} s`)) }, this.#drainTimeoutMs)
    const done = (): void => { resolve() }
    this.#stream.addEventListener('drain', done)
    this.#stream.addEventListener('close', done)

    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#stream.removeEventListener('drain', done)
      this.#stream.removeEventListener('close', done)
    }
  }

  #receive (data: Uint8Array | Uint8ArrayList): void {
    if (!this.open) {
      return
    }

    this.#received.append(data)

    try {
      while (this.open && this.#received.byteLength >= lengthBytes) {
        const length = this.#received.getUint32(0)

        if (length > itemFrameBytesMax) {
          throw new ProtocolError(`a message of ${length} bytes is announced; at most ${itemFrameBytesMax} are read`)
        }

        if (this.#received.byteLength < lengthBytes + length) {
          return
        }

        const bytes = this.#received.subarray(lengthBytes, lengthBytes + length)
        this.#received.consume(lengthBytes + length)
        this.#init.onMessage(decode(bytes))
      }
    } catch (err) {
      this.fail(err as Error).catch(() => { /* The stream is aborted in any case. */ })
    }
  }

  /** The peer sends nothing more. */
  #readAll (): void {
    const truncation = this.#truncation()

    if (this.#stream.status === 'aborted' || this.#stream.status === 'reset') {
      // The event that tells why comes right after this one, if it is still to come.
      queueMicrotask(() => { this.#end(truncation ?? new Error('the stream was broken off')) })
    } else if (truncation != null) {
      this.abort(truncation)
    } else {
      this.close().then(() => { this.#end() }, (err: Error) => { this.abort(err) })
    }
  }

  #truncation (): TruncatedError | undefined {
    const { byteLength } = this.#received
    return byteLength === 0
      ? undefined
      : new TruncatedError(`the stream ended ${byteLength} bytes into a message; what it lacks is asked for again in the next session`)
  }

  #end (reason?: Error): void {
    if (!this.#ended) {
      this.#ended = true
      this.#init.onEnd(reason)
    }
  }
}

/** A message after its length. */
export function frame (message: Message): Uint8ArrayList {
  const bytes = encode(message)
  const length = new Uint8Array(lengthBytes)
  new DataView(length.buffer).setUint32(0, bytes.byteLength)
  return new Uint8ArrayList(length, bytes)
}
