import type { Blocks } from './blocks.ts'

/**
 * Blocks that take a while to be read and written, as on a slow disk. What is read and written at once (entries of the log, and files
 * that travel with them) does not.
 */
export function slowBlocks (blocks: Blocks, delayMs: number): Blocks {
  const pause = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, delayMs) })
  return {
    has: (multihash) => blocks.has(multihash),
    sizeOf: (multihash) => blocks.sizeOf(multihash),
    getSmall: (multihash) => blocks.getSmall(multihash),
    putSmall: (multihash, bytes, options) => blocks.putSmall(multihash, bytes, options),
    get: async (cid) => {
      await pause()
      return blocks.get(cid)
    },
    put: async (cid, bytes) => {
      await pause()
      await blocks.put(cid, bytes)
    },
    delete: (multihash, onlyIf) => blocks.delete(multihash, onlyIf),
    removeSmall: (id) => { blocks.removeSmall(id) },
    list: () => blocks.list(),
    protect: () => blocks.protect(),
    isProtected: (multihash) => blocks.isProtected(multihash)
  }
}
