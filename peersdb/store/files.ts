import { cidOf } from '../cid.ts'
import { MissingBlockError } from './errors.ts'
import { rawCid } from './multihash.ts'
import type { Blocks } from './blocks.ts'
import type { Database } from './database.ts'
import type { CID } from 'multiformats/cid'

/** Which files are wanted, held and pinned, and which blocks they consist of. A file is known by its root's multihash. */
export interface Files {
  /** Pins a file that is to be fetched; true when it was not wanted or held before. */
  want (cid: CID): boolean
  /**
   * The file is here as a whole, in these blocks (with its root or without), and pinned.
   *
   * @throws {MissingBlockError} where one of them is not stored
   */
  hold (cid: CID, blocks: Iterable<Uint8Array>): void
  isHeld (cid: CID): boolean
  isPinned (cid: CID): boolean
  /** What is pinned but not yet held, such as after a restart. */
  wanted (): Generator<CID>
  /** Blocks that arrived of a file that is not whole yet: they are kept as long as it is pinned. */
  link (cid: CID, blocks: Iterable<Uint8Array>): void
  /** Lets garbage collection remove the file; true when it was pinned. */
  unpin (cid: CID): boolean
  readonly held: number
}

interface FileRow { state: number, pinned: number }

const states = { wanted: 0, held: 1 }

export function createFiles (database: Database, blocks: Blocks): Files {
  const row = ({ multihash }: CID): FileRow | undefined =>
    database.get<FileRow>('SELECT state, pinned FROM files WHERE multihash = ?', multihash.bytes)

  function pin (cid: CID, state: number): void {
    database.run(`INSERT INTO files (multihash, cid, state, pinned) VALUES (?, ?, ?, 1)
      ON CONFLICT DO UPDATE SET state = max(state, excluded.state), pinned = 1`, cid.multihash.bytes, cid.toString(), state)
  }

  /** A link to the root itself says nothing, so that a file of one block has none. */
  function linkAll ({ multihash: { bytes: file } }: CID, linked: Iterable<Uint8Array>): void {
    for (const block of linked) {
      if (Buffer.compare(block, file) !== 0) {
        database.run('INSERT OR IGNORE INTO file_blocks (block, file) VALUES (?, ?)', block, file)
      }
    }
  }

  return {
    want: (cid) => database.transaction(() => {
      const before = row(cid)
      pin(cid, states.wanted)
      return before == null || (before.state === states.wanted && before.pinned === 0)
    }),
    hold: (cid, linked) => {
      const all = [cid.multihash.bytes, ...linked]
      const missing = all.find((block) => !isInline(block) && !blocks.has(block))

      if (missing != null) {
        throw new MissingBlockError(cid.toString(), rawCid(missing).toString())
      }

      database.transaction(() => {
        pin(cid, states.held)
        linkAll(cid, all)
      })
    },
    isHeld: (cid) => row(cid)?.state === states.held,
    isPinned: (cid) => row(cid)?.pinned === 1,
    wanted: function * () {
      for (let after: Uint8Array = new Uint8Array(0), page; ; after = page.at(-1)?.multihash ?? after) {
        page = database.all<{ multihash: Uint8Array, cid: string }>(
          'SELECT multihash, cid FROM files WHERE state = 0 AND pinned = 1 AND multihash > ? ORDER BY multihash LIMIT 256', after)

        if (page.length === 0) {
          return
        }

        yield * page.map(({ cid }) => cidOf(cid))
      }
    },
    link: (cid, linked) => database.transaction(() => {
      database.run('INSERT OR IGNORE INTO files (multihash, cid, state, pinned) VALUES (?, ?, 0, 0)', cid.multihash.bytes, cid.toString())
      linkAll(cid, linked)
    }),
    unpin: ({ multihash }) => database.makeRoom(() =>
      database.run('UPDATE files SET pinned = 0 WHERE multihash = ? AND pinned = 1', multihash.bytes).changes !== 0),
    get held () {
      return database.get<{ count: number }>('SELECT count(*) AS count FROM files WHERE state = 1')?.count ?? 0
    }
  }
}

/** Whether the bytes are in the multihash itself (its function is "identity"), where no store needs to keep them. */
function isInline (multihash: Uint8Array): boolean {
  return multihash[0] === 0
}
