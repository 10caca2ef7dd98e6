import { FileNotFoundError } from '../errors.ts'
import { cidOfHash } from '../log/hash.ts'
import { sameFingerprint } from './fingerprint.ts'
import type { SyncInit } from '../sync.ts'
import type { ClientSession } from './client-session.ts'
import type { Exchange } from './exchange.ts'
import type { Sessions } from './sessions.ts'

/** How many missing parents are asked for at a time. */
const missingMax = 512

export interface ComparisonsInit extends Pick<SyncInit, 'log' | 'random' | 'syncIntervalMs'> {
  exchange: Exchange
  sessions: Sessions
  /** Called with the digests of all entries that a comparison brought. */
  onLearned: (digests: Uint8Array[], from: string) => void
  onError: (err: Error) => void
}

/** Finds out what others have and this peer lacks: of each that may have something else, and of a random one at an interval. */
export class Comparisons {
  readonly #init: ComparisonsInit
  /** Peers whose set of entries may differ from this one's. */
  readonly #unequal = new Set<ClientSession>()
  readonly #stopped = new AbortController()
  #running = false
  #fetchingMissing = false
  #timer?: NodeJS.Timeout

  constructor (init: ComparisonsInit) {
    this.#init = init
  }

  start (): void {
    this.#timer = setInterval(() => { this.#withAny() }, this.#init.syncIntervalMs)
    this.#timer.unref()
  }

  stop (): void {
    this.#stopped.abort()
    clearInterval(this.#timer)
  }

  /** Whether one is going on, so that what arrives may be part of many. */
  get running (): boolean {
    return this.#running
  }

  /** A peer may have something else than this one. */
  add (session: ClientSession): void {
    this.#unequal.add(session)
    this.#next()
  }

  remove (session: ClientSession): void {
    this.#unequal.delete(session)
  }

  /** Compares with one peer after another, once what the last one had is here, so that nothing is listed twice. */
  #next (): void {
    if (this.#running || this.#stopped.signal.aborted) {
      return
    }

    for (const session of this.#unequal) {
      if (!session.open || this.#isEqual(session)) {
        this.#unequal.delete(session)
      }
    }

    // Those who failed before come last, so that peers that answer nothing do not hold up those who do.
    const failures = ({ peerId }: ClientSession): number => this.#init.sessions.failuresOf(peerId)
    const [session] = [...this.#unequal].sort((a, b) => failures(a) - failures(b) || (b.server?.size ?? 0) - (a.server?.size ?? 0))

    if (session != null) {
      this.#running = true
      this.#unequal.delete(session)
      this.#catchUp(session)
        .catch(this.#init.onError)
        .finally(() => {
          this.#running = false
          this.#next()
        })
    }
  }

  #isEqual ({ server }: ClientSession): boolean {
    return server == null || sameFingerprint({ count: server.size, sum: server.fingerprint }, this.#init.log.entries.summary.fingerprint(''))
  }

  async #catchUp (session: ClientSession): Promise<void> {
    const { log: { entries }, exchange, sessions, onLearned } = this.#init
    const missing: Uint8Array[] = []
    await session.compare(entries.summary, (digests) => {
      missing.push(...digests)
      exchange.wantEntries(digests, session)
    })
    await exchange.settled()
    sessions.forgive(session.peerId)

    if (missing.length > 0) {
      onLearned(missing.filter((digest) => entries.has(digest)), session.peerId)
    }
  }

  #withAny (): void {
    const { sessions: { greeted }, exchange, random, onError } = this.#init
    const session = greeted[Math.floor(random() * greeted.length)]
    exchange.retry()
    this.#fetchMissing().catch(onError)
    session?.greet().then(() => { this.add(session) }, onError)
  }

  /** Of the parents that entries wait for some are refused, so that no peer lists them; they are asked for by name. */
  async #fetchMissing (): Promise<void> {
    const { log, exchange, random } = this.#init

    if (this.#fetchingMissing || this.#running || exchange.length > 0 || log.entries.unjoined === 0) {
      return
    }

    this.#fetchingMissing = true
    const { missing } = log.entries
    const start = Math.floor(random() * Math.max(1, missing.length - missingMax))

    try {
      await log.fetchMissing(missing.slice(start, start + missingMax), (hash) => this.#blockOf(hash))
    } finally {
      this.#fetchingMissing = false
    }
  }

  async #blockOf (hash: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#init.exchange.wantBlock(cidOfHash(hash), { signal: this.#stopped.signal })
    } catch (err) {
      if (err instanceof FileNotFoundError) {
        return undefined
      }

      throw err
    }
  }
}
