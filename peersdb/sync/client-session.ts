import { ProtocolError } from './messages.ts'
import { Channel } from './channel.ts'
import { PendingComparison } from './pending-comparison.ts'
import { PendingWants } from './pending-wants.ts'
import type { Delivery, WantOptions } from './pending-wants.ts'
import type { Summary } from './summary.ts'
import type { Differ, Have, Hello, Item, Message, Push } from './messages.ts'
import type { Stream } from '@libp2p/interface'

/** A server that owes something must send something within this time, in milliseconds. */
const stallMsDefault = 15_000

/** The peer speaks the protocol and has another log, so that there is nothing to exchange with it. */
export class OtherLogError extends Error {
  override name = 'OtherLogError'
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

/** The asking side of a session with one peer: compares, wants, and takes what that peer pushes. */
export class ClientSession {
  readonly peerId: string
  /** What the server said last. */
  server?: Hello
  readonly #init: ClientSessionInit
  readonly #channel: Channel
  readonly #wants = new PendingWants()
  readonly #greetings: Array<PromiseWithResolvers<Hello>> = []
  #comparison?: PendingComparison
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
    const comparison = new PendingComparison(summary, this.server, onMissing)

    if (comparison.done) {
      return
    }

    this.#comparison = comparison
    this.#send(comparison.start)
    this.#watch()
    return comparison.promise
  }

  /**
   * Asks for entries and blocks; resolves with what came once the server has said that this is all.
   *
   * @param entries - digests
   * @param blocks - CIDs in binary form
   */
  async want (entries: Uint8Array[], blocks: Uint8Array[], options: WantOptions): Promise<Delivery> {
    this.#requireOpen()
    const { want, promise } = this.#wants.add(entries, blocks, options)
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
        this.#wants.finish(message)
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

  #compared (message: Differ): void {
    if (this.#comparison == null) {
      throw new ProtocolError('a difference is told that nobody asked for')
    }

    const more = this.#comparison.receive(message)

    if (more.length > 0) {
      this.#send(more)
    }

    if (this.#comparison.done) {
      this.#comparison = undefined
    }
  }

  #takeItem (item: Item): void {
    this.#wants.take(item)

    if (item.kind === 'identity') {
      this.#init.onIdentity(item.bytes)
    }
  }

  /** Looked at whenever something comes: a server that sends just enough not to seem silent must not hold what others could send. */
  #checkPace (): void {
    if (performance.now() > Math.min(this.#wants.dueAtMs, this.#comparison?.dueAtMs ?? Infinity)) {
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
    this.#wants.fail(why)
    this.#greetings.splice(0).forEach(({ reject }) => { reject(why) })
    this.#comparison?.fail(why)
    this.#comparison = undefined
    this.#init.onEnd(this, reason)
  }
}
