import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import { openStore, StoreClosedError, StoreDamagedError, StoreFullError, StoreInUseError, StoreUnavailableError, StoreVersionError } from './index.ts'
import { cidOf, contribute, sampleRow } from './samples.test-helper.ts'

let directory: string

beforeEach(async () => { directory = join(await mkdtemp(join(tmpdir(), 'peersdb-store-')), 'peer') })
afterEach(async () => { await rm(join(directory, '..'), { recursive: true, force: true }) })

describe('a directory', () => {
  test('keeps the identity and everything else until the next opening', async () => {
    const first = await openStore({ directory })
    contribute(first, 1)
    first.values.put('verdicts', 'a', { valid: true })
    await first.close()

    const second = await openStore({ directory })
    expect(second.privateKey.equals(first.privateKey)).toBe(true)
    expect(second.catalogue.page().contributions).toHaveLength(1)
    expect(second.files.held).toBe(1)
    expect(second.values.get('verdicts', 'a')).toEqual({ valid: true })
    await second.close()
  })

  test('is for its owner alone', async () => {
    const store = await openStore({ directory })
    contribute(store, 1)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)

    for (const name of await readdir(directory)) {
      expect([name, (await stat(join(directory, name))).mode & 0o077]).toEqual([name, 0])
    }

    await store.close()
  })

  test('is refused while another store has it, and free once that is closed', async () => {
    const store = await openStore({ directory })
    await expect(openStore({ directory })).rejects.toThrow(StoreInUseError)
    await expect(openStore({ directory })).rejects.toThrow(`the store in ${directory} is used by another PeersDB peer; stop it or choose another directory`)
    const other = await openStore({ directory: join(directory, 'private') })
    contribute(other, 1)
    expect(store.catalogue.entries).toBe(0)
    await other.close()
    await store.close()
    await (await openStore({ directory })).close()
  })

  test('of a newer version is refused, with both versions named', async () => {
    await (await openStore({ directory })).close()
    const database = new DatabaseSync(join(directory, 'peer.db'))
    database.exec('PRAGMA user_version = 7')
    database.close()
    await expect(openStore({ directory })).rejects.toThrow(StoreVersionError)
    await expect(openStore({ directory })).rejects.toThrow('has version 7 and this PeersDB knows versions up to 1')
  })

  test('with what no peer wrote is refused, and left as it is', async () => {
    await (await openStore({ directory })).close()
    await rm(join(directory, 'peer.db'))
    const database = new DatabaseSync(join(directory, 'peer.db'))
    database.exec('CREATE TABLE songs (title TEXT)')
    database.close()
    await expect(openStore({ directory })).rejects.toThrow(StoreDamagedError)
    await expect(openStore({ directory })).rejects.toThrow('it is the database of another program')

    await writeFile(join(directory, 'peer.db'), 'no database at all, but long enough to be looked at'.repeat(100))
    await expect(openStore({ directory })).rejects.toThrow(StoreDamagedError)

    await rm(join(directory, 'peer.db'))
    await writeFile(join(directory, 'identity.key'), 'no key')
    await expect(openStore({ directory })).rejects.toThrow(/identity\.key is damaged/)
  })

  test('that cannot be made is refused', async () => {
    await writeFile(directory, 'a file')
    await expect(openStore({ directory })).rejects.toThrow(StoreUnavailableError)
    await expect(openStore({ bytesMax: 0.5 })).rejects.toThrow(InvalidInputError)
  })
})

describe('a transaction', () => {
  test('joins the one around it, and goes with it', async () => {
    const store = await openStore()

    expect(() => store.transaction(() => {
      store.values.put('a', '1', 1)
      store.transaction(() => { store.values.put('a', '2', 2) })
      throw new Error('changed my mind')
    })).toThrow('changed my mind')
    expect(store.values.list('a')).toEqual([])

    expect(store.transaction(() => {
      store.transaction(() => { store.values.put('a', '2', 2) })
      return store.values.get('a', '2')
    })).toBe(2)
    expect(store.values.list('a')).toEqual([{ key: '2', value: 2 }])
    await store.close()
  })

  test('does not wait for a promise', async () => {
    const store = await openStore()
    expect(() => store.transaction(async () => { store.values.put('a', '1', 1) })).toThrow('a transaction ends before a promise does')
    expect(store.values.list('a')).toEqual([])
    await store.close()
  })
})

