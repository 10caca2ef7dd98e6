import { join } from 'node:path'
import { NextToLast } from 'blockstore-fs/sharding'
import { rawCid } from './multihash.ts'

const names = new NextToLast()

/** Where FsBlockstore keeps a block below its folder. */
export function fileOf (folder: string, multihash: Uint8Array): string {
  const { dir, file } = names.encode(rawCid(multihash))
  return join(folder, dir, file)
}

/** The multihash of the block that a file is named by; undefined where it is none, such as what is half written. */
export function multihashOfFile (name: string): Uint8Array | undefined {
  try {
    return name.startsWith('.') ? undefined : names.decode(name).multihash.bytes
  } catch {
    return undefined
  }
}
