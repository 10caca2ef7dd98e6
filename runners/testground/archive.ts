import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { ArchiveError } from './errors.ts'
import type { Header } from 'tar-stream'
import type { RunSpec } from '../composition/index.ts'

export interface ArchiveLimits {
  readonly bytesMax: number
  readonly filesMax: number
}

/** More than any run leaves that a folder could be analysed of. */
export const archiveLimits: ArchiveLimits = { bytesMax: 16 * 2 ** 30, filesMax: 200_000 }

export interface UnpackInit {
  /** The compressed archive, as it comes. */
  readonly archive: AsyncIterable<Buffer>
  readonly run: RunSpec
  /** The first directory of all its paths. */
  readonly taskId: string
  readonly instanceDirectory: (group: string, index: number) => string
  readonly limits?: ArchiveLimits
  readonly signal: AbortSignal
}

/**
 * Unpacks what Testground collected, `<task>/<group>/<index>/…`, into the directories of the instances of a run.
 *
 * @returns what was left out, a sentence each
 * @throws {ArchiveError} for a path that leads out of there, for more than is taken, and for what is cut short or no archive
 */
export async function unpack ({ archive, run, taskId, instanceDirectory, limits = archiveLimits, signal }: UnpackInit): Promise<string[]> {
  const tar = extract()
  const leftOut = new Map<string, number>()
  const taken = { bytes: 0, files: 0 }
  const skip = (why: string): void => { leftOut.set(why, (leftOut.get(why) ?? 0) + 1) }
  const fed = pipeline(Readable.from(archive), createGunzip(), tar, { signal })
  fed.catch(() => {})

  try {
    for await (const entry of tar as AsyncIterable<Entry>) {
      const place = placeOf(entry, run, taskId, skip)

      if (place == null) {
        entry.resume()
      } else if (++taken.files > limits.filesMax) {
        throw new ArchiveError(`the archive of task ${taskId} holds more than ${limits.filesMax} files, the most that is taken`)
      } else {
        await write(entry, join(instanceDirectory(place.group, place.index), place.path), taken, limits, taskId)
      }
    }

    await fed
  } catch (err) {
    signal.throwIfAborted()
    tar.destroy()
    throw err instanceof ArchiveError || (err as Error).name === 'DaemonRefusalError'
      ? err
      : new ArchiveError(`the archive of task ${taskId} is cut short or damaged (${(err as Error).message})`, { cause: err })
  }

  return [...leftOut].map(([why, count]) => `${count} ${count === 1 ? 'entry' : 'entries'} of the archive ${count === 1 ? 'was' : 'were'} left out: ${why}`)
}

type Entry = Readable & { readonly header: Header }
interface Place { group: string, index: number, path: string }

/** Where a file belongs; undefined where it is none, or belongs to no instance of the run. */
function placeOf ({ header: { name, type } }: Entry, run: RunSpec, taskId: string, skip: (why: string) => void): Place | undefined {
  const steps = name.split('/').filter((step) => step !== '' && step !== '.')

  if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || steps.includes('..')) {
    throw new ArchiveError(`the archive of task ${taskId} holds the path ${JSON.stringify(name)}, which leads out of it; nothing after it was taken`)
  }

  if (type === 'directory') {
    return undefined
  }

  const [first, group, index = '', ...path] = steps
  const known = run.groups.find(({ id }) => id === group)

  if (type !== 'file') {
    skip(`${type ?? 'something'} instead of a file`)
  } else if (first !== taskId || known == null || !/^\d{1,6}$/.test(index) || Number(index) >= known.count || path.length === 0) {
    skip('files of no instance of the run')
  } else {
    return { group: known.id, index: Number(index), path: join(...path) }
  }
}

async function write (entry: Entry, file: string, taken: { bytes: number }, { bytesMax }: ArchiveLimits, taskId: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const counted = new Transform({
    transform: (data: Buffer, _, done) => {
      taken.bytes += data.length
      done(taken.bytes > bytesMax
        ? new ArchiveError(`the archive of task ${taskId} holds more than ${bytesMax} bytes, the most that is taken`)
        : null, data)
    }
  })
  await pipeline(entry, counted, createWriteStream(file))
}
