import { FileNotFoundError, RefusedError } from '../errors.ts'
import { checkBlock, checkEntry, lackedOf } from './delivery.ts'
import { WantedThings } from './wanted.ts'
import type { ClientSession } from './client-session.ts'
import type { Block } from './delivery.ts'
import type { Delivery } from './pending-wants.ts'
import type { BlockOptions } from '../sync.ts'
import type { Item } from './messages.ts'
import type { Wanted } from './wanted.ts'
import type { CID } from 'multiformats/cid'

/** What one want asks for at most: so many things, and so many bytes. */
const wantItemsMax = 64
const wantBytesMax = 512 * 1024
/** How many wants may be unanswered, of one peer and of all. */
const wantsPerPeerMax = 6
const wantsMax = 24
/** How many wants may be unanswered, or answered and not stored yet: the memory that answers may take is this times their bytes. */
const unfinishedMax = 2 * wantsMax
/** How long an answer may take, in milliseconds, beside the time for its bytes over a link of this rate that all peers share. */
const answerMsMin = 30_000
const bytesPerSecondMin = 64 * 1024

/** What an exchange needs of a session with a peer that it may ask. */
export type Holder = Pick<ClientSession, 'peerId' | 'open' | 'want' | 'fail'>

/** Entries with the files that came beside them. */
export interface EntryBatch {
  entries: Uint8Array[]
  identities: Uint8Array[]
  blocks: Block[]
  from: Holder
}

export interface ExchangeInit {
  withFiles: boolean
  hasEntry: (digest: Uint8Array) => boolean
  /** Verifies and stores a batch; resolves when it is visible. */
  onEntries: (batch: EntryBatch) => Promise<void>
  onViolation: (session: Holder, reason: Error) => void
}

/**
 * Fetches entries and blocks from several peers at once, each thing from one of them at a time. What a peer lacks, or owes
 * when it leaves, is asked of another. The bytes that were asked for and have not come are bounded, of each peer and of all.
 */
export class Exchange {
  readonly #init: ExchangeInit
  /** The sessions, and how many wants of each are unanswered. */
  readonly #sessions = new Map<Holder, number>()
  readonly #wanted = new WantedThings({ itemsMax: wantItemsMax, bytesMax: wantBytesMax })
  readonly #idle: Array<() => void> = []
  #unanswered = 0
  #unfinished = 0
  #storing = 0
  #scheduled = false

  constructor (init: ExchangeInit) {
    this.#init = init
  }

  /** How many entries and blocks are wanted. */
  get length (): number {
    return this.#wanted.length
  }

  /** A peer may be asked. It may have by now what it lacked in an earlier session. */
  add (session: Holder): void {
    this.#sessions.set(session, 0)
    this.#wanted.retry(session.peerId)
    this.#schedule()
  }

  /** A peer is not asked any more; what it listed is worth asking others for if it has proven to have such things. */
  remove (session: Holder): void {
    this.#sessions.delete(session)
    this.#wanted.lose(session)
    this.#schedule()
  }

  /** @param listedBy - who said that there are these entries */
  wantEntries (digests: readonly Uint8Array[], listedBy?: Holder): void {
    this.#wanted.addEntries(digests.filter((digest) => !this.#init.hasEntry(digest)), listedBy)
    this.#schedule()
  }

  /**
   * Fetches one block.
   *
   * @param size - how many bytes it is said to have
   * @param patient - whether to wait for a peer that has it when nobody who is connected does
   * @throws {FileNotFoundError} where no connected peer has it
   */
  async wantBlock (cid: CID, { signal, size, patient = false }: BlockOptions): Promise<Uint8Array> {
    signal.throwIfAborted()
    const wanted = this.#wanted.addBlock(cid.bytes, { size, patient })
    this.#schedule()
    const aborted = Promise.withResolvers<never>()
    const abort = (): void => { aborted.reject(signal.reason as Error) }
    signal.addEventListener('abort', abort, { once: true })

    try {
      const bytes = await Promise.race([wanted.done.promise, aborted.promise])

      if (bytes == null) {
        throw new FileNotFoundError(`block ${cid.toString()} is held by none of the ${this.#sessions.size} connected peers`)
      }

      return bytes
    } finally {
      signal.removeEventListener('abort', abort)
      this.#wanted.release(wanted)
    }
  }

