import { Uint8ArrayList } from 'uint8arraylist'
import { decode, encode } from '../sync/messages.ts'
import type { Message } from '../sync/messages.ts'
import type { Stream } from '@libp2p/interface'

const lengthBytes = 4
const timeoutMs = 10_000

/** A stream of which every byte is noted, and on which anything can be sent. */
export class Wire {
  readonly stream: Stream
  readonly received = new Uint8ArrayList()
  /** Resolves when the stream is over. */
  readonly ended: Promise<void>
  readonly #unread = new Uint8ArrayList()
  #more = Promise.withResolvers<void>()
  #over = false

  constructor (stream: Stream) {
    this.stream = stream
    const ended = Promise.withResolvers<void>()
    this.ended = ended.promise
    const end = (): void => {
      this.#over = true
      this.#more.resolve()
      ended.resolve()
    }
    stream.addEventListener('message', ({ data }) => {
      this.received.append(data)
      this.#unread.append(data)
      this.#more.resolve()
    })
    stream.addEventListener('remoteCloseWrite', end)
    stream.addEventListener('close', end)
  }

  send (bytes: Uint8Array): void {
    this.stream.send(bytes)
  }

  /** Sends bytes as a message of the sync protocol: behind their length. */
  frame (bytes: Uint8Array, length = bytes.byteLength): void {
    const prefix = new Uint8Array(lengthBytes)
    new DataView(prefix.buffer).setUint32(0, length)
    this.stream.send(new Uint8ArrayList(prefix, bytes))
  }

  say (...messages: Message[]): void {
    messages.forEach((message) => { this.frame(encode(message)) })
  }

  /** The next message of the sync protocol; rejects where the stream ends before. */
  async next (): Promise<Message> {
    const prefix = await this.read(lengthBytes)
    return decode(await this.read(new DataView(prefix.buffer, prefix.byteOffset).getUint32(0)))
  }

  /** The next message of a type; those before it are skipped. */
  async until<Type extends Message['type']> (type: Type): Promise<Extract<Message, { type: Type }>> {
    for (let message = await this.next(); ; message = await this.next()) {
      if (message.type === type) {
        return message as Extract<Message, { type: Type }>
      }
    }
  }

  /** The next bytes; rejects where the stream ends before. */
  async read (length: number): Promise<Uint8Array> {
    const bound = AbortSignal.timeout(timeoutMs)
    bound.addEventListener('abort', () => { this.#more.resolve() })

    while (this.#unread.byteLength < length) {
      if (this.#over || bound.aborted) {
        throw new Error(`the stream ${this.#over ? 'ended' : 'was silent'} where ${length} bytes were to come`)
      }

      await this.#more.promise
      this.#more = Promise.withResolvers<void>()
    }

    const bytes = this.#unread.slice(0, length)
    this.#unread.consume(length)
    return bytes
  }
}
