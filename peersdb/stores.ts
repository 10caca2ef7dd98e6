import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { MemoryBlockstore } from 'blockstore-core'
import { FsBlockstore } from 'blockstore-fs'
import { MemoryDatastore } from 'datastore-core'
import { LevelDatastore } from 'datastore-level'
import type { PrivateKey } from '@libp2p/interface'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'

/** Where one peer keeps its blocks, its bookkeeping and its key. */
export interface Stores {
  blockstore: Blockstore
  datastore: Datastore
  privateKey: PrivateKey
  /** The directory of OrbitDB's own stores; absent where everything is in memory. */
  orbitdbDirectory?: string
  close (): Promise<void>
}

/** Opens stores in memory, or on disk where a directory is given. A directory's peer keeps its identity. */
export async function openStores (directory?: string): Promise<Stores> {
  if (directory == null) {
    return {
      blockstore: new MemoryBlockstore(),
      datastore: new MemoryDatastore(),
      privateKey: await generateKeyPair('Ed25519'),
      close: async () => {}
    }
  }

  await mkdir(directory, { recursive: true, mode: 0o700 })
  const blockstore = new FsBlockstore(join(directory, 'blocks'))
  const datastore = new LevelDatastore(join(directory, 'data'))
  await blockstore.open()
  await datastore.open()

  return {
    blockstore,
    datastore,
    privateKey: await loadOrCreateKey(join(directory, 'identity.key')),
    orbitdbDirectory: join(directory, 'orbitdb'),
    close: async () => {
      await datastore.close()
      await blockstore.close()
    }
  }
}

async function loadOrCreateKey (file: string): Promise<PrivateKey> {
  try {
    return privateKeyFromProtobuf(await readFile(file))
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw err
    }
  }

  const key = await generateKeyPair('Ed25519')
  // The rename makes sure that a crash leaves either no key or a whole one.
  await writeFile(`${file}.new`, privateKeyToProtobuf(key), { mode: 0o600 })
  await rename(`${file}.new`, file)
  return key
}