test('values are kept by namespace and key', async () => {
  const store = await openStore()
  store.values.put('a', 'y', [1, 'two', { three: null }])
  store.values.put('a', 'x', 'first')
  store.values.put('a', 'x', 'second')
  store.values.put('b', 'x', 'other')
  expect(store.values.list('a')).toEqual([{ key: 'x', value: 'second' }, { key: 'y', value: [1, 'two', { three: null }] }])
  expect(store.values.get('a', 'z')).toBeUndefined()
  expect([store.values.delete('a', 'x'), store.values.delete('a', 'x')]).toEqual([true, false])
  expect(store.values.get('b', 'x')).toBe('other')
  await store.close()
})

test('a closed store says so, and can be closed again', async () => {
  const store = await openStore({ directory })
  await store.close()
  await store.close()
  expect(() => store.catalogue.entries).toThrow(StoreClosedError)
  expect(() => store.transaction(() => 1)).toThrow(StoreClosedError)
  await expect(store.blocks.put(cidOf('x'), new Uint8Array(1))).rejects.toThrow(StoreClosedError)
})

describe.each(['on disk', 'in memory'])('a limit of bytes (%s)', (where) => {
  const bytesMax = 600_000
  const large = new Uint8Array(150_000).fill(7)
  const open = () => openStore(where === 'on disk' ? { directory, bytesMax } : { bytesMax })

  /** Stores with `work` until the store is full; returns how often that went well. */
  function fill (work: (index: number) => void): number {
    for (let index = 0; ; index++) {
      try {
        work(index)
      } catch (err) {
        expect(err).toBeInstanceOf(StoreFullError)
        return index
      }
    }
  }

  test('holds for small and large blocks together, and leaves no half of what was refused', async () => {
    const store = await open()
    await store.blocks.put(cidOf(large), large)
    const other = large.map((byte) => byte + 1)
    const third = large.map((byte) => byte + 2)
    await store.blocks.put(cidOf(other), other)
    expect(store.sizeBytes()).toBeGreaterThan(300_000)
    const stored = fill((index) => contribute(store, index))
    expect(stored).toBeGreaterThan(10)
    expect(store.sizeBytes()).toBeLessThanOrEqual(bytesMax)
    expect([store.catalogue.entries, store.files.held, store.catalogue.count({ attributes: { 'attribute-1': String(stored) } })]).toEqual([stored, stored, 0])
    await expect(store.blocks.put(cidOf(third), third)).rejects.toThrow(StoreFullError)
    expect(store.blocks.has(cidOf(third).multihash.bytes)).toBe(false)
    await store.close()
  })

  test('is no dead end: unpinning and collecting the garbage make room', async () => {
    const store = await open()
    await store.blocks.put(cidOf(large), large)
    store.files.hold(cidOf(large), [])
    // Thousands of tiny files, so that to unpin them takes room as well.
    const stored = fill((index) => store.transaction(() => {
      store.blocks.putSmall(cidOf(`file ${index}`).multihash.bytes, new Uint8Array(100))
      store.files.hold(cidOf(`file ${index}`), [])
    }))
    expect(stored).toBeGreaterThan(500)
    const fullBytes = store.sizeBytes()

    for (let index = 0; index < stored; index++) {
      store.files.unpin(cidOf(`file ${index}`))
    }

    store.files.unpin(cidOf(large))
    expect(await store.collectGarbage()).toBe(150_000 + stored * 100)
    expect(store.sizeBytes()).toBeLessThan(fullBytes - 150_000 - stored * 100)
    expect(store.catalogue.insert(sampleRow(5000))).toBe(true)
    await store.blocks.put(cidOf(large), large)
    await store.close()
  })
})
