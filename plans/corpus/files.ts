import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { CorpusError } from './item.ts'

/** The most that one contribution may hold. */
export const MAX_BYTES = 64 * 1024 * 1024

/** Bytes of a file from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Tells whether a file is still the one that was looked at. */
export interface FileStamp {
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/**
 * Checks that these files can be read and are not too large to be one contribution together, without reading them.
 *
 * @throws {CorpusError} for the first that cannot, in the order given
 */
export async function checkReadable (paths: readonly string[]): Promise<void> {
  let sumBytes = 0
  for (const path of paths) {
    // Opening asks the question itself; access(2) would ask it for another user where a program runs with changed rights.
    sumBytes += await withFile(path, async (_, stamp) => stamp.sizeBytes)
    if (sumBytes > MAX_BYTES) throw tooLarge(path, sumBytes)
  }
}

/** The whole of a file. @throws {CorpusError} when it cannot be read or is too large */
export async function readWhole (path: string): Promise<Uint8Array> {
  return withFile(path, (file, stamp) => readRange(file, path, { start: 0, end: stamp.sizeBytes }))
}

/** The whole of a file with what it takes to read parts of it later. @throws {CorpusError} as {@link readWhole} */
export async function readStamped (path: string): Promise<{ bytes: Uint8Array, stamp: FileStamp }> {
  return withFile(path, async (file, stamp) => ({ bytes: await readRange(file, path, { start: 0, end: stamp.sizeBytes }), stamp }))
}

/** Up to this many bytes from the start of a file. @throws {CorpusError} when it cannot be read */
export async function readStart (path: string, maxBytes: number): Promise<Uint8Array> {
  return withFile(path, (file, stamp) => readRange(file, path, { start: 0, end: Math.min(stamp.sizeBytes, maxBytes) }), Infinity)
}

/**
 * Parts of a file, one after the other.
 *
 * @throws {CorpusError} when it cannot be read, or is no longer the file of that stamp
 */
export async function readRanges (path: string, ranges: readonly ByteRange[], expected: FileStamp): Promise<Uint8Array> {
  return withFile(path, async (file, stamp) => {
    if (stamp.sizeBytes !== expected.sizeBytes || stamp.modifiedMs !== expected.modifiedMs) throw changed(path)
    const parts: Uint8Array[] = []
    for (const range of ranges) parts.push(await readRange(file, path, range))
    return Buffer.concat(parts)
  })
}

/** The sentence for a file or directory that the system refuses. */
export function unreadable (path: string, error: unknown): CorpusError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  const reasons: Record<string, string> = {
    EACCES: 'this user may not read it. Give the permission, or take it out of the corpus directory',
    EPERM: 'this user may not read it. Give the permission, or take it out of the corpus directory',
    ENOENT: 'it is not there, or is a link to a file that is not there. Put the file back, or remove the link',
    ELOOP: 'it is a link that leads back to itself. Remove the link'
  }
  const reason = code === undefined ? undefined : reasons[code]
  const text = reason ?? `${error instanceof Error ? error.message : String(error)}. Repair it, or take it out of the corpus directory`
  return new CorpusError(`Corpus file ${path} cannot be read: ${text}.`, { cause: error })
}

async function withFile<T> (path: string, use: (file: FileHandle, stamp: FileStamp) => Promise<T>, maxBytes = MAX_BYTES): Promise<T> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { size, mtimeMs } = await file.stat()
    if (size > maxBytes) throw tooLarge(path, size)
    return await use(file, { sizeBytes: size, modifiedMs: mtimeMs })
  } catch (error) {
    throw error instanceof CorpusError ? error : unreadable(path, error)
  } finally {
    await file?.close()
  }
}

async function readRange (file: FileHandle, path: string, { start, end }: ByteRange): Promise<Uint8Array> {
  const bytes = Buffer.alloc(end - start)
  let done = 0
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done)
    if (bytesRead === 0) throw changed(path)
    done += bytesRead
  }
  return bytes
}

function changed (path: string): CorpusError {
  return new CorpusError(`Corpus file ${path} changed while the corpus was in use. Leave the files alone during a run, and start it again.`)
}

function tooLarge (path: string, sizeBytes: number): CorpusError {
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`
  return new CorpusError(`Corpus file ${path} makes a contribution of ${mebibytes(sizeBytes)}, more than the ${mebibytes(MAX_BYTES)} that one ` +
    'may hold. Split it, or take it out of the corpus directory.')
}
