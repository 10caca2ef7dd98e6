import { unixfs } from '@helia/unixfs'
import { FileNotFoundError, InvalidInputError, RefusedError } from '../errors.ts'
import { createChances } from './chances.ts'
import { FileBlocks, linksOf } from './file-blocks.ts'
import { createSharedWork } from './shared-work.ts'
import { createSlots } from './slots.ts'
import type { Cancellable } from '../api.ts'
import type { FileBlocksInit } from './file-blocks.ts'
import type { UnixFS } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'

/** How many files are fetched at the same time, and how many blocks of one. */
const filesAtOnceMax = 256
const blocksAtOnceMax = 8
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
    const get = async function * (this: FileService, block: CID): AsyncGenerator<Uint8Array> {
      yield await this.#blocks.read(block, options)
    }.bind(this)
    const fs = unixfs({ blockstore: { get } as never })

    try {
      yield * readInWindows(fs, cid, options)
    } catch (err) {
      options.signal?.throwIfAborted()
      const { name, message } = err as Error

      if (err instanceof FileNotFoundError || name === 'CorruptBlockError') {
        throw err
      }

      const what = options.path == null ? 'cannot be read' : `has no file "${options.path.slice(0, 200)}" that can be read`
      throw new FileNotFoundError(`file ${cid.toString()} ${what}: ${message}`)
    }
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
        waiting.push(...linksOf(cid, bytes))
      }
    }
  }

  async #fetch (root: CID, { signal, sizeMax = Infinity }: { signal: AbortSignal, sizeMax?: number }): Promise<void> {
    const { store: { files }, onHeld } = this.#init
    await using _slot = await this.#slots.take(signal)
    const blocks = new Map([[root.toString(), root]])
    const waiting = [root]
    let bytesSeen = 0

    const visit = async (cid: CID): Promise<void> => {
      const { size, links } = await this.#blocks.keep(root, cid, signal)
      bytesSeen += size

      if (bytesSeen > sizeMax * 1.1 + overheadBytes) {
        throw new RefusedError('malformed', `file ${root.toString()} has more bytes than the ${sizeMax} that its contribution names`)
      }

      // A block that occurs a thousand times is visited once, or a few small ones could stand for endless work.
      for (const link of links.filter((link) => !blocks.has(link.toString()))) {
        blocks.set(link.toString(), link)
        waiting.push(link)
      }
    }

    while (waiting.length > 0) {
      const visited = await Promise.allSettled(waiting.splice(0, blocksAtOnceMax).map(visit))
      const failed = visited.find((result) => result.status === 'rejected')

      if (failed != null) {
        throw failed.reason
      }

      if (!files.isPinned(root)) {
        throw new InvalidInputError(`file ${root.toString()} was unpinned while it was fetched; pin it again to fetch the rest`)
      }
    }

    files.hold(root, blocks.values().map(({ multihash }) => multihash.bytes))
    onHeld(root)
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
