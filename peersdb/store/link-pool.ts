import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { fileOf } from './file-names.ts'
import type { CID } from 'multiformats/cid'

/** What linking fails with where there is nothing to link to, the name is taken, or files have no further names: then bytes are written. */
const harmless = new Set(['ENOENT', 'EEXIST', 'EMLINK', 'EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * The blocks that stores on disk have which name the same directory, also those of other processes: one file each, to which the
 * pool and every store that has the block have a link of their own. Removing one takes nothing from the others, and a store needs
 * no pool to read what it has. Nothing is ever written into a file that has its name already.
 */
export class LinkPool {
  readonly #directory: string

  constructor (directory: string) {
    // Apart from the blocks of stores in memory, which have no links.
    this.#directory = join(directory, 'links')
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
  }

  /** Makes `file` hold bytes that were checked against their multihash. */
  keep (multihash: Uint8Array, bytes: Uint8Array, file: string): void {
    const pooled = this.#fileOf(multihash)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })

    if (link(pooled, file)) {
      if (readFileSync(file).equals(bytes)) {
        return
      }

      // Damaged on disk. Those who share it find out by themselves when they read it, and come here again.
      rmSync(pooled, { force: true })
      rmSync(file)
    }

    const draft = join(dirname(file), `.${basename(file)}.tmp`)
    writeFileSync(draft, bytes, { mode: 0o600 })
    renameSync(draft, file)
    mkdirSync(dirname(pooled), { recursive: true, mode: 0o700 })
    link(file, pooled)
  }

  /** A store has removed its link; where it was the last one, the pool gives the space back. */
  release (multihash: Uint8Array): void {
    const pooled = this.#fileOf(multihash)

    // Whoever links to it meanwhile keeps what it linked to.
    if (statSync(pooled, { throwIfNoEntry: false })?.nlink === 1) {
      rmSync(pooled, { force: true })
    }
  }

  #fileOf (multihash: Uint8Array): string {
    return fileOf(this.#directory, multihash)
  }
}

/** Gives a file one more name. @returns whether it has; not where there is no such file, or the name is taken */
function link (from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (err) {
    if (harmless.has((err as NodeJS.ErrnoException).code ?? '')) {
      return false
    }

    throw err
  }
}

/** The files of one store, shared with those of others. */
export class LinkedBlockstore extends FsBlockstore {
  readonly #pool: LinkPool

  constructor (folder: string, pool: LinkPool) {
    super(folder)
    this.#pool = pool
  }

  /** Writes a block at once. */
  putNow (multihash: Uint8Array, bytes: Uint8Array): void {
    this.#pool.keep(multihash, bytes, fileOf(this.path, multihash))
  }

  /** Removes a block at once. */
  deleteNow (multihash: Uint8Array): void {
    rmSync(fileOf(this.path, multihash), { force: true })
    this.#pool.release(multihash)
  }

  override async put (cid: CID, value: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<CID> {
    this.putNow(cid.multihash.bytes, value instanceof Uint8Array ? value : Buffer.concat(await Array.fromAsync(value)))
    return cid
  }

  override async delete (cid: CID): Promise<void> {
    this.deleteNow(cid.multihash.bytes)
  }
}
