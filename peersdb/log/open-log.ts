import { createOrbitDB, Events, IPFSAccessController, isValidAddress } from '@orbitdb/core'
import { InvalidInputError } from '../errors.ts'
import { useListAccessController } from './access.ts'
import { ContributionsLog } from './contributions-log.ts'
import { readEntry } from './entry.ts'
import { EntryLog } from './entry-log.ts'
import { LogNotFoundError } from './errors.ts'
import { multihashOf } from './hash.ts'
import { identitiesOf, keyOfPeerId, ownIdentity } from './identity.ts'
import { entryStorage, fetchBlock, headsStorage, indexStorage, storagesIn } from './storages.ts'
import type { ContributionsLogInit } from './contributions-log.ts'
import type { Store } from '../store/index.ts'
import type { EventsDatabase } from '@orbitdb/core'

/**
 * Opens the log by its name, or by its address, in which case other peers may have to be asked for its manifest.
 *
 * @throws {InvalidInputError} where the store holds another log
 * @throws {LogNotFoundError} where no connected peer has the log of that address
 */
export async function openContributionsLog (init: ContributionsLogInit): Promise<ContributionsLog> {
  const { node, store, mode, administrators } = init
  const identity = ownIdentity(store.privateKey)
  const openTimeoutMs = init.openTimeoutMs ?? 30_000
  const opened: { entries?: EntryLog, log?: ContributionsLog } = {}
  const identities = identitiesOf(identity, async (hash) => opened.log?.verifier.identity(hash))
  const orbitdb = await createOrbitDB({ ipfs: node, id: identity.id, identity, identities })
  const listController = useListAccessController(node, storagesIn(store))
  const database = await orbitdb.open(init.name, {
    type: 'events',
    sync: mode === 'stock',
    signal: AbortSignal.timeout(openTimeoutMs),
    AccessController: administrators === '*'
      ? IPFSAccessController({ write: ['*'] })
      : listController({
          write: administrators.map((id) => id === 'self' ? identity.id : keyOfPeerId(id))
        }),
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
  }).catch(async (err: Error) => {
    await orbitdb.stop()
    throw isValidAddress(init.name) && !(err instanceof InvalidInputError)
      ? new LogNotFoundError(`the log ${init.name} was not found within ${openTimeoutMs / 1000} s; connect to a peer that has it`, { cause: err })
      : err
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
