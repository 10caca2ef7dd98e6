import { RefusedError } from '../errors.ts'
import { digestOfHash, multihashOf } from './hash.ts'
import { KeptEntries } from './kept-entries.ts'
import { Summary } from '../sync/summary.ts'
import type { LogEntry } from './entry.ts'
import type { Store } from '../store/store.ts'

/** A head: an entry that no other entry of the log refers to. */
export interface Head {
  hash: string
  next: string[]
  time: number
}

const namespace = 'log'
/** How many refused entries are remembered. */
const refusedMax = 100_000

/**
 * The entries that this peer has, and which of them are joined: those whose ancestors are all here, so that OrbitDB can
 * walk the log from its heads. An entry counts, and is seen, as soon as it is verified; its parents may come later.
 */
export class EntryLog {
  /** Those that were refused and are kept for unmodified peers. */
  readonly kept: KeptEntries
  readonly #store: Store
  readonly #address: string
  readonly #read: (digest: Uint8Array) => LogEntry | undefined
  readonly #heads = new Map<string, Head>()
  /** Entries that wait for a parent, by the hash of that parent. */
  readonly #waiting = new Map<string, Set<string>>()
  /** Entries some of whose parents are not joined, with those parents. */
  readonly #unjoined = new Map<string, Head & { missing: Set<string> }>()
  /** Entries that were refused; what refers to them is not held up by them. */
  readonly #refused = new Set<string>()
  #summary = new Summary()

  /** @param read - decodes an entry that the store holds */
  constructor (store: Store, address: string, read: (digest: Uint8Array) => LogEntry | undefined) {
    this.kept = new KeptEntries(store)
    this.#store = store
    this.#address = address
    this.#read = read
    this.#load()
  }

  #load (): void {
    const unjoined: Uint8Array[] = []
    this.#summary = new Summary()
    this.#waiting.clear()
    this.#unjoined.clear()
    this.#heads.clear()

