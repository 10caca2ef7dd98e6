import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { FileNotFoundError, InvalidInputError } from '../errors.ts'
import { closeAll, connect, counted, open, read } from '../peers.test-helper.ts'

afterEach(closeAll)

const mebibyte = 1024 * 1024
const content = randomBytes(4 * mebibyte + 1)
const isEven = (place: number): boolean => place % 2 === 0

describe('a contribution that is kept in part', () => {
  it('has the CID of the whole, takes the room of what is kept, and is not held', async () => {
    const [whole, part] = [await open(), await open()]
    const { cid } = await whole.contribute(content, { name: 'data.bin' })
    const emptyBytes = counted(part, 'store_bytes')
    const places: number[] = []
    const kept = await part.contribute(content, {
      name: 'data.bin',
      keepLeaf: (place) => {
        places.push(place)
        return place < 2
      }
    })
    expect(kept).toMatchObject({ cid, size: content.byteLength })
    expect(places).toEqual([0, 1, 2, 3, 4])
    expect(part.status()).toMatchObject({ entries: 1, filesHeld: 0 })
    expect(counted(part, 'store_bytes') - emptyBytes).toBeGreaterThanOrEqual(2 * mebibyte)
    expect(counted(part, 'store_bytes') - emptyBytes).toBeLessThan(2.5 * mebibyte)
    await expect(read(part, cid, { offline: true })).rejects.toThrow(FileNotFoundError)
  })

  it.each(['fast', 'stock'] as const)('comes from two peers that keep what the other one does not (%s), neither of which fetches the rest', async (sync) => {
    const [even, odd, reader] = [await open({ sync }), await open({ sync }), await open({ sync })]
    const { cid } = await even.contribute(content, { name: 'data.bin', keepLeaf: isEven })
    await odd.contribute(content, { name: 'data.bin', keepLeaf: (place) => !isEven(place) })
    await connect(odd, even)
    await connect(reader, even)
    await connect(reader, odd)
    await reader.pin(cid, { signal: AbortSignal.timeout(20_000) })
    expect((await read(reader, cid, { offline: true })).equals(content)).toBe(true)

    for (const seed of [even, odd]) {
      await expect(read(seed, cid, { offline: true })).rejects.toThrow(FileNotFoundError)
    }
  })

  it('is held where everything is kept, or what is left out is there at another place', async () => {
    const peer = await open()
    const twice = Buffer.concat([content.subarray(0, mebibyte), content.subarray(0, mebibyte)])
    const { cid } = await peer.contribute(twice, { name: 'twice.bin', keepLeaf: (place) => place === 0 })
    const small = await peer.contribute(Buffer.from('small'), { name: 'small.bin', keepLeaf: () => true })
    expect(peer.status().filesHeld).toBe(2)
    expect((await read(peer, cid, { offline: true })).equals(twice)).toBe(true)
    expect((await read(peer, small.cid, { offline: true })).toString()).toBe('small')
  })

  it('goes with the next garbage, and is whole once it is pinned', async () => {
    const [part, whole] = [await open(), await open()]
    const { cid } = await part.contribute(content, { name: 'data.bin', keepLeaf: isEven })
    expect(await part.collectGarbage()).toBeGreaterThan(2 * mebibyte)
    await whole.contribute(content, { name: 'data.bin' })
    await connect(part, whole)
    await part.pin(cid, { signal: AbortSignal.timeout(20_000) })
    expect((await read(part, cid, { offline: true })).equals(content)).toBe(true)
  })

  it('is refused where it is private', async () => {
    const peer = await open()
    await expect(peer.contribute(content, { name: 'data.bin', private: true, keepLeaf: isEven }))
      .rejects.toThrow(new InvalidInputError('a private contribution is kept as a whole, because nobody else has the rest; leave keepLeaf out'))
    expect(peer.status().privateContributions).toBe(0)
  })
})
