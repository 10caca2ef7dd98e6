import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { importContent } from '../files/content.ts'
import { openStore } from './index.ts'
import type { Store } from './index.ts'
import type { CID } from 'multiformats/cid'

let poolDirectory: string
let stores: Store[]
beforeEach(async () => {
  poolDirectory = join(await mkdtemp(join(tmpdir(), 'peersdb-pool-')), 'pool')
  stores = [await openStore({ poolDirectory }), await openStore({ poolDirectory })]
})
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await rm(join(poolDirectory, '..'), { recursive: true })
})

async function put (store: Store, content: Uint8Array): Promise<CID> {
  const { cid, small } = await importContent(store, content, {})

  if (small != null) {
    store.blocks.putSmall(cid.multihash.bytes, small)
  }

  return cid
}

async function poolBytes (): Promise<number> {
  const files = (await readdir(poolDirectory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

describe.each([['one block', 50_000], ['several large blocks', 2_500_000]])('a file of %s in a pool of blocks', (_, size) => {
  it('is there once for all stores, and each of them reads it', async () => {
    const content = randomBytes(size)

    for (const store of stores) {
      const cid = await put(store, content)
      expect(await store.blocks.get(cid)).toHaveLength(store.blocks.sizeOf(cid.multihash.bytes)!)
    }

    expect(await poolBytes()).toBeGreaterThan(0.99 * size)
    expect(await poolBytes()).toBeLessThan(1.01 * size)
  })

  it('is nothing that a store knows which did not put it there, and stays for the others when one removes it', async () => {
    const [one, other] = stores as [Store, Store]
    const cid = await put(one, randomBytes(size))
    expect(other.blocks.has(cid.multihash.bytes)).toBe(false)
    expect(await other.blocks.get(cid)).toBeUndefined()
    const root = (await one.blocks.get(cid))!
    await other.blocks.put(cid, root)
    await other.blocks.delete(cid.multihash.bytes)
    expect(await other.blocks.get(cid)).toBeUndefined()
    expect(Buffer.from((await one.blocks.get(cid))!).equals(root)).toBe(true)
  })
})
