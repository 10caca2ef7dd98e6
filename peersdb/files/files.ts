import { unixfs } from '@helia/unixfs'
import { FileNotFoundError, InvalidInputError, RefusedError } from '../errors.ts'
import { createChances } from './chances.ts'
import { FileBlocks, linksOf, rawCode } from './file-blocks.ts'
import { walkAtOnce } from './walk.ts'
import { CorruptBlockError } from '../store/index.ts'
import { createSharedWork } from './shared-work.ts'
import { listFiles } from './listing.ts'
import { createSlots } from './slots.ts'
import type { Cancellable } from '../api.ts'
import type { FileBlocksInit, Link } from './file-blocks.ts'
import type { NamedContent } from './listing.ts'
import type { UnixFS } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'

/** How many files are fetched at the same time, and how many blocks of one. */
const filesAtOnceMax = 256
const blocksAtOnceMax = 32
/** What the root of a file has at most, in bytes: one leaf, or the names of others. */
const rootBytes = 1024 * 1024
/** How much of a file is read ahead of its reader, in bytes. */
const windowBytes = 8 * 1024 * 1024
/** What the inner nodes of a file may take beside its content: far more than UnixFS needs. */
const overheadBytes = 4 * 1024 * 1024

export interface FileServiceInit extends FileBlocksInit {
  /** Called when a file that was not here is held as a whole. */
  onHeld: (cid: CID) => void
}

/** Reads files, and fetches and keeps whole ones. */
export class FileService {
  readonly #init: FileServiceInit
  readonly #blocks: FileBlocks
  readonly #slots = createSlots(filesAtOnceMax)
  readonly #fetching = createSharedWork()
  readonly #chances = createChances()

  constructor (init: FileServiceInit) {
    this.#init = init
    this.#blocks = new FileBlocks(init)
  }

  /** Files that are being fetched. */
  get pending (): number {
    return this.#fetching.size
  }

  /** Stores and keeps a file that is one small block; within a transaction, if there is one. */
  holdSmall (cid: CID, bytes: Uint8Array): void {
    const { blocks, files } = this.#init.store
    blocks.putSmall(cid.multihash.bytes, bytes)
    files.hold(cid, [cid.multihash.bytes])
  }

  /**
   * Fetches what is missing of a file and keeps it; resolves when it is held as a whole.
   *
   * @param options.sizeMax - what the file was announced to have, in bytes; a peer that sends more is not followed further
   * @param options.patient - whether to try again, until the signal, as long as no peer has it
   * @throws {FileNotFoundError} where no peer has it
   * @throws {RefusedError} where it is not what was announced
   */
  async ensure (cid: CID, options: { signal: AbortSignal, sizeMax?: number, patient: boolean }): Promise<void> {
    const { files } = this.#init.store
    const { signal, patient } = options
    // It is wanted before anything else, so that a peer that ends meanwhile goes on where it is opened again.
    const isNew = files.want(cid)

    for (let tries = 0; !files.isHeld(cid); tries++) {
      const { changes } = this.#chances

      try {
        await this.#fetching.join(cid.toString(), signal, (given) => this.#fetch(cid, { ...options, signal: given }))
      } catch (err) {
        if (err instanceof RefusedError || (isNew && !patient)) {
          files.unpin(cid)
        }

        if (!(err instanceof FileNotFoundError) || !patient) {
          throw err
        }

        // The slot is free meanwhile: files that nobody has must not keep those that somebody has from coming.
        await this.#chances.next({ changes, tries, signal })

        if (!files.isPinned(cid)) {
          return
        }
      }
    }
  }

  /** Another peer came, or has more than before: what no peer had is asked for again. */
  tryAgain (): void {
    this.#chances.now()
  }

