import { createHash } from 'node:crypto'
import { isArchive, readArchive } from './archive.ts'
import { orAborted } from './clock.ts'
import { readFile } from './content-file.ts'
import type { ContentFile } from './content-file.ts'
import type { NamedContent } from '../files/listing.ts'

/** What a contribution consists of; the problem completes "it ...", and is a reason not to judge it. */
export type Content = { files: ContentFile[], sizeBytes: number, sha256: string } | { problem: string }

const maxFiles = 256
const maxArchiveEntries = 256

/**
 * Reads content of a stranger: a file, or all files of a directory, of which no more than `maxBytes` is held, archives among
 * them unpacked. The digest is that of the file, or of the digests and paths of all files.
 */
export async function readContent (
  name: string, source: AsyncIterable<NamedContent>, maxBytes: number, signal: AbortSignal
): Promise<Content> {
  const files: ContentFile[] = []
  const digests: string[] = []
  let sizeBytes = 0
  let left = maxBytes

  for await (const { path, content } of heeding(source, signal)) {
    if (digests.length === maxFiles) {
      return { problem: `has more than ${maxFiles} files, which are as many as are checked` }
    }

    const bytes = await readBytes(content, left, signal)

    if (bytes == null) {
      return { problem: `has more than ${maxBytes} bytes, which are as many as are checked` }
    }

    const read = readFiles(path === '' ? name : path, bytes, left)
    const digest = createHash('sha256').update(bytes).digest('hex')
    files.push(...read.files)
    digests.push(path === '' ? digest : `${digest} ${path}`)
    sizeBytes += bytes.byteLength
    left -= read.bytes
  }

  const [first = ''] = digests
  const isAlone = digests.length === 1 && !first.includes(' ')
  const sha256 = isAlone ? first : createHash('sha256').update(digests.sort().join('\n')).digest('hex')
  return { files, sizeBytes, sha256 }
}

/** A source that does not heed its signal must not hold up who reads it. */
async function * heeding<T> (source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let isWhole = false

  try {
    while (true) {
      const { done, value } = await orAborted(iterator.next(), signal)

      if (done === true) {
        isWhole = true
        return
      }

      yield value
    }
  } finally {
    if (!isWhole && !signal.aborted) {
      await iterator.return?.()
    }
  }
}

/** Undefined where there are more bytes than allowed. */
async function readBytes (source: AsyncIterable<Uint8Array>, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0

  for await (const chunk of heeding(source, signal)) {
    length += chunk.byteLength
    chunks.push(chunk)

    if (length > maxBytes) {
      return undefined
    }
  }

  return Buffer.concat(chunks)
}

/** Takes a file apart if it is an archive, and tells how many bytes that takes. */
function readFiles (name: string, bytes: Uint8Array, maxBytes: number): { files: ContentFile[], bytes: number } {
  if (!isArchive(bytes)) {
    return { files: [readFile(name, bytes)], bytes: bytes.byteLength }
  }

  const archive = readArchive(bytes, { maxEntries: maxArchiveEntries, maxBytes })

  if ('problem' in archive) {
    return { files: [{ kind: 'broken', name, problem: archive.problem }], bytes: bytes.byteLength }
  }

  return {
    files: archive.entries.map((entry) => readFile(entry.name, entry.bytes)),
    bytes: archive.entries.reduce((sum, entry) => sum + entry.bytes.byteLength, bytes.byteLength)
  }
}
