import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { NextToLast } from 'blockstore-fs/sharding'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import { CorruptBlockError, openStore, smallBytesMax } from './index.ts'
import { cidOf } from './samples.test-helper.ts'
import type { Store } from './index.ts'

const dagCbor = 0x71
const dagPb = 0x70

let directory: string

beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peersdb-store-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

function blockOf (text: string, size: number): Uint8Array {
  return new TextEncoder().encode(text.repeat(Math.ceil(size / text.length))).subarray(0, size)
}

async function filesOnDisk (): Promise<string[]> {
  const entries = await readdir(join(directory, 'blocks'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

describe.each(['on disk', 'in memory'])('blocks %s', (where) => {
  let store: Store

  beforeEach(async () => { store = await openStore(where === 'on disk' ? { directory } : {}) })
  afterEach(async () => { await store.close() })

  test.each([0, 1, 5000, smallBytesMax, smallBytesMax + 1, 1_000_000])('of %i bytes come back as they were', async (size) => {
    const bytes = blockOf(`block of ${size}`, size)
    const cid = cidOf(bytes)
    expect([store.blocks.has(cid.multihash.bytes), store.blocks.sizeOf(cid.multihash.bytes)]).toEqual([false, undefined])
    expect(await store.blocks.get(cid)).toBeUndefined()
    await store.blocks.put(cid, bytes)
    await store.blocks.put(cid, bytes)
    expect(Buffer.compare(await store.blocks.get(cid) ?? Buffer.from('none'), bytes)).toBe(0)
    expect([store.blocks.has(cid.multihash.bytes), store.blocks.sizeOf(cid.multihash.bytes)]).toEqual([true, size])
    expect(store.blocks.getSmall(cid.multihash.bytes)?.byteLength).toBe(size <= smallBytesMax ? size : undefined)
  })

  test('are the same block under every CID of their bytes', async () => {
    const bytes = blockOf('shared', 200_000)
    await store.blocks.put(cidOf(bytes, dagPb), bytes)
    expect(await store.blocks.get(CID.createV0(Digest.create(sha256.code, cidOf(bytes).multihash.digest)))).toHaveLength(200_000)
    expect(await store.blocks.get(cidOf(bytes, raw.code))).toHaveLength(200_000)
    expect([...store.blocks.list()]).toEqual([cidOf(bytes).multihash.bytes])
  })

  test('tell whether they are new', () => {
    const { bytes: multihash } = cidOf('a').multihash
    expect(store.blocks.putSmall(multihash, blockOf('a', 1))).toBe(true)
    expect(store.blocks.putSmall(multihash, blockOf('a', 1))).toBe(false)
    expect(() => store.blocks.putSmall(multihash, new Uint8Array(smallBytesMax + 1))).toThrow(InvalidInputError)
  })

  test('survive being put and deleted by many at once', async () => {
    const bytes = blockOf('contested', 180_000)
    const cid = cidOf(bytes)
    const emptyBytes = store.sizeBytes()
    const remove = () => store.blocks.delete(cid.multihash.bytes)
    await Promise.all(Array.from({ length: 21 }, (_, i) => i % 3 === 1 ? remove() : store.blocks.put(cid, bytes)))
    expect(await store.blocks.get(cid)).toHaveLength(180_000)
    expect(store.sizeBytes()).toBe(emptyBytes + 180_000)
    expect(await store.blocks.delete(cid.multihash.bytes)).toBe(180_000)
    expect(store.sizeBytes()).toBe(emptyBytes)
    expect(await store.blocks.delete(cid.multihash.bytes)).toBe(0)
    expect(await store.blocks.get(cid)).toBeUndefined()
  })
})

describe('a large block on disk', () => {
  const bytes = blockOf('precious', 200_000)
  const cid = cidOf(bytes)

  test.each([
    ['is damaged', (file: string) => writeFile(file, blockOf('worthless', 200_000))],
    ['is damaged', (file: string) => truncate(file, 199_999)],
    ['is damaged', (file: string) => writeFile(file, blockOf('precious', 200_001))],
    ['is missing', (file: string) => rm(file)]
  ])('that %s is dropped, and its file is wanted again', async (what, harm) => {
    const store = await openStore({ directory })
    const file = cidOf('the root')
    store.blocks.putSmall(file.multihash.bytes, blockOf('the root', 8))
    await store.blocks.put(cid, bytes)
    store.files.hold(file, [cid.multihash.bytes])
    await harm((await filesOnDisk())[0]!)

    await expect(store.blocks.get(cid)).rejects.toThrow(`block ${cid.toString()} of the store in ${directory} ${what} on disk and was dropped`)
    expect([store.blocks.has(cid.multihash.bytes), store.files.isHeld(file)]).toEqual([false, false])
    expect([...store.files.wanted()].map(String)).toEqual([file.toString()])
    expect(await filesOnDisk()).toEqual([])

    await store.blocks.put(cid, bytes)
    store.files.hold(file, [cid.multihash.bytes])
    expect(await store.blocks.get(cid)).toHaveLength(200_000)
    await store.close()
  })

  test('that a crash left half written is removed at the next opening', async () => {
    const store = await openStore({ directory })
    await store.blocks.put(cid, bytes)
    await store.close()
    // The row is taken back, as if the process had died before it was written.
    const database = new DatabaseSync(join(directory, 'peer.db'))
    database.exec('INSERT INTO large_pending (multihash) SELECT multihash FROM blocks; DELETE FROM blocks')
    database.close()
    expect(await filesOnDisk()).toHaveLength(1)
    const again = await openStore({ directory })
    expect(await filesOnDisk()).toEqual([])
    await again.blocks.put(cid, bytes)
    await again.close()
    const third = await openStore({ directory })
    expect(await third.blocks.get(cid)).toHaveLength(200_000)
    await third.close()
  })

  test('that cannot be written is not there, and takes no room', async () => {
    const store = await openStore({ directory })
    const { dir, file } = new NextToLast().encode(cid)
    const obstacle = join(directory, 'blocks', dir, `.${file}.tmp`)
    await mkdir(obstacle, { recursive: true })
    const emptyBytes = store.sizeBytes()
    await expect(store.blocks.put(cid, bytes)).rejects.toThrow('EISDIR')
    expect([store.blocks.has(cid.multihash.bytes), store.sizeBytes()]).toEqual([false, emptyBytes])
    await rm(obstacle, { recursive: true })
    await store.blocks.put(cid, bytes)
    expect([store.blocks.has(cid.multihash.bytes), store.sizeBytes()]).toEqual([true, emptyBytes + 200_000])
    await store.close()
  })

  test('is not called damaged when reading failed for another reason', async () => {
    const store = await openStore({ directory })
    await store.blocks.put(cid, bytes)
    const [file] = await filesOnDisk()
    await rm(file!)
    // A symbolic link to itself cannot be opened, which is no statement about the block.
    await symlink(file!, file!)
    const outcome = await store.blocks.get(cid).catch((err: Error) => err)
    expect(outcome).toBeInstanceOf(Error)
    expect(outcome).not.toBeInstanceOf(CorruptBlockError)
    expect(store.blocks.has(cid.multihash.bytes)).toBe(true)
    await store.close()
  })
})

test('DAG-CBOR blocks, small or large, are never garbage', async () => {
  const store = await openStore({ directory })

  for (const bytes of [blockOf('entry', 500), blockOf('manifest', 170_000)]) {
    await store.blocks.put(cidOf(bytes), bytes)
    await store.blocks.put(cidOf(bytes, dagCbor), bytes)
  }

  await store.blocks.put(cidOf('raw'), blockOf('raw', 3))
  expect(await store.collectGarbage()).toBe(3)
  expect([...store.blocks.list()]).toHaveLength(2)
  await store.close()
})
