import { InvalidInputError } from '../errors.ts'
import type { Cancellable } from '../api.ts'
import type { UnixFS } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'

/** A file, alone or within a directory. */
export interface NamedContent {
  /** From the directory on, such as `run 1/report.json`; empty where the file is alone. */
  path: string
  content: AsyncIterable<Uint8Array>
}

/** How many files and directories may be in one: a few blocks that refer to each other could stand for any number of them. */
const entriesMax = 1024

/**
 * The files that are in a directory and all below it, each to be read before the next is asked for; or the file itself.
 *
 * @throws {InvalidInputError} where they are too many
 */
export async function * listFiles (
  fs: UnixFS, root: CID, read: (cid: CID) => AsyncIterable<Uint8Array>, { signal }: Cancellable
): AsyncGenerator<NamedContent> {
  const waiting = [{ path: '', cid: root }]
  let entries = 0

  for (let next = waiting.shift(); next != null; next = waiting.shift()) {
    const { path, cid } = next

    if ((await fs.stat(cid, { signal })).type !== 'directory') {
      yield { path, content: read(cid) }
      continue
    }

    for await (const entry of fs.ls(cid, { signal })) {
      if (++entries > entriesMax) {
        throw new InvalidInputError(`the directory ${root.toString()} has more than ${entriesMax} files and directories in it`)
      }

      waiting.push({ path: path === '' ? entry.name : `${path}/${entry.name}`, cid: entry.cid })
    }
  }
}
