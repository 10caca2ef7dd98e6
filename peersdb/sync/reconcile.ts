import { divide, isListed, listMax, rangeOf, refusal } from './answer.ts'
import { sameFingerprint } from './fingerprint.ts'
import { isBehind, namedMax } from './messages.ts'
import type { Fingerprint, Prefix } from './fingerprint.ts'
import type { DigestList, Message, Range } from './messages.ts'
import type { Summary } from './summary.ts'

export { answer } from './answer.ts'

/** The most ranges in a client's first message: two levels of the trie, about 6 KB. */
const startRangesMax = 256

const fanOut = 16

export interface ClientInit {
  /** What the server's hello said that it has; it spares ranges that cannot matter. */
  server?: Fingerprint
  /** The most digests that the server may list in all; 2,000,000 by default. */
  digestsMax?: number
  /** The most round trips; 16 by default, where honest peers whose sets stand still need at most 13. */
  roundTripsMax?: number
}

export interface Step {
  send: Message[]
  /** Digests that the server has and the client lacks; each is in one step only. */
  missing: Uint8Array[]
  /** Whether the client knows all that it lacks. */
  done: boolean
}

/** One side of a comparison: finds out what the server has and this peer lacks. It does no I/O. */
export interface Client {
  /** The first messages, to be sent in order; none, and all is done, if the server's hello has told that nothing is missing. */
  start (): Message[]
  /**
   * Takes one message of the server's, in the order in which they came.
   *
   * @throws {ProtocolError} where it is no answer to what was asked, or goes over a bound
   */
  receive (message: Message): Step
  /** How many round trips were begun. */
  readonly roundTrips: number
}

/**
 * A client that compares the summary with a server's, by range-based set reconciliation (Meyer, "Range-Based Set
 * Reconciliation", SRDS 2023, arXiv 2212.13567) over prefix ranges. The summary may grow meanwhile.
 */
export function createClient (summary: Summary, init: ClientInit = {}): Client {
  return new PullingClient(summary, init)
}

interface Question {
  /** The ranges that were asked about, and what the answer has said about each. */
  asked: Map<Prefix, { count: number, listed: boolean, parts: number }>
  roundTrip: number
  /** What to ask next. */
  doubts: Range[]
  /** How far the answer is: its subranges ascend, and so do its digests. */
  lastRange?: Prefix
  lastDigest?: Uint8Array
}

class PullingClient implements Client {
  roundTrips = 0
  readonly #summary: Summary
  readonly #server: Fingerprint | undefined
  readonly #digestsMax: number
  readonly #roundTripsMax: number
  /** Those without their whole answer, oldest first. The server answers in order. */
  readonly #questions: Question[] = []
  #listed = 0

  constructor (summary: Summary, init: ClientInit) {
    this.#summary = summary
    this.#server = init.server
    this.#digestsMax = init.digestsMax ?? 2_000_000
    this.#roundTripsMax = init.roundTripsMax ?? 16
  }

  start (): Message[] {
    const own = this.#summary.fingerprint('')
    const server = this.#server

    if (server !== undefined && (server.count === 0 || sameFingerprint(own, server))) {
      return []
    }

    const serverCount = server?.count ?? own.count
    let ranges: Prefix[] = ['']

    if (!isListed('', own.count, serverCount)) {
      while (ranges.length < startRangesMax && Math.min(own.count, serverCount) > ranges.length * listMax) {
        ranges = ranges.flatMap(divide)
      }
    }

    return this.#ask(ranges.map((prefix) => rangeOf(this.#summary, prefix)), 1)
  }

  receive (message: Message): Step {
    const [question] = this.#questions

    if (message.type !== 'differ' || question === undefined) {
      throw refusal(`a ${message.type} message answers no question`, 'a server only answers ranges, once')
    }

    if (!message.done && message.ranges.length === 0 && message.lists.length === 0) {
      throw refusal('an answer goes on without saying anything', 'a server sends the last part as done')
    }

    const missing = message.lists.flatMap((list) => this.#takeList(question, list))
    message.ranges.forEach((range) => { this.#takeRange(question, range) })

    if (!message.done) {
      return { send: [], missing, done: false }
    }

    this.#questions.shift()
    const send = this.#ask(question.doubts, question.roundTrip + 1)
    return { send, missing, done: this.#questions.length === 0 }
  }

  #ask (ranges: Range[], roundTrip: number): Message[] {
    if (ranges.length > 0 && roundTrip > this.#roundTripsMax) {
      throw refusal(`after ${this.#roundTripsMax} round trips there are ranges in doubt`, 'a server lists small ranges')
    }

    const messages: Message[] = []

    for (let from = 0; from < ranges.length; from += namedMax) {
      const part = ranges.slice(from, from + namedMax)
      const asked = new Map(part.map(({ prefix, count }) => [prefix, { count, listed: false, parts: 0 }]))
      this.#questions.push({ asked, roundTrip, doubts: [] })
      this.roundTrips = Math.max(this.roundTrips, roundTrip)
      messages.push({ type: 'ranges', ranges: part })
    }

    return messages
  }

  #takeList (question: Question, { prefix, digests }: DigestList): Uint8Array[] {
    const asked = question.asked.get(prefix)

    if (asked === undefined || asked.parts > 0) {
      throw refusal(`the range "${prefix}" is listed and was not asked about, or is divided too`, 'a server lists what it is asked')
    }

    if (question.lastDigest !== undefined && Buffer.compare(digests[0]!, question.lastDigest) <= 0) {
      throw refusal(`the list of range "${prefix}" does not ascend`, 'a server lists each digest once')
    }

    this.#listed += digests.length

    if (this.#listed > this.#digestsMax) {
      throw refusal(`more than ${this.#digestsMax} digests are listed`, 'compare with another peer or raise digestsMax')
    }

    asked.listed = true
    question.lastDigest = digests.at(-1)
    return digests.filter((digest) => !this.#summary.has(digest))
  }

  #takeRange (question: Question, range: Range): void {
    const { prefix, count } = range
    const parent = Array.from(prefix, (_, length) => question.asked.get(prefix.slice(0, length))).find((asked) => asked !== undefined)

    if (parent === undefined || parent.listed || parent.count <= listMax || ++parent.parts > fanOut) {
      throw refusal(`the range "${prefix}" is no part of one that a server may divide`, 'a server divides ranges of more than 32 into 16')
    }

    if (question.lastRange !== undefined && !isBehind(prefix, question.lastRange)) {
      throw refusal(`the range "${prefix}" comes after "${question.lastRange}"`, 'a server names ranges in order')
    }

    question.lastRange = prefix
    const own = rangeOf(this.#summary, prefix)

    if (count > 0 && !sameFingerprint(own, range)) {
      question.doubts.push(...isListed(prefix, own.count, count) ? [own] : divide(prefix).map((part) => rangeOf(this.#summary, part)))
    }
  }
}
