import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { CorpusError } from './item.ts'
import type { ZipEntry } from '../../peersdb/records/zip.ts'

/** Files by their names within a directory, with `/` between folders. */
export type Files = Iterable<ZipEntry> | AsyncIterable<ZipEntry>

/** Files that are on their way to the disk while the next ones are made. */
const WRITES_AT_ONCE = 8

/**
 * Writes files into a directory that is new or empty. They go to a hidden one beside it first, which takes its place once all are there:
 * whatever happens, the directory is whole or not there.
 *
 * @param files each is asked for when there is room for it
 * @throws {CorpusError} where the directory cannot be had, or the disk is full; the signal's reason when it aborted
 */
export async function writeDirectory (target: string, files: Files, signal: AbortSignal): Promise<void> {
  await refuseContent(target)
  const draft = join(dirname(resolve(target)), `.${basename(resolve(target))}-${randomUUID().slice(0, 8)}`)
  await mkdir(draft).catch((error: unknown) => { throw unwritable(target, error) })
  try {
    await writeAll(draft, files, signal)
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw unwritable(target, error)
  }
}

async function writeAll (draft: string, files: Files, signal: AbortSignal): Promise<void> {
  const made = new Set([draft])
  const writing = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    const folder = dirname(path)
    // Two files of one folder may both make it, which is no harm.
    if (!made.has(folder)) await mkdir(folder, { recursive: true })
    made.add(folder)
    await writeFile(path, bytes, { flag: 'wx' })
  }
  try {
    for await (const { name, bytes } of files) {
      signal.throwIfAborted()
      const written = write(join(draft, name), bytes)
        .catch((error: unknown) => { failure ??= { error } })
        .finally(() => writing.delete(written))
      writing.add(written)
      if (writing.size >= WRITES_AT_ONCE) await Promise.race(writing)
      if (failure !== undefined) break
    }
  } finally {
    await Promise.all(writing)
  }
  if (failure !== undefined) throw failure.error
}

async function refuseContent (target: string): Promise<void> {
  const content = await readdir(target).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw unwritable(target, error)
  })
  if (content.length > 0) {
    throw new CorpusError(`Directory ${target} is not empty. Name one that is new or empty, so that nothing in it is mixed or overwritten.`)
  }
}

/** The sentence for what the system refuses; any other error stays what it is. */
function unwritable (target: string, error: unknown): unknown {
  const causes: Readonly<Record<string, string>> = {
    EACCES: 'this user may not write there. Name another place, or give the permission',
    EPERM: 'this user may not write there. Name another place, or give the permission',
    EROFS: 'it is on a read-only file system. Name another place',
    ENOENT: `the directory ${dirname(resolve(target))} above it does not exist. Make it first, or name another place`,
    ENOTDIR: 'it, or what is above it, is a file. Name another place',
    ENOSPC: 'the disk is full. Make room, name another place, or ask for fewer contributions',
    EDQUOT: 'the disk quota is used up. Make room, name another place, or ask for fewer contributions'
  }
  const code = codeOf(error)
  if (error instanceof CorpusError || code === undefined) return error
  const cause = causes[code] ?? `${(error as Error).message}. Name another place`
  return new CorpusError(`Directory ${target} cannot be written: ${cause}. Nothing is left of it.`, { cause: error })
}

/** The code of an error of the system. */
function codeOf (error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined
}
