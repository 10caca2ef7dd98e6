import { createSerial } from '../serial.ts'
import { InvalidInputError, PeerClosedError, RefusedError } from '../errors.ts'
import { accessOf } from './access.ts'
import { Ancestors } from './ancestors.ts'
import { createEntry, readEntry } from './entry.ts'
import { digestOfHash, multihashOf } from './hash.ts'
import { fetchBlock } from './storages.ts'
import { Verifier } from './verifier.ts'
import type { Access, SyncMode } from '../api.ts'
import type { StoredContribution } from '../contribution.ts'
import type { Node } from '../node.ts'
import type { Store } from '../store/store.ts'
import type { FetchBlock } from './ancestors.ts'
import type { LogEntry } from './entry.ts'
import type { EntryLog } from './entry-log.ts'
import type { OwnIdentity } from './identity.ts'
import type { Refusal } from './verifier.ts'
import type { EventsDatabase, OrbitDB } from '@orbitdb/core'

export interface ContributionsLogInit {
  node: Node
  store: Store
  name: string
  administrators: '*' | string[]
  mode: SyncMode
  /** Called once for every entry that became visible, those of this peer among them. */
  onEntry: (entry: LogEntry) => void
  onRefused: (reason: RefusedError) => void
  /** How long opening a log by its address waits for a peer that has it, in milliseconds; 30,000 by default. */
  openTimeoutMs?: number
}

/** The most heads that one entry refers to; the others stay heads until a later entry. */
const parentsMax = 64
/**
 * The contributions log: an OrbitDB events log whose entries are kept in the peer's own store. In the mode `stock`,
 * OrbitDB appends and joins; in the mode `fast` PeersDB writes the same bytes itself, many entries in one transaction.
 */
export class ContributionsLog {
  readonly address: string
  readonly database: EventsDatabase
  readonly entries: EntryLog
  readonly verifier: Verifier
  readonly identity: OwnIdentity
  readonly access: Access
  readonly #init: ContributionsLogInit
  readonly #orbitdb: OrbitDB
  readonly #ancestors: Ancestors
  readonly #oneByOne = createSerial()
  readonly #closing = new AbortController()
  /** Called when entries came from another peer, by whichever protocol, for those who pass them on. */
  onArrival: () => void = () => {}
  /** Called with the entries that came from unmodified peers, which those who speak PeersDB's own protocol have not heard of. */
  onStockEntries: (entries: readonly LogEntry[]) => void = () => {}
  #writers: ReadonlySet<string> = new Set()

  constructor (init: ContributionsLogInit, orbitdb: OrbitDB, identity: OwnIdentity, database: EventsDatabase, entries: EntryLog) {
    this.#init = init
    this.#orbitdb = orbitdb
    this.identity = identity
    this.database = database
    this.entries = entries
    this.address = database.address
    this.access = accessOf(database)
    this.verifier = new Verifier({
      logAddress: this.address,
      mayWrite: ({ id }) => this.#writers.has('*') || this.#writers.has(id),
      identityBytes: (hash) => this.block(hash)
    })

    this.#ancestors = new Ancestors(this, init.store, this.#closing.signal)

    if (init.mode === 'fast') {
      database.log.joinEntry = (entry) => this.#ancestors.join(entry)
    }
  }

  /** Reads who may write; called once before anything else, and whenever the list changes. */
  async start (): Promise<void> {
    const { access } = this.database
    const read = async (): Promise<void> => {
      this.#writers = new Set(await access.writers?.() ?? access.write)
      this.entries.pardon()
    }
    access.events?.on('update', () => { read().catch(() => { /* The database is being closed; nothing is written any more. */ }) })
    await read()
  }

  /** Appends a contribution; resolves when it and what `within` writes would survive a crash. */
  append (contribution: StoredContribution, within: () => void): Promise<LogEntry> {
    return this.#oneByOne(async () => {
      if (this.#init.mode === 'stock') {
        within()
        return readEntry(await this.#stored(await this.database.add(contribution)), this.address)
      }

      if (!this.#writers.has('*') && !this.#writers.has(this.identity.id)) {
        throw new InvalidInputError(`this peer may not write to the log ${this.address}; an administrator of it can grant that`)
      }

      const heads = this.entries.heads.slice(0, parentsMax)
      // Somebody may have wound the logical clock up to its end, where it then stays.
      const time = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, ...this.entries.heads.map((head) => head.time)) + 1)
      const entry = await createEntry(this.identity, this.address, contribution, { next: heads.map(({ hash }) => hash), time })
      this.#insert([entry], within)
      return entry
    })
  }

  /** Stores verified entries that another peer sent, together with what `within` writes; those that are new become visible. */
  insert (entries: readonly LogEntry[], within?: () => void): LogEntry[] {
    const added = this.#insert(entries, within)

    if (added.length > 0) {
      this.onArrival()
    }

    return added
  }

  #insert (entries: readonly LogEntry[], within?: () => void): LogEntry[] {
    const added = this.entries.insert(entries, { within })
    added.forEach(this.#init.onEntry)
    return added
  }

  /** Takes over an entry that OrbitDB has verified and joined by itself. */
  async ingest (hash: string): Promise<void> {
    // With each entry, OrbitDB tells again of all that it refers to.
    if (this.isKnown(hash)) {
      return
    }

    try {
      this.entries.insert([readEntry(await this.#stored(hash), this.address)], { joined: true }).forEach(this.#init.onEntry)
    } catch (err) {
      if (!(err instanceof RefusedError)) {
        throw err
      }

      this.refuse({ hash, reason: err })
    }
  }

  /** Keeps the block of an identity, so that other peers can get it from here. */
  keepIdentity (bytes: Uint8Array, hash: string): void {
    this.#init.store.blocks.putSmall(multihashOf(digestOfHash(hash) as Uint8Array), bytes, { structure: true })
  }

  /** A block of the log, from here or else by Bitswap; undefined where nobody has it in time. */
  async block (hash: string): Promise<Uint8Array | undefined> {
    const digest = digestOfHash(hash)

    if (digest == null) {
      return undefined
    }

    return this.#init.store.blocks.getSmall(multihashOf(digest)) ?? await fetchBlock(this.#init.node, hash, this.#closing.signal)
  }

  async close (): Promise<void> {
    this.#closing.abort(new PeerClosedError('the peer is being closed'))
    await this.#oneByOne(async () => {})
    await this.database.close()
    await this.#orbitdb.stop()
  }

  async #stored (hash: string): Promise<Uint8Array> {
    const bytes = await this.block(hash)

    if (bytes == null) {
      throw new Error(`the entry ${hash} is not in the store`)
    }

    return bytes
  }

  /**
   * Fetches what entries wait for and nobody had when it was asked for, or nobody lists as it is refused.
   *
   * @param hashes - some of what is missing; by default all of it
   * @param fetch - by default from unmodified peers
   */
  fetchMissing (hashes: string[] = this.entries.missing, fetch?: FetchBlock): Promise<void> {
    return this.#ancestors.fetchMissing(hashes, fetch)
  }

  /** Whether an entry is here, or was refused, or cannot be one. */
  isKnown (hash: string): boolean {
    const digest = digestOfHash(hash)
    return digest == null || this.entries.isRefused(hash) || this.entries.has(digest)
  }

  refuse ({ hash, reason }: Pick<Refusal, 'hash' | 'reason'>): void {
    if (hash != null) {
      this.entries.refuse(hash)
    }

    this.#init.onRefused(reason)
  }
}
