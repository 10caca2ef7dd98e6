import { itemBytesMax, ProtocolError } from './messages.ts'
import { Channel } from './channel.ts'
import { createClient } from './reconcile.ts'
import type { Client } from './reconcile.ts'
import type { Summary } from './summary.ts'
import type { Have, Hello, Item, Message, Push, Want } from './messages.ts'
import type { Stream } from '@libp2p/interface'

/** A server that owes something must send something within this time, in milliseconds. */
const stallMsDefault = 15_000
/** How long a comparison may take, in milliseconds, and how much longer for each digest that is listed: 4 KiB of them a second. */
const comparisonMsMin = 60_000
const msPerDigest = 8
/** The most digests that a server may list in one comparison. */
const digestsMax = 2_000_000

/** The peer speaks the protocol and has another log, so that there is nothing to exchange with it. */
export class OtherLogError extends Error {
  override name = 'OtherLogError'
}

/** What came for one want. */
export interface Delivery {
  items: Item[]
  missing: Uint8Array[]
}

export interface ClientSessionInit {
  peerId: string
  stream: Stream
  /** A server that owes something must send something within this time, in milliseconds; 15,000 by default. */
  stallMs?: number
  hello: () => Hello
  onHello: (session: ClientSession) => void
  /** An identity came; its entries may come next, and it does not come again. */
  onIdentity: (bytes: Uint8Array) => void
  onPush: (push: Push, session: ClientSession) => void
  onHave: (have: Have, session: ClientSession) => void
  onEnd: (session: ClientSession, reason?: Error) => void
}

export interface WantOptions {
  withFiles: boolean
  /** The most bytes of content to send for it. */
  bytesMax: number
  /** How long the answer may take, in milliseconds, from when those to all earlier wants are complete. */
  limitMs: number
}

interface PendingWant {
  want: Want
  limitMs: number
  /** When the answer has to be complete, once it is its turn. */
  dueAtMs?: number
  keys: Set<string>
  items: Item[]
  bytes: number
  resolve: (delivery: Delivery) => void
  reject: (reason: Error) => void
}

interface Comparison {
  client: Client
  dueAtMs: number
  onMissing: (digests: Uint8Array[]) => void
  resolve: () => void
  reject: (reason: Error) => void
}

/** The asking side of a session with one peer: compares, wants, and takes what that peer pushes. */
export class ClientSession {
  readonly peerId: string
  /** What the server said last. */
  server?: Hello
  readonly #init: ClientSessionInit
  readonly #channel: Channel
  readonly #wants = new Map<number, PendingWant>()
  readonly #greetings: Array<PromiseWithResolvers<Hello>> = []
  #comparison?: Comparison
  #nextWant = 1
  #stall?: NodeJS.Timeout

  constructor (init: ClientSessionInit) {
    this.#init = init
    this.peerId = init.peerId
    this.#channel = new Channel(init.stream, {
      onMessage: (message) => { this.#receive(message) },
      onEnd: (reason) => { this.#end(reason) }
    })
    this.#send([init.hello()])
    this.#watch()
  }

  get open (): boolean {
    return this.#channel.open
  }

  /** Asks what the server has by now. */
  async greet (): Promise<Hello> {
    this.#requireOpen()
    const greeting = Promise.withResolvers<Hello>()
    this.#greetings.push(greeting)
    this.#send([this.#init.hello()])
    this.#watch()
    return greeting.promise
  }

  /** Compares a summary with what the server has; `onMissing` gets what it lacks, as it becomes known. */
  async compare (summary: Summary, onMissing: (digests: Uint8Array[]) => void): Promise<void> {
    this.#requireOpen()
    const server = this.server == null ? undefined : { count: this.server.size, sum: this.server.fingerprint }
    const client = createClient(summary, { server, digestsMax })
    const messages = client.start()

    if (messages.length === 0) {
      return
    }

    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#comparison = { client, dueAtMs: performance.now() + comparisonMsMin, onMissing, resolve, reject }
    this.#send(messages)
    this.#watch()
    return promise
  }

  /**
   * Asks for entries and blocks; resolves with what came once the server has said that this is all.
   *
   * @param entries - digests
   * @param blocks - CIDs in binary form
   */
  async want (entries: Uint8Array[], blocks: Uint8Array[], { limitMs, ...options }: WantOptions): Promise<Delivery> {
    this.#requireOpen()
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>()
    const want: Want = { type: 'want', id: this.#nextWant++, entries, blocks, ...options }
    const keys = new Set([...entries, ...blocks].map(keyOf))
    this.#wants.set(want.id, { want, limitMs, keys, items: [], bytes: 0, resolve, reject })
    this.#nextTurn()
    this.#send([want])
    this.#watch()
    return promise
  }

  /** Ends the session, as its server broke the rules or is not needed any more. */
  fail (reason: Error): void {
    this.#channel.fail(reason).catch(() => { /* The stream is aborted in any case. */ })
  }

  close (): Promise<void> {
    return this.#channel.close()
  }

  /** What is asked on a stream that is over would never be answered. */
  #requireOpen (): void {
    if (!this.open) {
      throw new Error(`the session with peer ${this.peerId} has ended; ask another peer`)
    }
  }

