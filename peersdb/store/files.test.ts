import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MissingBlockError, openStore } from './index.ts'
import { cidOf } from './samples.test-helper.ts'
import type { Store } from './index.ts'

let store: Store

beforeEach(async () => { store = await openStore() })
afterEach(async () => { await store.close() })

/** Stores a block of so many bytes; returns its multihash. */
async function put (name: string, size = 100): Promise<Uint8Array> {
  const bytes = new Uint8Array(size).fill(name.length)
  bytes.set(new TextEncoder().encode(name))
  await store.blocks.put(cidOf(name), bytes)
  return cidOf(name).multihash.bytes
}

const held = (...names: string[]): boolean[] => names.map((name) => store.blocks.has(cidOf(name).multihash.bytes))

describe('a file', () => {
  test('is wanted, then held, then let go', async () => {
    const file = cidOf('root')
    expect([store.files.isHeld(file), store.files.isPinned(file), store.files.unpin(file)]).toEqual([false, false, false])
    expect([store.files.want(file), store.files.want(file)]).toEqual([true, false])
    expect([...store.files.wanted()].map(String)).toEqual([file.toString()])
    expect([store.files.isHeld(file), store.files.isPinned(file), store.files.held]).toEqual([false, true, 0])

    await put('root')
    store.files.hold(file, [await put('leaf')])
    store.files.hold(file, [await put('leaf')])
    expect([...store.files.wanted()]).toEqual([])
    expect([store.files.isHeld(file), store.files.isPinned(file), store.files.held]).toEqual([true, true, 1])
    expect(store.files.want(file)).toBe(false)

    expect([store.files.unpin(file), store.files.unpin(file)]).toEqual([true, false])
    expect([store.files.isHeld(file), store.files.isPinned(file)]).toEqual([true, false])
    expect([store.files.want(file), store.files.isPinned(file)]).toEqual([false, true])
  })

  test('that was given up before it came is wanted anew', () => {
    const file = cidOf('root')
    store.files.want(file)
    store.files.unpin(file)
    expect([...store.files.wanted()]).toEqual([])
    expect(store.files.want(file)).toBe(true)
  })

  test('is not held while it lacks a block', async () => {
    const file = cidOf('root')
    await put('root')
    const leaf = cidOf('leaf')
    expect(() => store.files.hold(file, [leaf.multihash.bytes])).toThrow(MissingBlockError)
    expect(() => store.files.hold(file, [leaf.multihash.bytes])).toThrow(`its block ${leaf.toString()} is not in the store`)
    expect([store.files.isHeld(file), store.files.isPinned(file)]).toEqual([false, false])
    // The bytes of this one are in the multihash itself: function 0 (identity), one byte long.
    store.files.hold(file, [new Uint8Array([0, 1, 42])])
    expect(store.files.isHeld(file)).toBe(true)
  })

  test('is one of many that are wanted', () => {
    const names = Array.from({ length: 600 }, (_, i) => cidOf(`file ${i}`).toString())
    store.transaction(() => names.forEach((_, i) => store.files.want(cidOf(`file ${i}`))))
    expect([...store.files.wanted()].map(String).sort()).toEqual(names.sort())
  })
})

describe('garbage collection', () => {
  test('keeps what pinned files share and what is on its way, and frees the rest', async () => {
    await put('kept root')
    await put('gone root')
    store.files.hold(cidOf('kept root'), [await put('shared'), await put('large kept', 200_000)])
    store.files.hold(cidOf('gone root'), [await put('shared'), await put('large gone', 170_000), await put('gone leaf', 50)])
    store.files.want(cidOf('coming'))
    store.files.link(cidOf('coming'), [await put('arrived')])
    store.files.link(cidOf('passing by'), [await put('fleeting', 30)])
    await put('stray', 7)
    store.blocks.putSmall(cidOf('log entry').multihash.bytes, new Uint8Array(9), { structure: true })
    expect(await store.collectGarbage()).toBe(37)

    store.files.unpin(cidOf('gone root'))
    const beforeBytes = store.sizeBytes()
    expect(await store.collectGarbage()).toBe(170_150)
    expect(beforeBytes - store.sizeBytes()).toBeGreaterThanOrEqual(170_000)
    expect(held('kept root', 'shared', 'large kept', 'arrived', 'log entry')).toEqual([true, true, true, true, true])
    expect(held('gone root', 'large gone', 'gone leaf', 'fleeting', 'stray')).toEqual([false, false, false, false, false])
    expect([store.files.isHeld(cidOf('gone root')), store.files.isHeld(cidOf('kept root')), store.files.held]).toEqual([false, true, 1])
    expect(await store.collectGarbage()).toBe(0)
  })

  test('spares what is put or looked up while a file is brought together', async () => {
    await put('old leaf')
    const protection = store.blocks.protect()
    const second = store.blocks.protect()
    expect(held('old leaf')).toEqual([true])
    await put('new leaf')
    await put('large leaf', 180_000)
    second[Symbol.dispose]()
    second[Symbol.dispose]()
    expect(await store.collectGarbage()).toBe(0)
    await put('root')
    store.files.hold(cidOf('root'), [cidOf('new leaf').multihash.bytes, cidOf('old leaf').multihash.bytes])
    protection[Symbol.dispose]()
    expect(await store.collectGarbage()).toBe(180_000)
    expect(held('root', 'new leaf', 'old leaf', 'large leaf')).toEqual([true, true, true, false])
  })

  test('lets others work meanwhile, and spares what they come to need', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `file ${i}`)

    for (const name of names) {
      await put(name)
    }

    store.transaction(() => {
      for (const name of names) {
        store.files.hold(cidOf(name), [])
        store.files.unpin(cidOf(name))
      }
    })

    const collected = store.collectGarbage()
    let turns = 0
    const count = (): void => { turns++; timer = setImmediate(count) }
    let timer = setImmediate(count)
    // Some files are no longer held by now, but all blocks are still there.
    store.files.hold(cidOf('file 0'), [])
    expect(await collected).toBe(99_900)
    clearImmediate(timer)
    expect(turns).toBeGreaterThan(10)
    expect([store.files.held, [...store.blocks.list()].length]).toEqual([1, 1])
  })

  test('can be given up', async () => {
    await put('stray')
    await expect(store.collectGarbage({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
