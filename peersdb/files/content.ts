import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { unixfs } from '@helia/unixfs'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { FileChangedError, InvalidInputError } from '../errors.ts'
import { multihashOf, sha256 } from '../log/hash.ts'
import { smallBytesMax } from '../store/index.ts'
import type { Cancellable, Content } from '../api.ts'
import type { Store } from '../store/index.ts'
import type { Stats } from 'node:fs'

/** Content that was turned into blocks, of which those of a small file are not stored yet. */
export interface Imported {
  cid: CID
  /** In bytes, of all files together where it is a directory. */
  size: number
  isDirectory: boolean
  /** The multihashes of the blocks that are in the store. */
  blocks: Uint8Array[]
  /** The whole content of a file that is one small block; it is stored together with its entry. */
  small?: Uint8Array
}

const rawCode = 0x55
const readBytes = 1024 * 1024
/** Helia's defaults, 50 files and 10 blocks at once, would hold hundreds of megabytes. */
const concurrency = { fileImportConcurrency: 4, blockWriteConcurrency: 4 }

/** The CID of a file that is one block: CIDv1, raw, SHA-256, as UnixFS has it for what fits into one leaf. */
export function singleBlockCid (bytes: Uint8Array): CID {
  return CID.createV1(rawCode, Digest.decode(multihashOf(sha256(bytes))))
}

/**
 * Turns content into UnixFS blocks, reading each byte once and holding no more than a few blocks.
 *
 * @throws {InvalidInputError} where the path is no file or directory
 * @throws {FileChangedError} where it was written to meanwhile
 */
export async function importContent (store: Store, content: Content, options: Cancellable): Promise<Imported> {
  if (content instanceof Uint8Array && content.byteLength <= smallBytesMax) {
    return { cid: singleBlockCid(content), size: content.byteLength, isDirectory: false, blocks: [], small: content }
  }

  const importer = createImporter(store, options)

  if (content instanceof Uint8Array) {
    return importer.file(async function * () { yield content }())
  }

  if (Symbol.asyncIterator in content) {
    return importer.file(content)
  }

  const about = await look(content.path)
  return about.isDirectory() ? importer.directory(content.path) : importer.file(readUnchanged(content.path, about))
}

async function look (path: string): Promise<Stats> {
  const about = await stat(path).catch((err: NodeJS.ErrnoException) => {
    throw new InvalidInputError(`"${path}" cannot be read: ${err.code === 'ENOENT' ? 'there is no such file' : err.message}`)
  })

  if (!about.isFile() && !about.isDirectory()) {
    throw new InvalidInputError(`"${path}" is neither a file nor a directory`)
  }

  return about
}

function createImporter (store: Store, { signal }: Cancellable) {
  const blocks: Uint8Array[] = []
  let size = 0
  const recording = {
    ...pick(store),
    put: async (cid: CID, bytes: Uint8Array): Promise<CID> => {
      signal?.throwIfAborted()
      await store.blocks.put(cid, bytes)
      blocks.push(cid.multihash.bytes)
      return cid
    }
  }
  const fs = unixfs({ blockstore: recording as never })
  const counted = async function * (stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      signal?.throwIfAborted()
      size += chunk.byteLength
      yield chunk
    }
  }

  return {
    file: async (stream: AsyncIterable<Uint8Array>): Promise<Imported> => {
      const cid = await fs.addByteStream(counted(stream), { ...concurrency, signal })
      return { cid, size, isDirectory: false, blocks }
    },
    directory: async (path: string): Promise<Imported> => {
      const paths = await filesIn(path)
      let cid: CID | undefined

      // The directory itself comes last.
      for await (const added of fs.addAll(candidates(path, paths, counted), { ...concurrency, signal, wrapWithDirectory: true })) {
        cid = added.cid
      }

      if (cid == null || paths.length === 0) {
        throw new InvalidInputError(`the directory "${path}" has no files; put some into it`)
      }

      return { cid, size, isDirectory: true, blocks }
    }
  }
}

function pick ({ blockstore }: Store) {
  return { get: blockstore.get.bind(blockstore), has: blockstore.has.bind(blockstore) }
}

/** The files of a directory in the order of their names, so that the same directory has the same CID everywhere; links are left out. */
async function filesIn (root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
}

async function * candidates (root: string, files: string[], counted: (stream: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) {
  for (const file of files) {
    yield { path: file.slice(join(root, '/').length), content: counted(readUnchanged(file, await look(file))) }
  }
}

/** Reads a file, and makes sure afterwards that nobody wrote to it in between. */
async function * readUnchanged (path: string, before: Stats): AsyncGenerator<Uint8Array> {
  let size = 0

  for await (const chunk of createReadStream(path, { highWaterMark: readBytes })) {
    size += (chunk as Uint8Array).byteLength
    yield chunk as Uint8Array
  }

  const after = await look(path)

  if (size !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs || after.ino !== before.ino) {
    throw new FileChangedError(`"${basename(path)}" was written to while it was read; contribute it again once it is complete`)
  }
}
