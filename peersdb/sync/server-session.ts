import { setImmediate } from 'node:timers/promises'
import { createSerial } from '../serial.ts'
import { Channel } from './channel.ts'
import { sameFingerprint } from './fingerprint.ts'
import { answer } from './reconcile.ts'
import { ProtocolError } from './messages.ts'
import { WantAnswers } from './want-answers.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { Hello, Message, Ranges } from './messages.ts'
import type { OutgoingPush } from './outgoing-push.ts'
import type { WantAnswersInit } from './want-answers.ts'
import type { Stream } from '@libp2p/interface'

/** The most `ranges` of one peer that wait for their answer; two sets of two million that have nothing in common take some 130. */
const pendingRangesMax = 256
/** How often a minute one peer may say hello or ask about ranges. */
const questionsPerMinuteMax = 10_000

export interface ServerSessionInit extends Pick<WantAnswersInit, 'log' | 'store' | 'onCorrupt'> {
  stream: Stream
  hello: () => Hello
  /** Called when the peer behaves in a way that no honest peer does. */
  onViolation: (reason: Error) => void
  onHello: () => void
  onEnd: (reason?: Error) => void
}

/** The answering side of a session: says what this peer has, sends what is wanted, and pushes what is new. */
export class ServerSession {
  readonly #init: ServerSessionInit
  readonly #channel: Channel
  readonly #wants: WantAnswers
  readonly #rangesInTurn = createSerial()
  #pendingRanges = 0
  #questions = 0
  #minuteStartMs = performance.now()
  #client?: Hello
  /** What this side said of itself at first, before it knew that there is a client who wants to be told what is new. */
  readonly #said: Hello

  constructor (init: ServerSessionInit) {
    this.#init = init
    this.#channel = new Channel(init.stream, {
      onMessage: (message) => { this.#receive(message) },
      onEnd: (reason) => {
        if (reason instanceof ProtocolError) {
          init.onViolation(reason)
        }

        init.onEnd(reason)
      }
    })
    this.#wants = new WantAnswers({ ...init, channel: this.#channel })
    this.#said = init.hello()
    this.#send([this.#said])
  }

  /** Whether the client shares this peer's log and so gets what is new. */
  get subscribed (): boolean {
    return this.#client != null && this.#channel.open
  }

  /** Pushes a new entry, with its file where the client keeps every file. */
  push (push: OutgoingPush): void {
    const identity = this.#wants.identityOnce(push.entry.stored.identity)
    this.#untilFailure(this.#channel.sendFrame(push.frameFor({ identity, withFile: this.#client?.holdsAll === true })))
  }

  /** Announces entries that this peer has learned of, and what it has now. */
  announce (digests: Uint8Array[]): void {
    const { size, fingerprint } = this.#init.hello()
    this.#send([{ type: 'have', digests, size, fingerprint }])
  }

  close (): Promise<void> {
    return this.#channel.close()
  }

  #send (messages: Message[]): void {
    this.#untilFailure(this.#channel.send(messages))
  }

  #untilFailure (sending: Promise<void>): void {
    sending.catch((err: Error) => { this.#channel.abort(err) })
  }

  #receive (message: Message): void {
    switch (message.type) {
      case 'hello':
        this.#greet(message)
        return
      case 'ranges':
        this.#requireHello()
        this.#compare(message)
        return
      case 'want':
        this.#requireHello()
        this.#wants.answer(message)
        return
      case 'error':
        this.#channel.abort(new Error(`the peer ended the session: ${message.sentence}`))
        return
      default:
        throw new ProtocolError(`a client does not send ${message.type} messages`)
    }
  }

  /** A client says hello whenever it wants to know what the server has by then. */
  #greet (hello: Hello): void {
    this.#countQuestion()
    const own = this.#init.hello()

    if (hello.logAddress !== own.logAddress) {
      this.#channel.fail(new Error(`this peer has the log ${own.logAddress}`)).catch(() => { /* The stream is aborted in any case. */ })
      return
    }

    const first = this.#client == null
    this.#client = hello

    if (first) {
      // What came between the two hellos was pushed to others, and was in neither for this client.
      if (!sameFingerprint(fingerprintIn(own), fingerprintIn(this.#said))) {
        this.announce([])
      }

      this.#init.onHello()
    } else {
      this.#send([own])
    }
  }

  #requireHello (): void {
    if (this.#client == null) {
      throw new ProtocolError('a client says hello before anything else')
    }
  }

  #countQuestion (): void {
    const nowMs = performance.now()

    if (nowMs - this.#minuteStartMs >= 60_000) {
      this.#minuteStartMs = nowMs
      this.#questions = 0
    }

    if (++this.#questions > questionsPerMinuteMax) {
      throw new ProtocolError(`more than ${questionsPerMinuteMax} times a minute a client says hello or asks about ranges`)
    }
  }

  /** An answer may be many times longer than its question, so that none is made before the one ahead of it was taken. */
  #compare (ranges: Ranges): void {
    this.#countQuestion()

    if (++this.#pendingRanges > pendingRangesMax) {
      throw new ProtocolError(`more than ${pendingRangesMax} questions about ranges are pending`)
    }

    this.#rangesInTurn(async () => {
      if (this.#channel.open) {
        await this.#channel.send(answer(this.#init.log.entries.summary, ranges))
        // Whatever else this peer does has its turn between two answers.
        await setImmediate()
      }
    }).catch((err: Error) => { this.#channel.abort(err) }).finally(() => { this.#pendingRanges-- })
  }
}

function fingerprintIn ({ size, fingerprint }: Hello): Fingerprint {
  return { count: size, sum: fingerprint }
}
