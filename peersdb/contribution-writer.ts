import { basename } from 'node:path'
import mime from 'mime'
import { tellContribution } from './channels.ts'
import { checkContribution, contributionSchemaVersion, parseCid } from './contribution.ts'
import { InvalidInputError } from './errors.ts'
import { importContent } from './files/content.ts'
import { importPart } from './files/part.ts'
import type { Content, ContributeOptions } from './api.ts'
import type { Contribution, StoredContribution } from './contribution.ts'
import type { Imported } from './files/content.ts'
import type { FileService } from './files/files.ts'
import type { ContributionsLog } from './log/contributions-log.ts'
import type { PrivateData } from './private-data.ts'
import type { Store } from './store/index.ts'
import type { Sync } from './sync.ts'
import type { CID } from 'multiformats/cid'

/** Any CID will do to check a description whose file is not read yet. */
const emptyFile = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

export interface ContributionWriterInit {
  /** The peer's id. */
  contributor: string
  store: Store
  privateData: PrivateData
  files: FileService
  log: ContributionsLog
  sync: Sync
}

/** Makes content a contribution: its blocks go into the store, its description into the log, and other peers are told. */
export class ContributionWriter {
  readonly #init: ContributionWriterInit

  constructor (init: ContributionWriterInit) {
    this.#init = init
  }

  /** @throws {InvalidInputError} where the description is wrong, before anything is read or stored */
  async contribute (content: Content, options: ContributeOptions): Promise<Contribution> {
    const { store, privateData } = this.#init
    const describe = this.#describe(content, options)
    describe({ cid: parseCid(emptyFile), size: 0, isDirectory: false })

    if (options.private === true) {
      if (options.keepLeaf != null) {
        throw new InvalidInputError('a private contribution is kept as a whole, because nobody else has the rest; leave keepLeaf out')
      }

      return privateData.contribute(content, describe, options)
    }

    using _protected = store.blocks.protect()
    const imported = await (options.keepLeaf == null
      ? importContent(store, content, options)
      : importPart(store, content, options.keepLeaf, options))
    return this.#append(describe(imported), imported)
  }

  /** Moves a private contribution of a file into the log. */
  async publish (cid: CID): Promise<Contribution> {
    const { store, privateData } = this.#init
    return privateData.publish(cid, { store, append: (contribution, file) => this.#append(contribution, file) })
  }

  #describe (content: Content, options: ContributeOptions): (file: Pick<Imported, 'cid' | 'size' | 'isDirectory'>) => StoredContribution {
    const name = options.name ?? ('path' in content ? basename(content.path) : undefined)

    if (name == null) {
      throw new InvalidInputError('a contribution that is not read from a path needs a name')
    }

    const createdAt = new Date().toISOString()
    return ({ cid, size, isDirectory }) => checkContribution({
      schema: contributionSchemaVersion,
      cid: cid.toString(),
      name,
      size,
      mediaType: options.mediaType ?? (isDirectory ? 'inode/directory' : mime.getType(name) ?? 'application/octet-stream'),
      contributor: this.#init.contributor,
      createdAt,
      attributes: options.attributes ?? {}
    })
  }

  async #append (
    contribution: StoredContribution, { cid, blocks, small, isWhole = true }: Pick<Imported, 'cid' | 'blocks' | 'small'> & { isWhole?: boolean }
  ): Promise<Contribution> {
    const { store, files, log, sync } = this.#init
    const multihashes = small == null ? blocks : [cid.multihash.bytes]
    tellContribution({ contribution, multihashes, small })
    const entry = await log.append(contribution, () => {
      if (small != null) {
        files.holdSmall(cid, small)
      } else if (isWhole) {
        store.files.hold(cid, blocks)
      } else {
        store.files.link(cid, blocks)
      }
    })
    tellContribution({ contribution, multihashes, small, entry: entry.digest })
    sync.announce(entry)
    return { ...contribution, hash: entry.hash }
  }
}