  #send (messages: Message[]): void {
    this.#channel.send(messages).catch((err: Error) => { this.#channel.abort(err) })
  }

  #receive (message: Message): void {
    this.#take(message)
    this.#rewatch()
    this.#checkPace()
  }

  #take (message: Message): void {
    switch (message.type) {
      case 'hello':
        this.#greeted(message)
        return
      case 'differ':
        this.#compared(message)
        return
      case 'item':
        this.#takeItem(message)
        return
      case 'end':
        this.#finish(message.id, message.sent, message.missing)
        return
      case 'push':
        if (message.identity.byteLength > 0) {
          this.#init.onIdentity(message.identity)
        }

        this.#init.onPush(message, this)
        return
      case 'have':
        this.server = { ...this.#requireServer(), size: message.size, fingerprint: message.fingerprint }
        this.#init.onHave(message, this)
        return
      case 'error':
        this.#channel.abort(new Error(`peer ${this.peerId} ended the session: ${message.sentence}`))
        return
      default:
        throw new ProtocolError(`a server does not send ${message.type} messages`)
    }
  }

  #requireServer (): Hello {
    if (this.server == null) {
      throw new ProtocolError('a server says hello before anything else')
    }

    return this.server
  }

  #greeted (hello: Hello): void {
    if (hello.logAddress !== this.#init.hello().logAddress) {
      this.#channel.abort(new OtherLogError(`peer ${this.peerId} has another log, ${hello.logAddress}`))
      return
    }

    const first = this.server == null
    this.server = hello

    if (first) {
      this.#init.onHello(this)
    } else {
      this.#greetings.shift()?.resolve(hello)
    }
  }

  #compared (message: Message): void {
    if (this.#comparison == null) {
      throw new ProtocolError('a difference is told that nobody asked for')
    }

    const { send, missing, done } = this.#comparison.client.receive(message)
    this.#comparison.dueAtMs += missing.length * msPerDigest

    if (missing.length > 0) {
      this.#comparison.onMissing(missing)
    }

    if (send.length > 0) {
      this.#send(send)
    }

    if (done) {
      this.#comparison.resolve()
      this.#comparison = undefined
    }
  }

  #takeItem (item: Item): void {
    const pending = this.#wants.get(item.id)
    // With an entry may come its file and its identity; everything else must have been asked for.
    const asked = pending?.keys.has(keyOf(item.key)) === true || item.kind === 'identity' ||
      (item.kind === 'block' && pending?.want.withFiles === true)

    if (pending == null || !asked || pending.items.length >= 3 * pending.keys.size) {
      throw new ProtocolError(`a ${item.kind} came that was not asked for`)
    }

    // A server stops once it has sent what was allowed, so that only one more thing can go beyond it.
    if (pending.bytes > pending.want.bytesMax + itemBytesMax) {
      throw new ProtocolError(`more than ${pending.want.bytesMax} bytes came for one want`)
    }

    if (item.kind === 'identity') {
      this.#init.onIdentity(item.bytes)
    }

    pending.items.push(item)
    pending.bytes += item.bytes.byteLength
  }

  #finish (id: number, sent: number, missing: Uint8Array[]): void {
    const pending = this.#wants.get(id)

    if (pending == null || pending.items.length !== sent) {
      throw new ProtocolError(`${sent} items were announced as sent, ${pending?.items.length ?? 0} came`)
    }

    this.#wants.delete(id)
    this.#nextTurn()
    pending.resolve({ items: pending.items, missing })
  }

  /** The server answers in order, so that the time for an answer begins with the end of the one before it. */
  #nextTurn (): void {
    const [oldest] = this.#wants.values()

    if (oldest != null) {
      oldest.dueAtMs ??= performance.now() + oldest.limitMs
    }
  }

  /** Looked at whenever something comes: a server that sends just enough not to seem silent must not hold what others could send. */
  #checkPace (): void {
    const [oldest] = this.#wants.values()
    const dueAtMs = Math.min(oldest?.dueAtMs ?? Infinity, this.#comparison?.dueAtMs ?? Infinity)

    if (performance.now() > dueAtMs) {
      this.#channel.abort(new Error(`peer ${this.peerId} sends what it owes too slowly; it is asked of others`))
    }
  }

  /** Bounds what the server owes from now on, unless it is bounded already: asking for more does not give it more time. */
  #watch (): void {
    const owes = this.server == null || this.#wants.size > 0 || this.#comparison != null || this.#greetings.length > 0

    if (owes && this.open && this.#stall == null) {
      const { stallMs = stallMsDefault } = this.#init
      this.#stall = setTimeout(() => {
        this.#channel.abort(new Error(`peer ${this.peerId} sent nothing of what it owes for ${stallMs / 1000} s`))
      }, stallMs)
      this.#stall.unref()
    }
  }

  /** The server has sent something, so that the time for the rest begins anew. */
  #rewatch (): void {
    clearTimeout(this.#stall)
    this.#stall = undefined
    this.#watch()
  }

  #end (reason?: Error): void {
    clearTimeout(this.#stall)
    const why = reason ?? new Error(`the session with peer ${this.peerId} ended`)
    const wants = [...this.#wants.values()]
    this.#wants.clear()
    wants.forEach(({ reject }) => { reject(why) })
    this.#greetings.splice(0).forEach(({ reject }) => { reject(why) })
    this.#comparison?.reject(why)
    this.#comparison = undefined
    this.#init.onEnd(this, reason)
  }
}

/** A short key of a digest or CID for maps. */
export function keyOf (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
