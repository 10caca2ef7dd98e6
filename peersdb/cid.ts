import { CID } from 'multiformats/cid'

/** How many CIDs are remembered: more than are under way at a time, and a megabyte or two. */
const parsedMax = 2048
/** Longer ones hold their content in themselves, and a peer could fill the memory with them. */
const textLengthMax = 128
/** By text, the oldest first. */
const parsed = new Map<string, CID>()

/**
 * A CID from its text. An entry's is needed at every step from its check to the keeping of its file, and reading it anew each
 * time took a seventh of what a newcomer does.
 *
 * @throws {Error} where the text is none
 */
export function cidOf (text: string): CID {
  const known = parsed.get(text)

  if (known != null) {
    return known
  }

  const cid = CID.parse(text)

  if (text.length > textLengthMax) {
    return cid
  }

  const [oldest] = parsed.keys()

  if (parsed.size >= parsedMax && oldest != null) {
    parsed.delete(oldest)
  }

  parsed.set(text, cid)
  return cid
}
