import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { InvalidInputError } from '../errors.ts'
import { BlockPool } from './block-pool.ts'
import { createBlockRows } from './block-rows.ts'
import { StoredBlocks } from './blocks.ts'
import { BlocksBlockstore } from './blockstore.ts'
import { createCatalogue } from './catalogue.ts'
import { Database } from './database.ts'
import { SqliteDatastore } from './datastore.ts'
import { StoreDamagedError, StoreUnavailableError } from './errors.ts'
import { createFiles } from './files.ts'
import { collectGarbage } from './garbage.ts'
import { LargeBlocks } from './large-blocks.ts'
import { LinkPool } from './link-pool.ts'
import { keepShared } from './shared-bytes.ts'
import { slowBlocks } from './slow-blocks.ts'
import { createValues } from './values.ts'
import type { Cancellable } from '../api.ts'
import type { Blocks } from './blocks.ts'
import type { Catalogue } from './catalogue.ts'
import type { Files } from './files.ts'
import type { Values } from './values.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'

export interface StoreInit {
  /** Absent: in memory, and gone at `close`. */
  directory?: string
  /** The most bytes that the database and the large blocks may take together; the write-ahead log adds up to 4 MiB. */
  bytesMax?: number
  /** What another store takes at the moment that shares the limit with this one; by default there is none. */
  othersBytes?: () => number
  /** How long a block takes beside the time that it needs, in milliseconds; by default nothing. */
  delayMs?: number
  /**
   * Where stores without a limit, also those of other processes, keep equal blocks once, as files: stores in memory in the pool alone,
   * those on disk by links. By default each store on disk has its own, and each process does it for its stores in memory.
   */
  poolDirectory?: string
}

/** Where one peer keeps everything. Every method of the parts is synchronous unless it returns a promise. */
export interface Store {
  /** The peer's identity, which a directory keeps. */
  readonly privateKey: PrivateKey
  readonly datastore: Datastore
  readonly blocks: Blocks
  readonly blockstore: Blockstore
  readonly catalogue: Catalogue
  readonly files: Files
  readonly values: Values
  /** All or nothing; a call within another joins it, and then takes effect or not together with the outer one. */
  transaction<T> (work: () => T): T
  /** Removes the files that are not pinned and the blocks that neither the log nor a pinned file needs; returns the bytes freed. */
  collectGarbage (options?: Cancellable): Promise<number>
  sizeBytes (): number
  close (): Promise<void>
}

/**
 * Opens the store of one peer, and keeps every other process out of its directory until it is closed.
 *
 * @throws {StoreInUseError} where another peer has it open
 * @throws {StoreVersionError} where a newer PeersDB wrote it
 * @throws {StoreDamagedError} where a file in it is not what a peer wrote
 * @throws {StoreUnavailableError} where the directory cannot be used
 * @throws {StoreFullError} where there is no room for the empty tables
 */
export async function openStore ({ directory, bytesMax, othersBytes, delayMs = 0, poolDirectory }: StoreInit = {}): Promise<Store> {
  if (bytesMax != null && !(Number.isSafeInteger(bytesMax) && bytesMax > 0)) {
    throw new InvalidInputError(`a store of at most ${bytesMax} bytes is impossible; choose a whole number above 0`)
  }

  // What a limit counts has to be in the database, or in files of its own.
  const sharedDirectory = bytesMax == null ? poolDirectory : undefined
  const isOutside = directory == null && bytesMax == null
  const pool = directory == null && sharedDirectory != null ? new BlockPool(sharedDirectory) : undefined
  const links = directory != null && sharedDirectory != null ? new LinkPool(sharedDirectory) : undefined
  const keepBytes = pool != null ? pool.keep.bind(pool) : isOutside ? keepShared : undefined
  const database = new Database(directory == null
    ? { place: 'memory', bytesMax, othersBytes }
    : { file: await prepareDirectory(directory), place: directory, bytesMax, othersBytes })

  try {
    const large = await LargeBlocks.open(database, { directory, pool: links, files: pool?.large() })
    const stored = new StoredBlocks(createBlockRows(database, keepBytes), large)
    const blocks = delayMs > 0 ? slowBlocks(stored, delayMs) : stored
    return {
      privateKey: directory == null ? await generateKeyPair('Ed25519') : await loadOrCreateKey(join(directory, 'identity.key')),
      datastore: new SqliteDatastore(database),
      blocks,
      blockstore: new BlocksBlockstore(blocks),
      catalogue: createCatalogue(database),
      files: createFiles(database, blocks),
      values: createValues(database),
      transaction: (work) => database.transaction(work),
      collectGarbage: ({ signal } = {}) => collectGarbage(database, blocks, signal),
      sizeBytes: () => database.sizeBytes() + large.sizeBytes,
      close: async () => {
        await large.close()
        database.close()
      }
    }
  } catch (err) {
    database.close()
    throw err
  }
}

/** Makes the directory and an empty database that nobody else can read; SQLite gives its other files the same mode. */
async function prepareDirectory (directory: string): Promise<string> {
  const file = join(directory, 'peer.db')

  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await (await open(file, 'a', 0o600)).close()
  } catch (err) {
    throw new StoreUnavailableError(directory, err as Error)
  }

  return file
}

async function loadOrCreateKey (file: string): Promise<PrivateKey> {
  const bytes = await readFile(file).catch((err: NodeJS.ErrnoException) => {
    if (err.code !== 'ENOENT') {
      throw err
    }
  })

  if (bytes != null) {
    try {
      return privateKeyFromProtobuf(bytes)
    } catch (err) {
      throw new StoreDamagedError(file, (err as Error).message)
    }
  }

  const key = await generateKeyPair('Ed25519')
  // The rename makes sure that a crash leaves either no key or a whole one.
  await writeFile(`${file}.new`, privateKeyToProtobuf(key), { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
  return key
}
