import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import { parseCid } from './contribution.ts'
import { FileNotFoundError } from './errors.ts'
import { FileService } from './files/files.ts'
import { importContent } from './files/content.ts'
import { hashOfDigest, sha256 } from './log/hash.ts'
import { createSerial } from './serial.ts'
import { entryHashDigest, openStore } from './store/index.ts'
import type { Cancellable, Content } from './api.ts'
import type { Contribution, StoredContribution } from './contribution.ts'
import type { Imported } from './files/content.ts'
import type { Store, StoreInit } from './store/index.ts'
import type { CID } from 'multiformats/cid'

/** Where the shared store notes what is being published, until that is complete. */
const publishing = 'publishing'

/** The store that a private file is moved to, and how it gets into the log there. */
export interface Publisher {
  store: Store
  append: (contribution: StoredContribution, file: Pick<Imported, 'cid' | 'blocks'>) => Promise<Contribution>
}

/**
 * What a peer keeps to itself, in a store of its own. Nothing that talks to other peers is ever given this store, so
 * that no protocol can serve from it, whatever CIDs a peer knows and whatever is removed elsewhere.
 */
export class PrivateData {
  readonly #store: Store
  readonly #files: FileService
  readonly #oneByOne = createSerial()

  constructor (store: Store) {
    this.#store = store
    this.#files = new FileService({
      store,
      sync: () => { throw new Error('private files are never fetched') },
      onHeld: () => {}
    })
  }

  get store (): Store {
    return this.#store
  }

  /** Also true of a file that was damaged on disk: other peers must not be asked for it, or they would learn of it. */
  has (cid: CID): boolean {
    return this.#store.files.isPinned(cid)
  }

  read (cid: CID, options: Cancellable & { path?: string }): AsyncGenerator<Uint8Array> {
    return this.#files.read(cid, { ...options, offline: true })
  }

  async contribute (content: Content, describe: (imported: Imported) => StoredContribution, options: Cancellable): Promise<Contribution> {
    using _protected = this.#store.blocks.protect()
    const imported = await importContent(this.#store, content, options)
    const contribution = describe(imported)
    const hash = digestOf(contribution)
    this.#store.transaction(() => {
      this.#store.catalogue.insert({ hash, clock: 0, joined: true, contribution })

      if (imported.small == null) {
        this.#store.files.hold(imported.cid, imported.blocks)
      } else {
        this.#files.holdSmall(imported.cid, imported.small)
      }
    })
    return { ...contribution, hash: hashOfDigest(hash) }
  }

  /**
   * Moves the newest private contribution of a file into the shared log. One that cannot be appended stays private, and
   * nothing of it is left in the shared store.
   *
   * @throws {FileNotFoundError} where no private contribution has that CID
   */
  publish (cid: CID, publisher: Publisher): Promise<Contribution> {
    return this.#oneByOne(async () => {
      const [contribution] = this.#store.catalogue.byCid(cid.toString())

      if (contribution == null) {
        throw new FileNotFoundError(`no private contribution of this peer has the CID ${cid.toString()}; what was published is in the shared log`)
      }

      publisher.store.values.put(publishing, contribution.hash, cid.toString())

      try {
        return await this.#move(contribution, cid, publisher)
      } finally {
        await this.settle(publisher.store)
      }
    })
  }

  /** Completes what was being published when the peer ended: either all of it is in the log, or nothing of it is shared. */
  async settle (shared: Store): Promise<void> {
    for (const { key, value } of shared.values.list(publishing)) {
      if (shared.catalogue.byCid(String(value)).some((contribution) => hashOfDigest(digestOf(contribution)) === key)) {
        await this.#forget(key)
      } else {
        await shared.collectGarbage()
      }

      shared.values.delete(publishing, key)
    }
  }

  async #move ({ hash: _hash, ...description }: Contribution, cid: CID, { store, append }: Publisher): Promise<Contribution> {
    using _protected = store.blocks.protect()
    const blocks: Uint8Array[] = []

    for await (const block of this.#files.walk(cid)) {
      await store.blocks.put(block.cid, block.bytes)
      blocks.push(block.cid.multihash.bytes)
    }

    return append(description, { cid, blocks })
  }

  /** Another private contribution of the same file still needs it. */
  async #forget (hash: string): Promise<void> {
    const { catalogue, files } = this.#store
    const digest = entryHashDigest(hash)
    const cid = catalogue.get(digest)?.contribution?.cid
    this.#store.transaction(() => {
      catalogue.remove(digest)

      if (cid != null && catalogue.byCid(cid).length === 0) {
        files.unpin(parseCid(cid))
      }
    })
    await this.#store.collectGarbage()
  }

  close (): Promise<void> {
    return this.#store.close()
  }
}

export async function openPrivateData ({ directory, ...limits }: StoreInit): Promise<PrivateData> {
  return new PrivateData(await openStore({ directory: directory == null ? undefined : join(directory, 'private'), ...limits }))
}

/** What a private contribution is known by, as it has no entry in a log: the digest of its description. */
function digestOf ({ schema, cid, name, size, mediaType, contributor, createdAt, attributes }: StoredContribution): Uint8Array {
  return sha256(dagCbor.encode({ schema, cid, name, size, mediaType, contributor, createdAt, attributes }))
}
