import { importContent } from '../files/content.ts'
import { openStore } from '../store/index.ts'
import type { Content } from '../api.ts'
import type { CID } from 'multiformats/cid'

export interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** The blocks that some content consists of, its root last. */
export async function blocksOf (content: Content): Promise<Block[]> {
  const store = await openStore()
  const { cid: root, small } = await importContent(store, content, {})
  const blocks = small == null ? [] : [{ cid: root, bytes: small }]

  for await (const { cid } of store.blockstore.getAll()) {
    const isRoot = Buffer.compare(cid.multihash.bytes, root.multihash.bytes) === 0
    blocks.push({ cid: isRoot ? root : cid, bytes: (await store.blocks.get(cid))! })
  }

  await store.close()
  return blocks
}
