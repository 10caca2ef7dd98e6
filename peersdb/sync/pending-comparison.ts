import { createClient } from './reconcile.ts'
import type { Client } from './reconcile.ts'
import type { Differ, Hello, Message } from './messages.ts'
import type { Summary } from './summary.ts'

/** How long a comparison may take, in milliseconds, and how much longer for each digest that is listed: 4 KiB of them a second. */
const comparisonMsMin = 60_000
const msPerDigest = 8
/** The most digests that a server may list in one comparison. */
const digestsMax = 2_000_000

/** A comparison that a client waits for. */
export class PendingComparison {
  /** What to send at first. */
  readonly start: Message[]
  /** Resolves when all that the server has is known; nothing is waited for where that was so from the start. */
  readonly promise: Promise<void>
  readonly #client: Client
  readonly #onMissing: (digests: Uint8Array[]) => void
  readonly #outcome = Promise.withResolvers<void>()
  #dueAtMs = performance.now() + comparisonMsMin
  #done: boolean

  /**
   * @param server - what the server said that it has
   * @param onMissing - gets the digests that the summary lacks, as they become known
   */
  constructor (summary: Summary, server: Hello | undefined, onMissing: (digests: Uint8Array[]) => void) {
    const has = server == null ? undefined : { count: server.size, sum: server.fingerprint }
    this.#client = createClient(summary, { server: has, digestsMax })
    this.#onMissing = onMissing
    this.promise = this.#outcome.promise
    this.start = this.#client.start()
    this.#done = this.start.length === 0
  }

  get done (): boolean {
    return this.#done
  }

  /** When it has to be complete, by `performance.now()`. */
  get dueAtMs (): number {
    return this.#dueAtMs
  }

  /**
   * Takes an answer of the server.
   *
   * @returns what to send next
   * @throws {ProtocolError} where it breaks the rules
   */
  receive (answer: Differ): Message[] {
    const { send, missing, done } = this.#client.receive(answer)
    this.#dueAtMs += missing.length * msPerDigest

    if (missing.length > 0) {
      this.#onMissing(missing)
    }

    if (done) {
      this.#done = true
      this.#outcome.resolve()
    }

    return send
  }

  fail (reason: Error): void {
    this.#outcome.reject(reason)
  }
}
