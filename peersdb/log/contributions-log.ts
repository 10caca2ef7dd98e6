import * as dagCbor from '@ipld/dag-cbor'
import { createOrbitDB, Events, IPFSAccessController } from '@orbitdb/core'
import { createSerial } from '../serial.ts'
import { InvalidInputError, RefusedError } from '../errors.ts'
import { useListAccessController } from './access.ts'
import { createEntry, readEntry } from './entry.ts'
import { EntryLog } from './entry-log.ts'
import { cidOfHash, digestOfHash, multihashOf } from './hash.ts'
import { identitiesOf, keyOfPeerId, ownIdentity, peerIdOfKey } from './identity.ts'
import { entryStorage, headsStorage, indexStorage, storagesIn } from './storages.ts'
import { Verifier } from './verifier.ts'
import type { Access, SyncMode } from '../api.ts'
import type { StoredContribution } from '../contribution.ts'
import type { Node } from '../node.ts'
import type { Store } from '../store/store.ts'
import type { LogEntry } from './entry.ts'
import type { OwnIdentity } from './identity.ts'
import type { EventsDatabase, LogEntry as OrbitEntry, OrbitDB } from '@orbitdb/core'

export interface ContributionsLogInit {
  node: Node
  store: Store
  name: string
  administrators: '*' | string[]
  mode: SyncMode
  /** Called once for every entry that became visible, those of this peer among them. */
  onEntry: (entry: LogEntry) => void
  onRefused: (reason: RefusedError) => void
}

/** How long one block of the log may take to come by Bitswap, in milliseconds. */
const blockTimeoutMs = 30_000
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
  readonly #oneByOne = createSerial()
  /** Called when entries came from another peer, by whichever protocol, for those who pass them on. */
  onArrival: () => void = () => {}
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

    if (init.mode === 'fast') {
      database.log.joinEntry = (entry) => this.#joinFromStock(entry)
    }
  }

  /** Reads who may write; called once before anything else, and whenever the list changes. */
  async start (): Promise<void> {
    const { access } = this.database
    const read = async (): Promise<void> => { this.#writers = new Set(await access.writers?.() ?? access.write) }
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
      const time = Math.max(0, ...this.entries.heads.map((head) => head.time)) + 1
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

    return this.#init.store.blocks.getSmall(multihashOf(digest)) ?? await fetchBlock(this.#init.node, hash)
  }

  async close (): Promise<void> {
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

  /** Takes an entry from OrbitDB's own exchange, with all that it refers to, from whoever has it. */
  async #joinFromStock (orbitEntry: OrbitEntry): Promise<boolean> {
    const { hash: head, ...stored } = orbitEntry

    if (this.entries.isRefused(head) || this.entries.has(digestOfHash(head) ?? new Uint8Array(32))) {
      return false
    }

    const asked = new Set<string>()
    let blocks: Uint8Array[] = [dagCbor.encode(stored)]
    let joined = false

    while (blocks.length > 0) {
      const { entries, refused } = await this.verifier.verify(blocks)
      refused.forEach((refusal) => { this.refuse(refusal) })
      joined = this.insert(entries).length > 0 || joined
      const parents = entries.flatMap((entry) => [...entry.stored.next, ...entry.stored.refs])
        .filter((hash) => !asked.has(hash) && !this.entries.isRefused(hash) && !this.entries.has(digestOfHash(hash) ?? new Uint8Array(32)))
      parents.forEach((hash) => { asked.add(hash) })
      blocks = (await Promise.all([...new Set(parents)].map((hash) => this.block(hash)))).filter((bytes) => bytes != null)
    }

    return joined
  }

  refuse ({ hash, reason }: { hash: string, reason: RefusedError }): void {
    this.entries.refuse(hash)
    this.#init.onRefused(reason)
  }
}

/**
 * Opens the log by its name, or by its address, in which case other peers may have to be asked for its manifest.
 *
 * @throws {InvalidInputError} where the store holds another log
 */
export async function openContributionsLog (init: ContributionsLogInit): Promise<ContributionsLog> {
  const { node, store, mode, administrators } = init
  const identity = ownIdentity(store.privateKey)
  const opened: { entries?: EntryLog, log?: ContributionsLog } = {}
  const identities = identitiesOf(identity, async (hash) => opened.log?.verifier.identity(hash))
  const orbitdb = await createOrbitDB({ ipfs: node, id: identity.id, identity, identities })
  const listController = useListAccessController(node, storagesIn(store))
  const database = await orbitdb.open(init.name, {
    type: 'events',
    sync: mode === 'stock',
    AccessController: administrators === '*' ? IPFSAccessController({ write: ['*'] }) : listController({ write: administrators.map(keyOfPeerId) }),
    Database: async (params: { address: string }) => {
      const entries = openEntries(store, params.address)
      opened.entries = entries
      return Events()({
        ...params,
        headsStorage: headsStorage(entries),
        indexStorage: indexStorage(entries, async (hash) => opened.log?.ingest(hash)),
        ...(mode === 'fast' ? { entryStorage: entryStorage(store, (hash) => fetchBlock(node, hash)) } : {})
      })
    }
  }) as EventsDatabase
  const log = new ContributionsLog(init, orbitdb, identity, database, opened.entries as EntryLog)
  opened.log = log
  log.keepIdentity(identity.bytes, identity.hash)
  await log.start()
  return log
}

function openEntries (store: Store, address: string): EntryLog {
  const held = store.values.get('log', 'address')

  if (held != null && held !== address) {
    throw new InvalidInputError(`the store holds the log ${String(held)}, not ${address}; open that one, or choose another directory`)
  }

  store.values.put('log', 'address', address)
  return new EntryLog(store, address, (digest) => {
    const bytes = store.blocks.getSmall(multihashOf(digest))
    return bytes == null ? undefined : readEntry(bytes, address, Infinity)
  })
}

function accessOf ({ access, address }: EventsDatabase): Access {
  const fixed = async (): Promise<void> => {
    throw new InvalidInputError(`who may write to the log ${address} cannot be changed; create a log with administrators for that`)
  }
  const change = (apply?: (key: string) => Promise<void>) => apply == null
    ? fixed
    : async (peerId: string) => {
      try {
        await apply(keyOfPeerId(peerId))
      } catch (err) {
        throw err instanceof InvalidInputError ? err : new InvalidInputError(`this peer does not administer the log ${address}: ${(err as Error).message.split('\n')[0]}`)
      }
    }
  return {
    writers: async () => (await access.writers?.() ?? access.write).map((key) => key === '*' ? key : peerIdOfKey(key) ?? key),
    grant: change(access.grant),
    revoke: change(access.revoke)
  }
}

async function fetchBlock (node: Node, hash: string): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []

  try {
    for await (const chunk of node.blockstore.get(cidOfHash(hash), { signal: AbortSignal.timeout(blockTimeoutMs) })) {
      chunks.push(chunk)
    }
  } catch {
    // Nobody who is connected has it, or none of them answered in time; whoever asks decides what that means.
    return undefined
  }

  return Buffer.concat(chunks)
}
