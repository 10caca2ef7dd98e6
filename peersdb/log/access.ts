import { IPFSAccessController, useAccessController } from '@orbitdb/core'
import { InvalidInputError } from '../errors.ts'
import { keyOfPeerId, peerIdOfKey } from './identity.ts'
import type { Access } from '../api.ts'
import type { Node } from '../node.ts'
import type { AccessController, AccessControllerInit, EventsDatabase, KeyValueDatabase, Storage } from '@orbitdb/core'

/** Makes the storages of OrbitDB's own small databases, which its defaults would put into the working directory. */
export type StorageFactory = (name: string) => { headsStorage: Storage, indexStorage: Storage }

const factories = new WeakMap<Node, StorageFactory>()
const type = 'orbitdb'

/**
 * OrbitDB's access controller of the type `orbitdb`, a replicated list of writers that its administrators change, over
 * the peer's own store. Its address and its entries are those of the original, so that unmodified peers obey the same list.
 */
const listAccessController = Object.assign(
  ({ write }: { write?: string[] } = {}) => async (init: AccessControllerInit): Promise<AccessController> => {
    const { orbitdb, identities, address, name } = init
    const database = await orbitdb.open(address ?? name ?? '', {
      type: 'keyvalue',
      AccessController: IPFSAccessController({ write: write ?? [orbitdb.identity.id] }),
      ...factories.get(orbitdb.ipfs)?.('access')
    }) as KeyValueDatabase
    const list = async (capability: string): Promise<string[]> => (await database.get(capability) ?? []) as string[]
    const writers = async (): Promise<string[]> =>
      [...new Set([...database.access.write, ...await list('admin'), ...await list('write')])]
    const replace = async (keys: Set<string>): Promise<void> => {
      await (keys.size > 0 ? database.put('write', [...keys]) : database.del('write'))
    }
    return {
      type,
      address: database.address,
      write: database.access.write,
      writers,
      canAppend: async (entry) => {
        const identity = await identities.getIdentity(entry.identity)
        const allowed = await writers()
        return identity != null && (allowed.includes(identity.id) || allowed.includes('*')) && identities.verifyIdentity(identity)
      },
      grant: async (key) => replace(new Set([...await list('write'), key])),
      revoke: async (key) => replace(new Set((await list('write')).filter((other) => other !== key))),
      events: database.events,
      close: () => database.close()
    }
  },
  { type }
)

/** Lets OrbitDB open logs with a list of writers, its databases being kept in a peer's own store. */
export function useListAccessController (node: Node, storages: StorageFactory): typeof listAccessController {
  factories.set(node, storages)
  useAccessController(listAccessController)
  return listAccessController
}

/** Who may write to a log, in terms of peer ids. */
export function accessOf ({ access, address }: EventsDatabase): Access {
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
