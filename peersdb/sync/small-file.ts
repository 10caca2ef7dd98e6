import { cidOf } from '../cid.ts'
import type { Store } from '../store/store.ts'
import type { CID } from 'multiformats/cid'

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
  const bytes = cid == null ? undefined : store.blocks.getSmall(cid.multihash.bytes)
  return cid == null || bytes == null || !isSmallFile(cid, bytes) ? undefined : { cid, bytes }
}

/** Whether a block is a whole file that may travel with its entry. */
export function isSmallFile ({ code }: CID, { byteLength }: Uint8Array): boolean {
  return code === rawCode && byteLength <= inlineFileBytesMax
}

function readCid (text: string): CID | undefined {
  try {
    return cidOf(text)
  } catch {
    return undefined
  }
}
