import { unixfs } from '@helia/unixfs'
import { FileNotFoundError } from './errors.ts'
import type { Node } from './node.ts'
import type { CID } from 'multiformats/cid'

/** How long one attempt to fetch a file may take before it is tried again, in milliseconds. */
const attemptTimeoutMs = 15_000

/**
 * Bitswap's ledger keeps 1,024 wants of a peer and silently drops the rest, so that fewer
 * fetches than that may be under way; one file may have several blocks wanted at once.
 */
const maxConcurrentFetches = 256

export interface Files {
  /** Stores a file and pins it. */
  add (content: Uint8Array, options?: { signal?: AbortSignal }): Promise<CID>
  /** Reads a file, from here or from whichever connected peer has it. */
  read (cid: CID, options?: { signal?: AbortSignal, offline?: boolean }): AsyncGenerator<Uint8Array>
  /** Makes sure that the whole file is held here, pinned; tries again until it is, or until the signal. */
  replicate (cid: CID, options: { signal: AbortSignal }): Promise<void>
}

export function createFiles (node: Node): Files {
  const fs = unixfs(node)
  const slots = createSlots(maxConcurrentFetches)

  async function * read (cid: CID, options: { signal?: AbortSignal, offline?: boolean } = {}): AsyncGenerator<Uint8Array> {
    try {
      yield * fs.cat(cid, options)
    } catch (err) {
      options.signal?.throwIfAborted()
      throw new FileNotFoundError(`file ${cid.toString()} is not held here${options.offline === true ? '' : ' and no connected peer delivered it'}: ${(err as Error).message}`)
    }
  }

  async function pin (cid: CID, signal: AbortSignal): Promise<void> {
    if (await node.pins.isPinned(cid, { signal })) {
      return
    }

    for await (const _block of node.pins.add(cid, { signal })) {
      signal.throwIfAborted()
    }
  }

  return {
    add: async (content, options = {}) => {
      const cid = await fs.addBytes(content, options)
      await pin(cid, options.signal ?? AbortSignal.timeout(attemptTimeoutMs))
      return cid
    },
    read,
    replicate: async (cid, { signal }) => {
      await using _slot = await slots.take(signal)

      while (true) {
        try {
          await pin(cid, AbortSignal.any([signal, AbortSignal.timeout(attemptTimeoutMs)]))
          return
        } catch (err) {
          // A holder that left, or a want that was dropped, is made good by asking again.
          signal.throwIfAborted()

          if ((err as Error).name !== 'TimeoutError' && (err as Error).name !== 'AbortError') {
            throw err
          }
        }
      }
    }
  }
}

/** At most `count` holders at a time; the others wait in order. */
function createSlots (count: number): { take (signal: AbortSignal): Promise<AsyncDisposable> } {
  const waiting: Array<() => void> = []
  let free = count

  return {
    take: async (signal) => {
      signal.throwIfAborted()

      if (free === 0) {
        await new Promise<void>((resolve) => { waiting.push(resolve) })
      } else {
        free--
      }

      return {
        [Symbol.asyncDispose]: async () => {
          const next = waiting.shift()

          if (next == null) {
            free++
          } else {
            next()
          }
        }
      }
    }
  }
}