    for (const head of (this.#store.values.get(namespace, `heads ${this.#address}`) ?? []) as Head[]) {
      this.#heads.set(head.hash, head)
    }

    for (const { hash, joined } of this.#store.catalogue.hashes()) {
      this.#summary.add(hash)

      if (!joined) {
        unjoined.push(hash)
      }
    }

    // All of them are known to wait before the first is joined, or one would take another for joined.
    const entries = unjoined.map((digest) => this.#read(digest)).filter((entry) => entry != null)
    const hashes = new Set(entries.map(({ hash }) => hash))
    entries.forEach((entry) => { this.#wait(entry, entry.stored.next.filter((parent) => hashes.has(parent) || !this.#isJoined(parent))) })
  }

  /** The digests of all entries, for comparing them with those of other peers. */
  get summary (): Summary {
    return this.#summary
  }

  has (digest: Uint8Array): boolean {
    return this.#summary.has(digest)
  }

  get heads (): Head[] {
    return [...this.#heads.values()]
  }

  /** The number of entries whose parents are not here yet. */
  get unjoined (): number {
    return this.#unjoined.size
  }

  /** The hashes of entries that are not here and that others wait for. */
  get missing (): string[] {
    return [...this.#waiting.keys()].filter((hash) => !this.has(digestOfHash(hash) as Uint8Array))
  }

  /** Replaces the heads, where it is OrbitDB that keeps them. */
  setHeads (heads: ReadonlyArray<Omit<Head, 'time'>>): void {
    this.#heads.clear()

    for (const { hash, next } of heads) {
      this.#heads.set(hash, { hash, next, time: this.#timeOf(hash) })
    }

    this.#store.values.put(namespace, `heads ${this.#address}`, this.heads)
  }

  /** The time of an entry's clock; 0 where it is refused here, which does not keep OrbitDB from having it as a head. */
  #timeOf (hash: string): number {
    const digest = digestOfHash(hash)

    try {
      return digest == null ? 0 : this.#read(digest)?.stored.clock.time ?? 0
    } catch (err) {
      if (err instanceof RefusedError) {
        return 0
      }

      throw err
    }
  }

  /**
   * Stores verified entries, and what `within` writes, all or nothing.
   *
   * @param options.joined - they are joined and their heads are kept by OrbitDB
   * @returns those that were not here before
   */
  insert (entries: readonly LogEntry[], options: { within?: () => void, joined?: boolean } = {}): LogEntry[] {
    const added: LogEntry[] = []

    this.#allOrNothing(() => {
      added.push(...entries.filter((entry) => this.#add(entry, options.joined === true)))

      if (options.joined !== true && added.length > 0) {
        this.#join(added)
      }

      options.within?.()
    })
    added.forEach(({ digest }) => { this.#summary.add(digest) })
    return added
  }

  /** Notes that an entry was refused, so that neither it nor what refers to it is asked for again and again. */
  refuse (hash: string): void {
    if (this.#waiting.has(hash)) {
      this.#allOrNothing(() => { this.#release([hash]) })
    }

    this.#refused.add(hash)
    const [oldest] = this.#refused

    if (this.#refused.size > refusedMax && oldest != null) {
      this.#refused.delete(oldest)
    }
  }

  /** Forgets what was refused, as when the list of writers has changed. */
  pardon (): void {
    this.#refused.clear()
  }

  /** How many entries are remembered as refused. */
  get refused (): number {
    return this.#refused.size
  }

  isRefused (hash: string): boolean {
    return this.#refused.size > 0 && this.#refused.has(hash)
  }

  #allOrNothing (work: () => void): void {
    try {
      this.#store.transaction(work)
    } catch (err) {
      // The store has rolled back; what is kept in memory beside it follows it.
      this.#load()
      throw err
    }
  }

  #add ({ digest, bytes, stored, contribution }: LogEntry, joined: boolean): boolean {
    if (this.has(digest) || !this.#store.catalogue.insert({ hash: digest, clock: stored.clock.time, joined, contribution })) {
      return false
    }

    this.#store.blocks.putSmall(multihashOf(digest), bytes, { structure: true })
    return true
  }

  #join (added: readonly LogEntry[]): void {
    const hashes = new Set(added.map(({ hash }) => hash))

    for (const entry of added) {
      this.#wait(entry, entry.stored.next.filter((parent) => hashes.has(parent) || !this.#isJoined(parent)))
    }

    // An entry whose parents are all joined waits for nothing, which is what starts each chain.
    this.#release(added.filter(({ hash }) => this.#unjoined.get(hash)?.missing.size === 0).map(({ hash }) => this.#settle(hash)))
  }

  #isJoined (hash: string): boolean {
    const digest = digestOfHash(hash)
    return digest == null || this.#refused.has(hash) || this.kept.has(hash) || (this.has(digest) && !this.#unjoined.has(hash))
  }

  #wait ({ hash, stored }: LogEntry, missing: readonly string[]): void {
    this.#unjoined.set(hash, { hash, next: stored.next, time: stored.clock.time, missing: new Set(missing) })

    for (const parent of missing) {
      this.#waiting.set(parent, (this.#waiting.get(parent) ?? new Set()).add(hash))
    }
  }

  /** Joins whatever waited for these entries alone. A chain may be as long as the log, so that this is a loop and no recursion. */
  #release (joined: string[]): void {
    for (let hash = joined.pop(); hash != null; hash = joined.pop()) {
      for (const child of this.#waiting.get(hash) ?? []) {
        const entry = this.#unjoined.get(child)

        if (entry?.missing.delete(hash) === true && entry.missing.size === 0) {
          joined.push(this.#settle(child))
        }
      }

      this.#waiting.delete(hash)
    }

    this.#store.values.put(namespace, `heads ${this.#address}`, this.heads)
  }

  /** Marks an entry as joined: it is a head now, and its parents are none any more. */
  #settle (hash: string): string {
    const { next, time } = this.#unjoined.get(hash) as Head
    this.#unjoined.delete(hash)
    next.forEach((parent) => { this.#heads.delete(parent) })
    this.#heads.set(hash, { hash, next, time })
    this.#store.catalogue.markJoined(digestOfHash(hash) as Uint8Array)
    return hash
  }
}
