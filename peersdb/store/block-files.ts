import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MemoryBlockstore } from 'blockstore-core'
import { FsBlockstore } from 'blockstore-fs'
import { sha256 } from 'multiformats/hashes/sha2'
import { StoreFullError } from './errors.ts'
import { fileOf, multihashOfFile } from './file-names.ts'
import { LinkedBlockstore } from './link-pool.ts'
import { rawCid } from './multihash.ts'
import type { LinkPool } from './link-pool.ts'
import type { Blockstore } from 'interface-blockstore'

/** Where a store has its large blocks: in memory, or in the folder `blocks` of its directory, shared with others where there is a pool. */
export async function openFiles (directory?: string, pool?: LinkPool): Promise<Blockstore> {
  if (directory == null) {
    return new MemoryBlockstore()
  }

  const folder = folderOf(directory)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files = pool == null ? new FsBlockstore(folder) : new LinkedBlockstore(folder, pool)
  await files.open()
  return files
}

/** The folder of the files of a directory. */
export function folderOf (directory: string): string {
  return join(directory, 'blocks')
}

/** Removes what FsBlockstore had begun to write: it renames `.<name>.tmp` to the name once that is whole. */
export async function removeUnfinished (multihash: Uint8Array, directory?: string): Promise<void> {
  if (directory != null) {
    const file = fileOf(folderOf(directory), multihash)
    await rm(join(dirname(file), `.${basename(file)}.tmp`), { force: true })
  }
}

/** Removes the files that no row knows: those of small blocks, which are written before it is certain that their row stays. */
export async function removeUnknown (directory: string, isKnown: (multihash: Uint8Array) => boolean): Promise<void> {
  for (const entry of await readdir(folderOf(directory), { recursive: true, withFileTypes: true })) {
    const multihash = multihashOfFile(entry.name)

    if (entry.isFile() && (multihash == null || !isKnown(multihash))) {
      await rm(join(entry.parentPath, entry.name), { force: true })
    }
  }
}

export async function writeFile (files: Blockstore, multihash: Uint8Array, bytes: Uint8Array, place: string): Promise<void> {
  try {
    await files.put(rawCid(multihash), bytes)
  } catch (err) {
    throw translated(err, place)
  }
}

/** FsBlockstore tells what the file system said in the text of its message alone. */
export function translated (err: unknown, place: string): unknown {
  return err instanceof Error && /\b(ENOSPC|EDQUOT)\b/.test(err.message) ? new StoreFullError(place) : err
}

/** Undefined where there is no such file; reads at most one chunk beyond the size. */
export async function readFile (files: Blockstore, multihash: Uint8Array, size: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0

  try {
    for await (const chunk of files.get(rawCid(multihash))) {
      chunks.push(chunk)
      length += chunk.byteLength

      if (length > size) {
        break
      }
    }
  } catch (err) {
    // FsBlockstore calls every failure "not found", too many open files among them.
    if (err instanceof Error && (err.message.includes('ENOENT') || files instanceof MemoryBlockstore)) {
      return undefined
    }

    throw err
  }

  return Buffer.concat(chunks)
}

/** A small block that has a file; undefined where that is missing or damaged. */
export function readNow (directory: string, multihash: Uint8Array): Uint8Array | undefined {
  try {
    const bytes = readFileSync(fileOf(folderOf(directory), multihash))
    return isIntact(multihash, bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : undefined
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined
    }

    throw err
  }
}

/** True also of hash functions other than SHA-256, which cannot be checked here. */
export function isIntact (multihash: Uint8Array, bytes: Uint8Array): boolean {
  return multihash[0] !== sha256.code || createHash('sha256').update(bytes).digest().equals(multihash.subarray(2))
}
