import { createOrbitDB, Identities, IPFSAccessController, KeyStore, MemoryStorage } from '@orbitdb/core'
import { readContribution } from './contribution.ts'
import type { Contribution, StoredContribution } from './contribution.ts'
import type { Node } from './node.ts'
import type { EventsDatabase, LogEntry, OrbitDB } from '@orbitdb/core'

export interface ContributionsLog {
  /** The address of the log (`/orbitdb/...`), the same at every peer that opens it by the same name. */
  readonly address: string
  readonly database: EventsDatabase
  /** Appends a contribution; resolves when it is stored here and announced. */
  append (contribution: StoredContribution): Promise<Contribution>
  /** Every contribution of the log, newest first. */
  list (): AsyncIterable<Contribution>
  /** The number of entries that this peer has, those that are no contributions among them. */
  readonly length: number
  /** The number of entries that are no contribution this version understands. */
  readonly foreign: number
  close (): Promise<void>
}

export interface ContributionsLogInit {
  node: Node
  name: string
  /** Where OrbitDB keeps its heads, index and keys; absent: in memory. */
  directory?: string
  /** Called once for every contribution, in no particular order, those of this peer among them. */
  onContribution: (contribution: Contribution) => void
  onError: (err: Error) => void
}

/** Opens the contributions log, an OrbitDB events log that everyone may write to. */
export async function openContributionsLog (init: ContributionsLogInit): Promise<ContributionsLog> {
  const orbitdb = await startOrbitDB(init.node, init.directory)
  const database = await orbitdb.open(init.name, {
    type: 'events',
    AccessController: IPFSAccessController({ write: ['*'] }),
    ...(init.directory == null ? { headsStorage: await MemoryStorage(), indexStorage: await MemoryStorage() } : {})
  })
  const entries = trackEntries(database, init.onContribution)

  database.events.on('update', (entry: LogEntry) => { entries.announceNew(entry).catch(init.onError) })
  database.events.on('error', init.onError)

  // A log on disk has entries already; they are announced as if they had just arrived.
  for (const head of await database.log.heads()) {
    await entries.announceNew(head)
  }

  return {
    address: database.address,
    database,
    get length () { return entries.known.size },
    get foreign () { return entries.foreign },
    append: async (contribution) => ({ ...contribution, hash: await database.add(contribution) }),
    list: async function * () {
      for await (const entry of database.log.iterator()) {
        const contribution = readContribution(entry.hash, entry.payload.value)

        if (contribution != null) {
          yield contribution
        }
      }
    },
    close: async () => {
      await database.close()
      await orbitdb.stop()
    }
  }
}

/** Keeps account of the entries that were announced, so that each is announced once. */
function trackEntries ({ log }: EventsDatabase, onContribution: (contribution: Contribution) => void) {
  const known = new Set<string>()
  let foreign = 0

  return {
    known,
    get foreign () { return foreign },
    /**
     * A join announces only the entry that was joined, although it may bring a whole chain with it:
     * what the entry refers to and is not known yet came along.
     */
    announceNew: async (newest: LogEntry): Promise<void> => {
      const pending = [newest]

      for (let entry = pending.pop(); entry != null; entry = pending.pop()) {
        if (known.has(entry.hash)) {
          continue
        }

        known.add(entry.hash)
        const contribution = readContribution(entry.hash, entry.payload.value)

        if (contribution == null) {
          foreign++
        } else {
          onContribution(contribution)
        }

        for (const hash of entry.next) {
          const parent = known.has(hash) ? undefined : await log.get(hash)

          if (parent != null) {
            pending.push(parent)
          }
        }
      }
    }
  }
}

async function startOrbitDB (node: Node, directory?: string): Promise<OrbitDB> {
  const id = node.libp2p.peerId.toString()

  if (directory != null) {
    return createOrbitDB({ ipfs: node, id, directory })
  }

  const keystore = await KeyStore({ storage: await MemoryStorage() })
  return createOrbitDB({ ipfs: node, id, identities: await Identities({ ipfs: node, keystore }) })
}
