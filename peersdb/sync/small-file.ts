import { CID } from 'multiformats/cid'
import type { Store } from '../store/store.ts'

/** A file up to this size travels with its entry, in bytes. */
export const inlineFileBytesMax = 64 * 1024
const rawCode = 0x55

/**
 * A file that is one raw block and may travel with its entry; undefined where it is not, or not here.
 *
 * @param cidText - what the entry has as its CID, which may be anything where the entry is of a later schema
 */
export function smallFile (store: Store, cidText: unknown): { cid: CID, bytes: Uint8Array } | undefined {
  const cid = typeof cidText === 'string' ? readCid(cidText) : undefined
  const bytes = cid?.code === rawCode ? store.blocks.getSmall(cid.multihash.bytes) : undefined
  return cid == null || bytes == null || bytes.byteLength > inlineFileBytesMax ? undefined : { cid, bytes }
}

function readCid (text: string): CID | undefined {
  try {
    return CID.parse(text)
  } catch {
    return undefined
  }
}
