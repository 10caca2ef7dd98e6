import { MemoryDatastore } from 'datastore-core'
import * as fc from 'fast-check'
import { Key } from 'interface-datastore'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from './index.ts'
import { cidOf } from './samples.test-helper.ts'
import type { Store } from './index.ts'
import type { Datastore } from 'interface-datastore'

let store: Store

beforeEach(async () => { store = await openStore() })
afterEach(async () => { await store.close() })

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the datastore', () => {
  const key = fc.stringMatching(/^(\/[abZé\u{1f600}%_*]{1,2}){1,3}$/u).map((text) => new Key(text))
  const step = fc.oneof(
    fc.record({ put: key, value: fc.uint8Array({ maxLength: 8 }) }),
    fc.record({ delete: key })
  )

  async function contents (datastore: Datastore, prefix: string): Promise<Array<[string, string]>> {
    const pairs: Array<[string, string]> = []

    for await (const { key, value } of datastore.query({ prefix })) {
      pairs.push([key.toString(), Buffer.from(value).toString('hex')])
    }

    return pairs.sort(([a], [b]) => a < b ? -1 : 1)
  }

  test('holds what a datastore in memory holds, whatever is put, deleted and asked for', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), key, async (steps, prefix) => {
      const model = new MemoryDatastore()

      for await (const { key } of store.datastore.query({})) {
        await store.datastore.delete(key)
      }

      for (const step of steps) {
        for (const datastore of [model, store.datastore]) {
          await ('put' in step ? datastore.put(step.put, step.value) : datastore.delete(step.delete))
        }
      }

      for (const asked of ['', '/', prefix.toString(), [...prefix.toString()].slice(0, 2).join('')]) {
        expect(await contents(store.datastore, asked)).toEqual(await contents(model, asked))
      }

      expect(await store.datastore.has(prefix)).toBe(await model.has(prefix))
    }), { numRuns: 60 })
  })

  test('finds more keys than it reads at a time, sorted, filtered and limited', async () => {
    for (let i = 0; i < 600; i++) {
      await store.datastore.put(new Key(`/peers/${i}`), bytesOf(String(i)))
    }

    await store.datastore.put(new Key('/pins/1'), bytesOf('pin'))
    const keys = await Array.fromAsync(store.datastore.queryKeys({ prefix: '/peers/' }))
    expect(new Set(keys.map(String)).size).toBe(600)
    const few = await Array.fromAsync(store.datastore.queryKeys({
      prefix: '/peers/', filters: [(key) => key.toString().endsWith('7')], offset: 2, limit: 3
    }))
    expect(few.map(String)).toEqual(['/peers/127', '/peers/137', '/peers/147'])
  })

  test('calls what it lacks not found', async () => {
    expect(() => store.datastore.get(new Key('/a'))).toThrow(expect.objectContaining({ name: 'NotFoundError' }))
    expect(() => store.datastore.get(new Key('/a'), { signal: AbortSignal.abort() })).toThrow(expect.objectContaining({ name: 'AbortError' }))
  })

  test('writes a batch as a whole or not at all', async () => {
    await store.datastore.put(new Key('/a'), bytesOf('old'))
    const broken = store.datastore.batch()
    broken.put(new Key('/a'), bytesOf('new'))
    broken.put(new Key('/b'), 'not bytes' as unknown as Uint8Array)
    expect(() => broken.commit()).toThrow()
    expect(await store.datastore.get(new Key('/a'))).toEqual(bytesOf('old'))

    const whole = store.datastore.batch()
    whole.put(new Key('/b'), bytesOf('new'))
    whole.delete(new Key('/a'))
    expect(await store.datastore.has(new Key('/b'))).toBe(false)
    await whole.commit()
    expect([await store.datastore.has(new Key('/a')), await store.datastore.has(new Key('/b'))]).toEqual([false, true])
  })
})

describe('the blockstore', () => {
  test('takes bytes in pieces, and gives them back', async () => {
    const pieces = [bytesOf('one '), bytesOf('two '), bytesOf('three')]
    const cid = cidOf('one two three')
    expect(String(await store.blockstore.put(cid, pieces))).toBe(cid.toString())
    expect(Buffer.concat(await Array.fromAsync(store.blockstore.get(cid))).toString()).toBe('one two three')
    expect([await store.blockstore.has(cid), store.blocks.has(cid.multihash.bytes)]).toEqual([true, true])
    await store.blockstore.delete(cid)
    expect(await store.blockstore.has(cid)).toBe(false)
  })

  test('calls what it lacks not found, when that is asked for', async () => {
    const blocks = store.blockstore.get(cidOf('nothing'))
    await expect(Array.fromAsync(blocks)).rejects.toMatchObject({ name: 'NotFoundError' })
    await expect(Array.fromAsync(store.blockstore.get(cidOf('x'), { signal: AbortSignal.abort() }))).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('lists more blocks than it reads at a time, while they are deleted', async () => {
    for (let i = 0; i < 600; i++) {
      await store.blockstore.put(cidOf(`block ${i}`), bytesOf(`block ${i}`))
    }

    const seen: string[] = []

    for await (const { cid, bytes } of store.blockstore.getAll()) {
      seen.push(Buffer.concat(await Array.fromAsync(bytes)).toString())
      await store.blockstore.delete(cid)
    }

    expect(seen).toEqual(Array.from({ length: 600 }, (_, i) => `block ${i}`))
    expect(await Array.fromAsync(store.blockstore.getAll())).toEqual([])
  })
})
