import { importContent } from './content.ts'
import { linksOf } from './file-blocks.ts'
import { openStore } from '../store/index.ts'
import type { Imported } from './content.ts'
import type { Cancellable, Content } from '../api.ts'
import type { Store } from '../store/index.ts'
import type { CID } from 'multiformats/cid'

/** Whether a leaf is kept, by its place among those of the file, from 0. */
export type KeepLeaf = (place: number) => boolean

interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
  readonly isLeaf: boolean
}

/**
 * Turns content into UnixFS blocks as `importContent` does, and stores all that lead to leaves, but of the leaves only those that
 * are kept. All blocks are held in memory meanwhile.
 *
 * @returns the blocks that were stored, and whether they are the whole of it
 * @throws what `importContent` does
 */
export async function importPart (
  store: Store, content: Content, keepLeaf: KeepLeaf, options: Cancellable
): Promise<Omit<Imported, 'small'> & { isWhole: boolean }> {
  const all = await openStore()

  try {
    const { small, ...imported } = await importContent(all, content, options)
    await (small == null ? undefined : all.blocks.put(imported.cid, small))
    const kept = new Map<string, Uint8Array>()
    const left: CID[] = []
    let leaves = 0

    for await (const { cid, bytes, isLeaf } of inOrder(all, imported.cid)) {
      if (!isLeaf || keepLeaf(leaves++)) {
        await store.blocks.put(cid, bytes)
        kept.set(cid.toString(), cid.multihash.bytes)
      } else {
        left.push(cid)
      }
    }

    // Where the same bytes are at several places, one of them is enough.
    return { ...imported, blocks: [...kept.values()], isWhole: left.every((cid) => kept.has(cid.toString())) }
  } finally {
    await all.close()
  }
}

/** The blocks of a file or a directory, its leaves as they follow each other in the content. */
async function * inOrder (store: Store, root: CID): AsyncGenerator<Block> {
  const bytes = await store.blocks.get(root) as Uint8Array
  const links = linksOf(root, bytes)
  yield { cid: root, bytes, isLeaf: links.length === 0 }

  for (const { cid } of links) {
    yield * inOrder(store, cid)
  }
}
