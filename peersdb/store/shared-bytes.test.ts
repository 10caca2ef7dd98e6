import { describe, expect, it } from 'vitest'
import { createBlockRows } from './block-rows.ts'
import { Database } from './database.ts'
import { cidOf } from './samples.test-helper.ts'
import { openStore } from './index.ts'
import { keepShared } from './shared-bytes.ts'
import type { Store } from './index.ts'

const bytes = new TextEncoder().encode('a block '.repeat(600))
const { multihash: { bytes: multihash } } = cidOf(bytes)
const held = (store: Store): Uint8Array | undefined => store.blocks.getSmall(multihash)

describe('stores in memory', () => {
  it('keep equal bytes once, each finding only what it was given', async () => {
    const [a, b, c] = await Promise.all([openStore(), openStore(), openStore()])
    const given = bytes.slice()
    a.blocks.putSmall(multihash, given)
    b.blocks.putSmall(multihash, bytes)
    given.fill(0)
    expect(held(a)).toEqual(bytes)
    expect(held(b)).toBe(held(a))
    expect([held(c), c.blocks.has(multihash)]).toEqual([undefined, false])
    await a.blocks.delete(multihash)
    expect([held(a), held(b)]).toEqual([undefined, bytes])
    await Promise.all([a, b, c].map((store) => store.close()))
  })

  it('keep what a transaction that failed had removed, and not what it had put', async () => {
    const database = new Database({ place: 'memory' })
    const rows = createBlockRows(database, keepShared)
    const fails = (work: () => void): void => {
      expect(() => database.transaction(() => {
        work()
        throw new Error('no')
      })).toThrow('no')
    }
    const [{ multihash: { bytes: other } }, otherBytes] = [cidOf('other'), new TextEncoder().encode('other')]
    rows.insert(multihash, bytes.byteLength, false, bytes)
    fails(() => { rows.remove(rows.find(multihash)?.id ?? 0) })
    fails(() => { rows.insert(other, 5, false, otherBytes) })
    await Promise.resolve()
    expect([rows.bytesOf(multihash), rows.bytesOf(other)]).toEqual([bytes, undefined])
    // The row takes the number that the one which failed would have had.
    rows.insert(cidOf('third').multihash.bytes, 5, false, new TextEncoder().encode('third'))
    rows.insert(other, 5, false, otherBytes)
    expect([rows.bytesOf(multihash), rows.bytesOf(other)]).toEqual([bytes, otherBytes])
    database.close()
  })

  it('do not take a large block for a small one that was removed, whose number it has', () => {
    const database = new Database({ place: 'memory' })
    const rows = createBlockRows(database, keepShared)
    rows.insert(multihash, bytes.byteLength, false, bytes)
    const { multihash: { bytes: large } } = cidOf('large')
    database.run('DELETE FROM blocks')
    rows.insert(large, 1_000_000, false)
    expect([rows.bytesOf(large), rows.bytesOf(multihash)]).toEqual([undefined, undefined])
    database.close()
  })

  it('with a limit, and stores on disk, keep their own', async () => {
    const [a, b] = await Promise.all([openStore({ bytesMax: 10_000_000 }), openStore({ bytesMax: 10_000_000 })])
    a.blocks.putSmall(multihash, bytes)
    b.blocks.putSmall(multihash, bytes)
    expect(held(a)).toEqual(bytes)
    expect(held(a)).not.toBe(held(b))
    await Promise.all([a.close(), b.close()])
  })
})