  /** Resolves when no entry is wanted any more, or nobody is left who could have it. */
  async settled (): Promise<void> {
    if (this.#storing > 0 || this.#wanted.hasEntries) {
      await new Promise<void>((resolve) => { this.#idle.push(resolve) })
    }
  }

  /** Asks all peers again for what they lacked earlier. */
  retry (): void {
    this.#wanted.retry()
    this.#schedule()
  }

  /** Plans what to ask whom once the present task is over, so that many calls cost one plan. */
  #schedule (): void {
    if (!this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(() => {
        this.#scheduled = false
        this.#plan()
      })
    }
  }

  #plan (): void {
    for (let round = 0; round < wantsPerPeerMax && this.#wanted.queued > 0; round++) {
      for (const [session, unanswered] of this.#sessions) {
        if (this.#unanswered < wantsMax && this.#unfinished < unfinishedMax && session.open && unanswered <= round) {
          this.#ask(session)
        }
      }
    }

    this.#wanted.giveUp([...this.#sessions.keys()].map(({ peerId }) => peerId))

    if (this.#idle.length > 0 && this.#storing === 0 && !this.#wanted.hasEntries) {
      this.#idle.splice(0).forEach((resolve) => { resolve() })
    }
  }

  #ask (session: Holder): void {
    const batch = this.#wanted.take(session)

    if (batch.length === 0) {
      return
    }

    this.#unfinished++
    this.#count(session, 1)

    const keys = (kind: Wanted['kind']): Uint8Array[] => batch.filter((wanted) => wanted.kind === kind).map(({ key }) => key).sort(Buffer.compare)
    session.want(keys('entry'), keys('block'), { withFiles: this.#init.withFiles, bytesMax: wantBytesMax, limitMs: this.#limitMs(batch) })
      .finally(() => {
        this.#count(session, -1)
        this.#schedule()
      })
      .then((delivery) => this.#store(session, batch, delivery))
      .catch((err: Error) => { this.#failed(session, err) })
      .finally(() => {
        this.#unfinished--
        this.#wanted.requeue(batch, (session) => this.#sessions.has(session))
        this.#schedule()
      })
  }

  #limitMs (batch: readonly Wanted[]): number {
    const bytes = Math.max(wantBytesMax, batch.reduce((sum, { size }) => sum + size, 0))
    return answerMsMin + 1000 * this.#sessions.size * bytes / bytesPerSecondMin
  }

  #count (session: Holder, change: 1 | -1): void {
    const unanswered = this.#sessions.get(session)
    this.#unanswered += change

    if (unanswered != null) {
      this.#sessions.set(session, unanswered + change)
    }
  }

  #failed (session: Holder, reason: Error): void {
    if (reason instanceof RefusedError) {
      this.#wanted.distrust(session)
      this.#init.onViolation(session, reason)
    } else if (session.open) {
      session.fail(reason)
    }
  }

  async #store (session: Holder, asked: readonly Wanted[], delivery: Delivery): Promise<void> {
    const { items } = delivery
    this.#wanted.lacks(lackedOf(session, asked, delivery), session)
    const of = (kind: Item['kind']): Item[] => items.filter((item) => item.kind === kind)
    const blocks = of('block').map(({ key, bytes }) => checkBlock(session.peerId, key, bytes))

    for (const { cid, bytes } of blocks) {
      this.#wanted.settle(cid.bytes, bytes)
    }

    const entries = of('entry')
    entries.forEach(({ key, bytes }) => { checkEntry(session.peerId, key, bytes) })

    if (entries.length > 0) {
      this.#storing++

      try {
        await this.#init.onEntries({
          entries: entries.map(({ bytes }) => bytes),
          identities: of('identity').map(({ bytes }) => bytes),
          blocks,
          from: session
        })
      } finally {
        this.#storing--
      }

      this.#wanted.trust(session)
      entries.forEach(({ key, bytes }) => { this.#wanted.settle(key, bytes) })
    }
  }
}
