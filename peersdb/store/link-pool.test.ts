import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileOf } from './file-names.ts'
import { CorruptBlockError, openStore } from './index.ts'
import { cidOf } from './samples.test-helper.ts'
import type { Store, StoreInit } from './index.ts'
import type { Stats } from 'node:fs'
import type { CID } from 'multiformats/cid'

let directory: string
let poolDirectory: string
let stores: Map<string, Store>
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'peersdb-links-'))
  poolDirectory = join(directory, 'pool')
  stores = new Map()
})
afterEach(async () => {
  await Promise.all([...stores.values()].map((store) => store.close()))
  await rm(directory, { recursive: true })
})

/** Opens the store of that name, with the pool unless something else is asked for. */
async function open (name: string, init: StoreInit = { poolDirectory }): Promise<Store> {
  const store = await openStore({ directory: join(directory, name), ...init })
  stores.set(name, store)
  return store
}

async function close (name: string): Promise<void> {
  await stores.get(name)?.close()
  stores.delete(name)
}

function put (store: Store, bytes: Uint8Array): CID {
  const cid = cidOf(bytes)
  store.blocks.putSmall(cid.multihash.bytes, bytes)
  return cid
}

const fileIn = (name: string, cid: CID): string => fileOf(join(directory, name, 'blocks'), cid.multihash.bytes)
const pooled = (cid: CID): string => fileOf(join(poolDirectory, 'links'), cid.multihash.bytes)
const about = (file: string): Stats | undefined => statSync(file, { throwIfNoEntry: false })

async function filesBelow (place: string): Promise<number> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}

describe.each([['small', 50_000], ['large', 500_000]])('a %s block of two stores on disk', (_, size) => {
  it('is one file with a link for each of them and one for the pool, and counts as their own', async () => {
    const bytes = randomBytes(size)
    const cid = cidOf(bytes)

    for (const name of ['a', 'b']) {
      const store = await open(name)
      const emptyBytes = store.sizeBytes()
      await store.blocks.put(cid, bytes)
      expect(store.sizeBytes() - emptyBytes).toBeGreaterThanOrEqual(size)
      expect(store.sizeBytes() - emptyBytes).toBeLessThan(size + 10_000)
      expect(Buffer.from((await store.blocks.get(cid))!).equals(bytes)).toBe(true)
    }

    const [a, b, pool] = [fileIn('a', cid), fileIn('b', cid), pooled(cid)].map(about)
    expect(a).toMatchObject({ ino: pool!.ino, nlink: 3, size })
    expect(b).toMatchObject({ ino: pool!.ino })
  })

  it('stays for the other one when one removes it, and takes no room when both have', async () => {
    const bytes = randomBytes(size)
    const cid = cidOf(bytes)
    const [a, b] = [await open('a'), await open('b')]
    await a.blocks.put(cid, bytes)
    expect(b.blocks.has(cid.multihash.bytes)).toBe(false)
    await b.blocks.put(cid, bytes)
    expect(await a.blocks.delete(cid.multihash.bytes)).toBe(size)
    expect(await a.blocks.get(cid)).toBeUndefined()
    expect(Buffer.from((await b.blocks.get(cid))!).equals(bytes)).toBe(true)
    expect(about(pooled(cid))?.nlink).toBe(2)
    await b.collectGarbage()
    expect(b.blocks.has(cid.multihash.bytes)).toBe(false)
    expect(await filesBelow(directory)).toBe(await filesBelow(join(directory, 'a')) + await filesBelow(join(directory, 'b')))
  })

  it('is found damaged by whoever reads it, and comes back whole', async () => {
    const bytes = randomBytes(size)
    const cid = cidOf(bytes)
    const [a, b, c] = [await open('a'), await open('b'), await open('c')]
    await a.blocks.put(cid, bytes)
    await b.blocks.put(cid, bytes)
    a.files.hold(cid, [])
    await writeFile(pooled(cid), randomBytes(size))
    // One that comes later does not take what is damaged over.
    await c.blocks.put(cid, bytes)
    expect(Buffer.from((await c.blocks.get(cid))!).equals(bytes)).toBe(true)
    expect(a.blocks.getSmall(cid.multihash.bytes)).toBeUndefined()
    await expect(a.blocks.get(cid)).rejects.toThrow(CorruptBlockError)
    // It is wanted once more, and what comes is shared with the one that has it.
    expect(a.blocks.has(cid.multihash.bytes)).toBe(false)
    expect([...a.files.wanted()].map(String)).toEqual([cid.toString()])
    await a.blocks.put(cid, bytes)
    expect(Buffer.from((await a.blocks.get(cid))!).equals(bytes)).toBe(true)
    expect(about(fileIn('a', cid))?.ino).toBe(about(fileIn('c', cid))?.ino)
    await expect(b.blocks.get(cid)).rejects.toThrow(CorruptBlockError)
  })

  it('is still there when its store is opened again, and without the pool', async () => {
    const bytes = randomBytes(size)
    const cid = cidOf(bytes)
    await (await open('a')).blocks.put(cid, bytes)
    await close('a')
    await open('a')
    await close('a')
    await rm(poolDirectory, { recursive: true })
    const store = await open('a', {})
    expect(Buffer.from((await store.blocks.get(cid))!).equals(bytes)).toBe(true)
    expect(store.blocks.sizeOf(cid.multihash.bytes)).toBe(size)
  })
})

