import { CID } from 'multiformats/cid'
import { FileNotFoundError, RefusedError } from '../errors.ts'
import { isBlockOf, multihashOf } from '../log/hash.ts'
import { keyOf } from './client-session.ts'
import { digestBytes } from './fingerprint.ts'
import type { ClientSession, Delivery } from './client-session.ts'
import type { BlockOptions } from '../sync.ts'
import type { Item } from './messages.ts'

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
/** What is taken for the size of something of which nobody said it, in bytes: most entries and files are smaller. */
const sizeDefault = 8 * 1024

/** What an exchange needs of a session with a peer that it may ask. */
export type Holder = Pick<ClientSession, 'peerId' | 'open' | 'want' | 'fail'>

interface Wanted {
  readonly key: Uint8Array
  readonly kind: 'entry' | 'block'
  /** In bytes, as far as that is known. */
  readonly size: number
  /** Peers that said they do not have it. */
  readonly lackedBy: Set<string>
  readonly done: PromiseWithResolvers<Uint8Array | undefined>
  /** Whether to wait for a peer that has it, after all that are connected said that they do not. */
  patient: boolean
  /** How many callers wait for it. */
  waiting: number
  /** Who said that there is this entry, and so has it. */
  readonly listedBy?: Holder
}

/** Entries with the files that came beside them. */
export interface EntryBatch {
  entries: Uint8Array[]
  identities: Uint8Array[]
  blocks: Array<{ cid: CID, bytes: Uint8Array }>
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
  /** In the order in which they are wanted; those that are being fetched are not among them. */
  readonly #queue = new Map<string, Wanted>()
  readonly #fetching = new Map<string, Wanted>()
  readonly #idle: Array<() => void> = []
  /** Those who have sent an entry that they listed: until then, nobody else is asked for what may not exist. */
  readonly #proven = new WeakSet<Holder>()
  #unanswered = 0
  #unfinished = 0
  #storing = 0
  #scheduled = false
  /** Whether something may have become hopeless since this was looked at. */
  #doubtful = false

  constructor (init: ExchangeInit) {
    this.#init = init
  }

  /** How many entries and blocks are wanted. */
  get length (): number {
    return this.#queue.size + this.#fetching.size
  }

  /** A peer may be asked. It may have by now what it lacked in an earlier session. */
  add (session: Holder): void {
    this.#sessions.set(session, 0)
    this.#queue.forEach(({ lackedBy }) => { lackedBy.delete(session.peerId) })
    this.#fetching.forEach(({ lackedBy }) => { lackedBy.delete(session.peerId) })
    this.#schedule()
  }

  /** A peer is not asked any more; what it listed is worth asking others for if it has proven to have such things. */
  remove (session: Holder): void {
    this.#sessions.delete(session)
    this.#doubtful = true

    if (!this.#proven.has(session)) {
      this.#forgetListed(session)
    }

    this.#schedule()
  }