  /**
   * A file's content, from here or from whoever has it.
   *
   * @throws {FileNotFoundError} where a part of it is not here, and nobody who may be asked has it
   */
  async * read (cid: CID, options: Cancellable & { offline?: boolean, path?: string } = {}): AsyncGenerator<Uint8Array> {
    // Most files are one raw block, for which UnixFS would walk a graph and read it twice.
    yield * explained(cid, options, cid.code === rawCode && options.path == null
      ? this.#readBlock(cid, options)
      : readInWindows(unixfs({ blockstore: { get: this.#reader(options) } as never }), cid, options))
  }

  /**
   * All files in a directory and below it; a file that is none of any directory is alone. Errors are those of `read`.
   *
   * @throws {InvalidInputError} where they are too many
   */
  async * list (cid: CID, options: Cancellable = {}): AsyncGenerator<NamedContent> {
    const fs = unixfs({ blockstore: { get: this.#reader(options) } as never })
    yield * explained(cid, options, listFiles(fs, cid, (file) => readInWindows(fs, file, options), options))
  }

  async * #readBlock (cid: CID, options: Cancellable & { offline?: boolean }): AsyncGenerator<Uint8Array> {
    const bytes = await this.#blocks.read(cid, options)

    if (bytes.byteLength > 0) {
      yield bytes
    }
  }

  /** Gets blocks for Helia, and remembers how large those are said to be that they refer to. */
  #reader (options: Cancellable & { offline?: boolean }): (cid: CID) => AsyncGenerator<Uint8Array> {
    const sizes = new Map<string, number>()
    const read = async (cid: CID): Promise<Uint8Array> => {
      const bytes = await this.#blocks.read(cid, { ...options, size: sizes.get(cid.toString()) })
      linksOf(cid, bytes).forEach(({ cid: leaf, size }) => size != null && sizes.set(leaf.toString(), size))
      return bytes
    }
    return async function * (cid) { yield await read(cid) }
  }

  /** All blocks of a file that is held here, its root first. */
  async * walk (root: CID): AsyncGenerator<{ cid: CID, bytes: Uint8Array }> {
    const seen = new Set<string>()
    const waiting = [root]

    for (let cid = waiting.pop(); cid != null; cid = waiting.pop()) {
      if (!seen.has(cid.toString())) {
        seen.add(cid.toString())
        const bytes = await this.#blocks.read(cid, { offline: true })
        yield { cid, bytes }
        waiting.push(...linksOf(cid, bytes).map((link) => link.cid))
      }
    }
  }

  async #fetch (root: CID, { signal, sizeMax = Infinity }: { signal: AbortSignal, sizeMax?: number }): Promise<void> {
    const { store: { files }, onHeld } = this.#init
    await using _slot = await this.#slots.take(signal)
    const blocks = new Map([[root.toString(), root]])
    let bytesSeen = 0

    await walkAtOnce<Link>({ cid: root, size: Math.min(sizeMax, rootBytes) }, blocksAtOnceMax, signal, async (link, given) => {
      const { size, links } = await this.#blocks.keep(root, link.cid, { signal: given, size: link.size })
      bytesSeen += size

      if (bytesSeen > sizeMax * 1.1 + overheadBytes) {
        throw new RefusedError('malformed', `file ${root.toString()} has more bytes than the ${sizeMax} that its contribution names`)
      }

      if (!files.isPinned(root)) {
        throw new InvalidInputError(`file ${root.toString()} was unpinned while it was fetched; pin it again to fetch the rest`)
      }

      // A block that occurs a thousand times is visited once, or a few small ones could stand for endless work.
      const unseen = links.filter(({ cid }) => !blocks.has(cid.toString()))
      unseen.forEach(({ cid }) => { blocks.set(cid.toString(), cid) })
      return unseen
    })
    files.hold(root, blocks.values().map(({ multihash }) => multihash.bytes))
    onHeld(root)
  }
}

/** Tells what could not be read, where Helia tells only why. */
async function * explained<T> (cid: CID, { signal, path }: Cancellable & { path?: string }, reading: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield * reading
  } catch (err) {
    signal?.throwIfAborted()

    if (err instanceof FileNotFoundError || err instanceof InvalidInputError || err instanceof CorruptBlockError) {
      throw err
    }

    const what = path == null ? 'cannot be read' : `has no file "${path.slice(0, 200)}" that can be read`
    throw new FileNotFoundError(`file ${cid.toString()} ${what}: ${(err as Error).message}`)
  }
}

/** Helia reads as much as it can, however slow its reader is, so that it is asked for one part of the file after another. */
async function * readInWindows (fs: UnixFS, root: CID, { signal, path }: Cancellable & { path?: string }): AsyncGenerator<Uint8Array> {
  const { cid, size = 0n } = await fs.stat(root, { signal, path })
  let offset = 0

  do {
    yield * fs.cat(cid, { signal, offset, length: windowBytes })
    offset += windowBytes
  } while (offset < size)
}
