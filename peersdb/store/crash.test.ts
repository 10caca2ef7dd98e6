import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { openStore, StoreInUseError } from './index.ts'
import { cidOf, contribute, digestOf } from './samples.test-helper.ts'
import type { Store } from './index.ts'

let directory: string

beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'peersdb-store-')) })
afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

/** Starts a process that contributes, and kills it when it has acknowledged so many; returns all that it acknowledged. */
async function contributeUntilKilled (first: number, count: number, pool: readonly string[]): Promise<number[]> {
  const helper = join(import.meta.dirname, 'crash.test-helper.ts')
  const child = spawn(process.execPath, [helper, directory, String(first), ...pool], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const acknowledged: number[] = []

  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(Number(line))

    if (acknowledged.length === count) {
      if (first === 0) {
        await expect(openStore({ directory })).rejects.toThrow(StoreInUseError)
      }

      child.kill('SIGKILL')
    }
  }

  await closed
  expect(child.signalCode).toBe('SIGKILL')
  return acknowledged
}

function expectWhole (store: Store, index: number): void {
  const entry = store.catalogue.get(digestOf(`entry ${index}`))
  const content = `file ${index} `.repeat(500)
  expect(entry?.contribution?.attributes['attribute-3']).toBe(String(index * 3))
  expect(store.catalogue.count({ attributes: { 'attribute-7': String(index * 7) }, cid: cidOf(content).toString(), held: true })).toBe(1)
  expect(store.blocks.getSmall(cidOf(content).multihash.bytes)).toEqual(new TextEncoder().encode(content))
  expect(store.blocks.sizeOf(cidOf(`entry ${index}`).multihash.bytes)).toBe(`entry ${index}`.length)
}

describe.each([
  { blocks: 'of its own', isShared: false, counts: [1, 150, 40, 90, 10] },
  { blocks: 'that it shares', isShared: true, counts: [1, 60, 20] }
])('a store with blocks $blocks', ({ isShared, counts }) => {
  it('has all that was acknowledged after its process is killed, and nothing by half', { timeout: 60_000 }, async () => {
    const acknowledged: number[] = []
    const pool = isShared ? [join(directory, 'pool')] : []

    // How far the child gets before the signal reaches it is up to the scheduler, which is what makes the moment random.
    for (const count of counts) {
      const first = (acknowledged.at(-1) ?? -1000) + 1000
      acknowledged.push(...await contributeUntilKilled(first, count, pool))
      const store = await openStore({ directory, poolDirectory: pool[0] })
      let files = 0

      for (const index of acknowledged) {
        expectWhole(store, index)
      }

      for (const { name } of store.catalogue.page({ limit: 1000 }).contributions) {
        expectWhole(store, Number(/\d+/.exec(name)![0]))
      }

      for await (const { cid } of store.blockstore.getAll()) {
        const bytes = await store.blocks.get(cid)
        expect(cidOf(bytes!).toString()).toBe(cid.toString())
        files += bytes!.byteLength >= (isShared ? 4096 : 200_000) ? 1 : 0
      }

      expect(store.catalogue.entries).toBe(store.catalogue.count({ held: true }))
      const onDisk = await readdir(join(directory, 'blocks'), { recursive: true, withFileTypes: true })
      expect(onDisk.filter((entry) => entry.isFile())).toHaveLength(files)
      await store.close()
    }

    expect(acknowledged.length).toBeGreaterThanOrEqual(counts.reduce((sum, count) => sum + count))
  })
})

test('a transaction that throws leaves nothing behind', async () => {
  const store = await openStore({ directory })

  expect(() => store.transaction(() => {
    contribute(store, 1)
    throw new Error('no power')
  })).toThrow('no power')
  expect(store.catalogue.entries).toBe(0)
  expect([...store.files.wanted()]).toEqual([])
  expect(store.files.held).toBe(0)
  expect(store.blocks.has(cidOf('entry 1').multihash.bytes)).toBe(false)

  contribute(store, 1)
  expectWhole(store, 1)
  await store.close()
})
