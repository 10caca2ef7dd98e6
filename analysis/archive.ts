import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import * as tar from 'tar-stream'
import { ArchiveError } from './errors.ts'
import { plain } from './rows.ts'
import type { InstanceId } from './rows.ts'

/** A member that is read whole, such as run.json, in bytes; one with rows is read as a stream. */
const textBytesMax = 32 << 20
/** More than any run writes into one file; an archive of a few bytes can claim it. */
const memberBytesMax = 64 * 2 ** 30
/** A megabyte of compressed zeros would otherwise hold a thousand megabytes of member after member. */
const membersMax = 2_000_000
const chunkBytes = 1 << 18
const namedMax = 3

type Entry = tar.Extract extends AsyncIterable<infer Each> ? Each : never

/** A file of a run, as it comes along in an archive; what is not read of it is passed over. */
export type Member =
  | { kind: 'rows' | 'events', id: InstanceId, place: string, chunks: AsyncIterable<Buffer> }
  /** A record of the run folder, or, where `run` is named, a file of that run as a whole. */
  | { kind: 'other', run: string, name: string, text: () => Promise<string> }

/** What a member that is read is called: the two records, and files of a run as a whole. */
const recordName = /^(?:.*\/)?(?:run|outcome)\.json$/
const instanceFile = /^(?:(.*)\/)?([^/]+)\/([^/]+)\/(0|[1-9]\d{0,8})\/(results|run)\.out$/
const runFile = /^(?:.*\/)?instances\/([^/]+)\/((?:sequence\.csv)|(?:simulation|faults)\.json)$/

/**
 * Reads an archive that Testground collected, or that was made of a run folder: tar, with or without gzip. Nothing of it
 * is written anywhere, and no more than a chunk of it held.
 *
 * @param onMember - is awaited before the next member is read
 * @param problems - hears what was passed over, and whether the archive ends too soon, one sentence each
 * @throws ArchiveError when it is no archive, a path leads out of it, or a member is larger than any run writes
 */
export async function readArchive (path: string, onMember: (member: Member) => Promise<void>, problems: string[]): Promise<void> {
  const extract = tar.extract()
  const unpack = await isGzip(path) ? [createGunzip({ chunkSize: chunkBytes })] : []
  const feeding = pipeline([createReadStream(path, { highWaterMark: chunkBytes }), ...unpack, extract]).catch(() => {
    // The same error ends the loop below, which tells it.
  })
  const passedOver: string[] = []
  let members = 0
  try {
    for await (const entry of extract) {
      if (++members > membersMax) throw new ArchiveError(`${path} has more than ${membersMax} members, which no run leaves behind: it is not read any further.`)
      const member = memberOf(path, entry, passedOver)
      if (member !== undefined) await onMember(member)
      entry.resume()
    }
  } catch (error) {
    if (error instanceof ArchiveError) throw error
    if (members === 0) throw new ArchiveError(`${path} is no archive of a run (${(error as Error).message}): give a run folder, or the .tgz that "testground collect" wrote.`)
    problems.push(`The archive is cut short or broken behind ${members} members (${plain((error as Error).message)}): what comes before is read.`)
  } finally {
    extract.destroy()
    await feeding
  }
  problems.push(...passedOver.slice(0, namedMax))
  if (passedOver.length > namedMax) problems.push(`The archive has ${passedOver.length - namedMax} more members that are passed over for such reasons.`)
}

function memberOf (archive: string, entry: Entry, passedOver: string[]): Member | undefined {
  const { name, type, size } = entry.header
  const path = name.replace(/^(\.\/)+/, '')
  const shown = plain(path.slice(0, 200))
  if (path.startsWith('/') || path.includes('\\') || path.split('/').includes('..')) {
    throw new ArchiveError(`${archive} holds "${shown}", a path that leads out of it: no run leaves such an archive behind, and nothing of it is used.`)
  }
  if (type === 'directory') return undefined
  if (type !== 'file' && type !== 'contiguous-file') {
    passedOver.push(`${shown} is ${type.includes('link') ? 'a link' : 'no file'} and is not followed.`)
    return undefined
  }
  const [, prefix = '', run = '', group = '', index = '', file = ''] = instanceFile.exec(path) ?? []
  const limit = file === 'results' || file === 'run' ? memberBytesMax : textBytesMax
  const isWanted = file !== '' || recordName.test(path) || runFile.test(path)
  if (isWanted && size > limit) {
    throw new ArchiveError(`${archive} holds "${shown}" of ${size} bytes, where ${limit} are the most that is read: nothing of it is used.`)
  }
  if (file !== '') {
    const id = { run, group, index: Number(index) }
    return { kind: file === 'results' ? 'rows' : 'events', id, place: prefix, chunks: entry as AsyncIterable<Buffer> }
  }
  const [, ofRun = '', named = path.slice(path.lastIndexOf('/') + 1)] = runFile.exec(path) ?? []
  return isWanted ? { kind: 'other', run: ofRun, name: named, text: () => textOf(entry) } : undefined
}

async function textOf (entry: Entry): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** Whether a file is an archive by its name; what is in it is looked at when it is read. */
export function isArchiveName (name: string): boolean {
  return /\.(tgz|tar\.gz|tar)$/i.test(name)
}

async function isGzip (path: string): Promise<boolean> {
  const file = await open(path).catch((error: unknown) => {
    throw new ArchiveError(`${path} cannot be read: ${(error as Error).message}. Check the path and its permissions.`)
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    if (bytesRead === 0) throw new ArchiveError(`${path} is empty and no archive of a run: collect the run again.`)
    return buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}