describe('a pool of blocks on disk', () => {
  it('has neither entries of the log, nor blocks that are smaller than a file, nor those of a store with a limit', async () => {
    const [store, limited] = [await open('a'), await open('b', { poolDirectory, bytesMax: 10_000_000 })]
    store.blocks.putSmall(cidOf('x'.repeat(8000)).multihash.bytes, Buffer.from('x'.repeat(8000)), { structure: true })
    put(store, Buffer.from('y'.repeat(4095)))
    put(limited, randomBytes(50_000))
    await limited.blocks.put(cidOf('z'.repeat(200_000)), Buffer.from('z'.repeat(200_000)))
    expect(await filesBelow(poolDirectory)).toBe(0)
    expect(store.blocks.getSmall(cidOf('x'.repeat(8000)).multihash.bytes)).toHaveLength(8000)
  })

  it('keeps nothing of a transaction that fails', async () => {
    const store = await open('a')
    const [bytes, emptyBytes] = [randomBytes(50_000), store.sizeBytes()]
    expect(() => store.transaction(() => {
      put(store, bytes)
      throw new Error('no power')
    })).toThrow('no power')
    await Promise.resolve()
    expect(await filesBelow(poolDirectory) + await filesBelow(join(directory, 'a', 'blocks'))).toBe(0)
    expect(store.sizeBytes()).toBe(emptyBytes)
    const cid = put(store, bytes)
    expect(Buffer.from(store.blocks.getSmall(cid.multihash.bytes)!).equals(bytes)).toBe(true)
  })

  it('has a block that comes while it is being removed', async () => {
    const store = await open('a')
    const bytes = randomBytes(50_000)
    const { multihash } = put(store, bytes)
    const removed = store.blocks.delete(multihash.bytes)
    await Promise.resolve()
    put(store, bytes)
    await removed
    await store.blocks.put(cidOf(bytes), bytes)
    expect(Buffer.from((await store.blocks.get(cidOf(bytes)))!).equals(bytes)).toBe(true)
  })

  it('is rid of what a crash left when the store is opened again', async () => {
    const store = await open('a')
    const cid = put(store, randomBytes(50_000))
    const lost = cidOf('lost')
    await close('a')
    await mkdir(join(fileIn('a', lost), '..'), { recursive: true })
    await writeFile(fileIn('a', lost), 'lost')
    await writeFile(join(fileIn('a', cid), '..', '.half.tmp'), 'half')
    const again = await open('a')
    expect(await filesBelow(join(directory, 'a', 'blocks'))).toBe(1)
    expect(again.blocks.getSmall(cid.multihash.bytes)).toHaveLength(50_000)
  })
})
