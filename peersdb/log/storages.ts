import { cidOfHash, digestOfHash, multihashOf } from './hash.ts'
import type { EntryLog, Head } from './entry-log.ts'
import type { StorageFactory } from './access.ts'
import type { Node } from '../node.ts'
import type { Store } from '../store/store.ts'
import type { Storage } from '@orbitdb/core'

/** How long one block of the log may take to come by Bitswap, in milliseconds. */
const blockTimeoutMs = 30_000

/** An OrbitDB storage over a namespace of the store's values. Bytes are kept as base64, for values are JSON. */
function valueStorage (store: Store, namespace: string): Storage {
  return {
    put: async (key, value) => {
      store.values.put(namespace, key, value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : { value })
    },
    get: async (key) => {
      const stored = store.values.get(namespace, key) as { base64?: string, value?: unknown } | undefined
      return stored?.base64 == null ? stored?.value : Buffer.from(stored.base64, 'base64')
    },
    del: async (key) => { store.values.delete(namespace, key) },
    iterator: async function * () {},
    merge: async () => {},
    clear: async () => {},
    close: async () => {}
  }
}

/** Where OrbitDB's own small databases keep their heads and indexes. */
export function storagesIn (store: Store): StorageFactory {
  return (name) => ({
    headsStorage: valueStorage(store, `orbitdb ${name} heads`),
    indexStorage: valueStorage(store, `orbitdb ${name} index`)
  })
}

/** The heads of the contributions log in OrbitDB's form, the text of a JSON array under the key `heads`. */
export function headsStorage (log: EntryLog): Storage {
  return {
    put: async (_key, value) => { log.setHeads(JSON.parse(Buffer.from(value as Uint8Array).toString()) as Head[]) },
    get: async () => Buffer.from(JSON.stringify(log.heads)),
    close: async () => {}
  }
}

/**
 * Which entries the contributions log has. OrbitDB puts an entry here once it is verified and joined,
 * which is when `onJoined` is called.
 */
export function indexStorage (log: EntryLog, onJoined: (hash: string) => Promise<void>): Storage {
  return {
    put: onJoined,
    get: async (hash) => {
      const digest = digestOfHash(hash)
      return digest != null && (log.has(digest) || log.isRefused(hash)) ? true : undefined
    },
    close: async () => {}
  }
}

/** The entries' bytes, from the store or else by Bitswap from an unmodified peer, as `fetch` does it. */
export function entryStorage (store: Store, fetch: (hash: string) => Promise<Uint8Array | undefined>): Storage {
  return {
    put: async (hash, bytes) => { store.blocks.putSmall(multihash(hash), bytes as Uint8Array, { structure: true }) },
    get: async (hash) => store.blocks.getSmall(multihash(hash)) ?? fetch(hash),
    close: async () => {}
  }
}

/** The block of a hash by Bitswap, or from the store; undefined where nobody who is connected has it in time. */
export async function fetchBlock (node: Node, hash: string, closing?: AbortSignal): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  const bound = AbortSignal.timeout(blockTimeoutMs)
  const signal = closing == null ? bound : AbortSignal.any([closing, bound])

  try {
    for await (const chunk of node.blockstore.get(cidOfHash(hash), { signal })) {
      chunks.push(chunk)
    }
  } catch {
    // Whoever asks decides what it means that it did not come.
    return undefined
  }

  return Buffer.concat(chunks)
}

function multihash (hash: string): Uint8Array {
  const digest = digestOfHash(hash)

  if (digest == null) {
    throw new Error(`"${hash.slice(0, 80)}" is no hash of a log entry`)
  }

  return multihashOf(digest)
}