  #forgetListed (session: Holder): void {
    for (const [key, { listedBy }] of this.#queue) {
      if (listedBy === session) {
        this.#queue.delete(key)
      }
    }
  }

  /** @param listedBy - who said that there are these entries */
  wantEntries (digests: readonly Uint8Array[], listedBy?: Holder): void {
    for (const digest of digests) {
      const key = keyOf(digest)

      if (!this.#init.hasEntry(digest) && !this.#queue.has(key) && !this.#fetching.has(key)) {
        const fetched = { lackedBy: new Set<string>(), done: Promise.withResolvers<Uint8Array | undefined>(), patient: false, waiting: 0 }
        this.#queue.set(key, { key: digest, kind: 'entry', size: sizeDefault, ...fetched, listedBy })
      }
    }

    this.#schedule()
  }

  /**
   * Fetches one block.
   *
   * @param size - how many bytes it is said to have
   * @param patient - whether to wait for a peer that has it when nobody who is connected does
   * @throws {FileNotFoundError} where no connected peer has it
   */
  async wantBlock (cid: CID, { signal, size = sizeDefault, patient = false }: BlockOptions): Promise<Uint8Array> {
    signal.throwIfAborted()
    const key = keyOf(cid.bytes)
    const wanted: Wanted = this.#queue.get(key) ?? this.#fetching.get(key) ??
      { key: cid.bytes, kind: 'block', size, lackedBy: new Set(), done: Promise.withResolvers(), patient, waiting: 0 }
    wanted.patient ||= patient
    wanted.waiting++

    if (!this.#fetching.has(key)) {
      this.#queue.set(key, wanted)
      this.#schedule()
    }

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

      // Somebody else may want it anew by now.
      if (--wanted.waiting === 0 && this.#queue.get(key) === wanted) {
        this.#queue.delete(key)
      }
    }
  }

  /** Resolves when no entry is wanted any more, or nobody is left who could have it. */
  async settled (): Promise<void> {
    if (this.#storing > 0 || this.#entriesPending()) {
      await new Promise<void>((resolve) => { this.#idle.push(resolve) })
    }
  }

  /** Asks all peers again for what they lacked earlier. */
  retry (): void {
    this.#queue.forEach(({ lackedBy }) => { lackedBy.clear() })
    this.#schedule()
  }

  #entriesPending (): boolean {
    const isEntry = ({ kind }: Wanted): boolean => kind === 'entry'
    return this.#fetching.values().some(isEntry) || this.#queue.values().some(isEntry)
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
    for (let round = 0; round < wantsPerPeerMax && this.#queue.size > 0; round++) {
      for (const [session, unanswered] of this.#sessions) {
        if (this.#unanswered < wantsMax && this.#unfinished < unfinishedMax && session.open && unanswered <= round) {
          this.#ask(session)
        }
      }
    }

    this.#giveUp()

    if (this.#idle.length > 0 && this.#storing === 0 && !this.#entriesPending()) {
      this.#idle.splice(0).forEach((resolve) => { resolve() })
    }
  }

  #ask (session: Holder): void {
    const batch = this.#batch(session)

    if (batch.length === 0) {
      return
    }

    this.#unfinished++
    this.#count(session, 1)

    for (const wanted of batch) {
      this.#queue.delete(keyOf(wanted.key))
      this.#fetching.set(keyOf(wanted.key), wanted)
    }

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
        this.#requeue(batch)
        this.#schedule()
      })
  }

  #limitMs (batch: readonly Wanted[]): number {
    const bytes = Math.max(wantBytesMax, batch.reduce((sum, { size }) => sum + size, 0))
    return answerMsMin + 1000 * this.#sessions.size * bytes / bytesPerSecondMin
  }

  /** What is asked for next, and fits into one answer as far as sizes are known; what did not fit would come a round trip later. */
  #batch (session: Holder): Wanted[] {
    const batch: Wanted[] = []
    let bytes = 0

    for (const wanted of this.#queue.values()) {
      if (batch.length >= wantItemsMax || bytes >= wantBytesMax) {
        break
      }

      if (this.#mayAsk(session, wanted)) {
        batch.push(wanted)
        bytes += wanted.size
      }
    }

    return batch
  }

  #mayAsk (session: Holder, { lackedBy, listedBy }: Wanted): boolean {
    return !lackedBy.has(session.peerId) && (listedBy == null || listedBy === session || this.#proven.has(listedBy))
  }

  #count (session: Holder, change: 1 | -1): void {
    const unanswered = this.#sessions.get(session)
    this.#unanswered += change

    if (unanswered != null) {
      this.#sessions.set(session, unanswered + change)
    }
  }

  /** Whatever is still marked as being fetched has not come: it is wanted as before, unless all who wanted it have gone. */
  #requeue (batch: readonly Wanted[]): void {
    for (const wanted of batch) {
      const key = keyOf(wanted.key)

      if (this.#fetching.get(key) === wanted) {
        this.#fetching.delete(key)
        // Everybody else may have said meanwhile that they lack it.
        this.#doubtful ||= wanted.lackedBy.size > 0

        const isStillWanted = wanted.kind === 'block'
          ? wanted.waiting > 0
          : wanted.listedBy == null || this.#sessions.has(wanted.listedBy) || this.#proven.has(wanted.listedBy)

        if (isStillWanted) {
          this.#queue.set(key, wanted)
        }
      }
    }
  }

  #failed (session: Holder, reason: Error): void {
    if (reason instanceof RefusedError) {
      this.#proven.delete(session)
      this.#forgetListed(session)
      this.#init.onViolation(session, reason)
    } else if (session.open) {
      session.fail(reason)
    }
  }

  async #store (session: Holder, asked: readonly Wanted[], { items, missing }: Delivery): Promise<void> {
    const told = new Set([...items.map(({ key }) => key), ...missing].map(keyOf))

    if (!asked.some(({ key }) => told.has(keyOf(key)))) {
      throw new RefusedError('flood', `peer ${session.peerId} neither sends what it is asked for nor says that it lacks it`)
    }

    const lacking = new Set(missing.map(keyOf))

    if (asked.some(({ key, listedBy }) => listedBy === session && lacking.has(keyOf(key)))) {
      throw new RefusedError('flood', `peer ${session.peerId} lacks entries that it listed itself`)
    }

    asked.filter(({ key }) => lacking.has(keyOf(key))).forEach(({ lackedBy }) => { lackedBy.add(session.peerId) })
    this.#doubtful ||= lacking.size > 0
    const of = (kind: Item['kind']): Item[] => items.filter((item) => item.kind === kind)
    const blocks = of('block').map(({ key, bytes }) => checkBlock(session, key, bytes))

    for (const { cid, bytes } of blocks) {
      this.#settle(keyOf(cid.bytes), bytes)
    }

    const entries = of('entry')
    entries.forEach(({ key, bytes }) => { checkEntry(session, key, bytes) })

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

      this.#proven.add(session)
      entries.forEach(({ key, bytes }) => { this.#settle(keyOf(key), bytes) })
    }
  }

  /** It is here, perhaps beside something else and before anybody was asked for it. */
  #settle (key: string, bytes: Uint8Array): void {
    const wanted = this.#fetching.get(key) ?? this.#queue.get(key)
    this.#fetching.delete(key)
    this.#queue.delete(key)
    wanted?.done.resolve(bytes)
  }

  /** What all connected peers lack is given up, unless somebody is willing to wait for another peer. */
  #giveUp (): void {
    if (!this.#doubtful && this.#sessions.size > 0) {
      return
    }

    this.#doubtful = false
    const peerIds = [...this.#sessions.keys()].map(({ peerId }) => peerId)

    for (const [key, wanted] of this.#queue) {
      if (!wanted.patient && peerIds.every((peerId) => wanted.lackedBy.has(peerId))) {
        this.#queue.delete(key)
        wanted.done.resolve(undefined)
      }
    }
  }
}

function checkEntry ({ peerId }: Holder, key: Uint8Array, bytes: Uint8Array): void {
  if (key.byteLength !== digestBytes || !isBlockOf(multihashOf(key), bytes)) {
    throw new RefusedError('wrong-block', `peer ${peerId} sent ${bytes.byteLength} bytes for an entry that are not what its digest names`)
  }
}

function checkBlock ({ peerId }: Holder, key: Uint8Array, bytes: Uint8Array): { cid: CID, bytes: Uint8Array } {
  let cid

  try {
    cid = CID.decode(key)
  } catch {
    throw new RefusedError('malformed', `peer ${peerId} sent a block without a CID`)
  }

  if (!isBlockOf(cid.multihash.bytes, bytes)) {
    throw new RefusedError('wrong-block', `peer ${peerId} sent ${bytes.byteLength} bytes for block ${cid.toString()} that are not its content`)
  }

  return { cid, bytes }
}
