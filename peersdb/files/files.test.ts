import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { FileChangedError, FileNotFoundError, InvalidInputError } from '../errors.ts'
import { closeAll, connect, counted, list, open, read, sha256, temporaryDirectory } from '../peers.test-helper.ts'
import type { Peer } from '../index.ts'

afterEach(closeAll)

const mebibyte = 1024 * 1024

async function * stream (bytes: Uint8Array, chunkBytes = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
    yield bytes.subarray(at, at + chunkBytes)
  }
}

async function fileOf (bytes: Uint8Array, name = 'data.csv'): Promise<string> {
  const path = join(await temporaryDirectory(), name)
  await writeFile(path, bytes)
  return path
}

async function directoryOf (files: Record<string, Uint8Array | string>): Promise<string> {
  const directory = join(await temporaryDirectory(), 'measured')

  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }

  return directory
}

/** What a failed contribution may leave for the garbage collection, and nothing else. */
async function expectNothingLeft (peer: Peer, emptyBytes: number): Promise<void> {
  expect(await list(peer)).toEqual([])
  expect(peer.status()).toMatchObject({ entries: 0, filesHeld: 0 })
  await peer.collectGarbage()
  // The database keeps a few pages for later; a single block of the file would be larger than that.
  expect(counted(peer, 'store_bytes')).toBeLessThan(emptyBytes + 256 * 1024)
}

describe('content', () => {
  it.each([0, 1, 64 * 1024, 64 * 1024 + 1, mebibyte, mebibyte + 1, 3 * mebibyte])(
    'of %i bytes has one CID as bytes, stream and file, and arrives at another peer as it was', async (length) => {
      const bytes = randomBytes(length)
      const [origin, other] = [await open(), await open()]
      const path = await fileOf(bytes)
      const all = [
        await origin.contribute(bytes, { name: 'data.csv' }),
        await origin.contribute(stream(bytes), { name: 'data.csv' }),
        await origin.contribute({ path })
      ]
      await connect(other, origin)

      expect(new Set(all.map(({ cid }) => cid)).size).toBe(1)
      expect(all.map(({ name, size, mediaType }) => ({ name, size, mediaType }))).toEqual(Array(3).fill({ name: 'data.csv', size: length, mediaType: 'text/csv' }))
      expect(origin.status()).toMatchObject({ entries: 3, filesHeld: 1 })
      expect(sha256(await read(other, all[0]!.cid))).toBe(sha256(bytes))
    })

  it('of a directory is found by the path of each file in it, and has the same CID wherever the files are the same', async () => {
    const [large, small] = [randomBytes(1_500_000), randomBytes(3_000)]
    const files = { 'runs/2026/one.csv': large, 'runs/2026/two.csv': small, 'about.md': 'read me', 'runs/empty': '' }
    const [origin, other] = [await open(), await open()]
    const contribution = await origin.contribute({ path: await directoryOf(files) })
    // The file system lists what was made in another order in another order.
    const again = await other.contribute({ path: await directoryOf(Object.fromEntries(Object.entries(files).reverse())) })
    await connect(other, origin)

    expect(contribution).toMatchObject({ name: 'measured', mediaType: 'inode/directory', size: large.byteLength + small.byteLength + 7 })
    expect(again.cid).toBe(contribution.cid)
    const reader = await open()
    await connect(reader, origin)

    for (const [path, content] of Object.entries(files)) {
      expect(sha256(await read(reader, contribution.cid, { path })), path).toBe(sha256(Buffer.from(content)))
    }

    await expect(read(reader, contribution.cid, { path: 'runs/three.csv' })).rejects.toThrow(
      `file ${contribution.cid} has no file "runs/three.csv" that can be read`)
    await expect(read(reader, contribution.cid)).rejects.toThrow(FileNotFoundError)
  })

  it('of a directory without files is refused', async () => {
    const peer = await open()
    const directory = await temporaryDirectory()
    await expect(peer.contribute({ path: directory })).rejects.toThrow(`the directory "${directory}" has no files`)
    expect(await list(peer)).toEqual([])
  })

  it('of a path that does not exist is refused by its name', async () => {
    const peer = await open()
    const path = join(await temporaryDirectory(), 'absent.csv')
    await expect(peer.contribute({ path })).rejects.toThrow(new InvalidInputError(`"${path}" cannot be read: there is no such file`))
  })

  it.each(['written to', 'removed'])('of a file that is %s while it is read is refused, and nothing of it is left', async (what) => {
    const peer = await open()
    const empty = counted(peer, 'store_bytes')
    const path = await fileOf(randomBytes(24 * mebibyte))
    const contributing = peer.contribute({ path })
    contributing.catch(() => {})

    // The first block is in the store, and most of the file is still to be read.
    while (counted(peer, 'store_bytes') < empty + mebibyte) {
      await setImmediate()
    }

    await (what === 'removed' ? rm(path) : appendFile(path, 'one more row'))

    await expect(contributing).rejects.toThrow(what === 'removed' ? 'there is no such file' : FileChangedError)
    await expectNothingLeft(peer, empty)
  })

  it('that is given up by a signal leaves nothing', async () => {
    const peer = await open()
    const empty = counted(peer, 'store_bytes')
    const controller = new AbortController()
    const endless = async function * (): AsyncGenerator<Uint8Array> {
      for (let count = 0; ; count++) {
        yield randomBytes(mebibyte)

        if (count === 4) {
          controller.abort(new Error('enough'))
        }
      }
    }

    await expect(peer.contribute(endless(), { name: 'endless', signal: controller.signal })).rejects.toThrow('enough')
    await expectNothingLeft(peer, empty)
    await expect(peer.contribute(endless(), { name: 'endless', signal: controller.signal, private: true })).rejects.toThrow('enough')
    expect(peer.status().privateContributions).toBe(0)
  })

  it('whose stream fails is refused with the reason, and leaves nothing', async () => {
    const peer = await open()
    const empty = counted(peer, 'store_bytes')
    const failing = async function * (): AsyncGenerator<Uint8Array> {
      yield randomBytes(3 * mebibyte)
      throw new Error('the disk was pulled out')
    }

    await expect(peer.contribute(failing(), { name: 'half' })).rejects.toThrow('the disk was pulled out')
    await expectNothingLeft(peer, empty)
  })
})
