import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { wantAll } from './adversary/attacks.ts'
import { openHostilePeer } from './adversary/hostile-peer.ts'
import { openPrivateData } from './private-data.ts'
import { FileNotFoundError } from './errors.ts'
import { openStore, StoreFullError } from './store/index.ts'
import {
  blocksOf, closeAll, closing, connect, counted, entries, filesHeld, list, open, read, sha256, temporaryDirectory
} from './peers.test-helper.ts'
import type { PrivateData } from './private-data.ts'
import type { StoredContribution } from './contribution.ts'
import type { Content, Peer } from './index.ts'
import type { Store } from './store/index.ts'

afterEach(closeAll)

async function directoryWith (bytes: Uint8Array): Promise<string> {
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'a/b'), { recursive: true })
  await writeFile(join(directory, 'a/b/one.csv'), bytes)
  await writeFile(join(directory, 'two.csv'), bytes.subarray(0, 999))
  return directory
}

/** Which blocks of the content somebody is sent who knows all their CIDs and asks this peer. */
async function servedBy (peer: Peer, content: Content): Promise<string[]> {
  const blocks = await blocksOf(content)
  const attacker = closing(await openHostilePeer())
  await attacker.connect(peer)
  const { items } = await wantAll({ peer, cids: blocks.map(({ cid }) => cid), digests: [], meet: async () => attacker })
  return blocks.filter(({ bytes }) => items.some((item) => Buffer.compare(item.bytes, bytes) === 0)).map(({ cid }) => cid.toString())
}

describe('publishing', () => {
  it.each(['one block', 'many blocks', 'a directory'])('makes a file of %s public, all of it and nothing else', async (what) => {
    const bytes = randomBytes(what === 'one block' ? 4_000 : 2_500_000)
    const content = what === 'a directory' ? { path: await directoryWith(bytes) } : bytes
    const other = randomBytes(what === 'one block' ? 4_000 : 2_500_000)
    const peer = await open()
    const options = { name: 'mine', attributes: { workload: 'sort' }, private: true }
    const { cid, createdAt } = await peer.contribute(content, options)
    const kept = await peer.contribute(other, { ...options, name: 'kept' })
    const reader = await open({ pin: 'everything' })
    await connect(reader, peer)
    expect(await servedBy(peer, content)).toEqual([])

    const published = await peer.publish(cid)

    expect(published).toMatchObject({ cid, name: 'mine', createdAt, contributor: peer.id, attributes: { workload: 'sort' } })
    await filesHeld(reader, 1)
    expect(await list(reader)).toEqual([published])
    const path = what === 'a directory' ? 'a/b/one.csv' : undefined
    expect(sha256(await read(reader, cid, { offline: true, path }))).toBe(sha256(bytes))
    expect(sha256(await read(peer, cid, { offline: true, path }))).toBe(sha256(bytes))
    expect(await servedBy(peer, content)).toHaveLength((await blocksOf(content)).length)
    expect(await servedBy(peer, other)).toEqual([])
    expect(peer.status()).toMatchObject({ entries: 1, filesHeld: 1, privateContributions: 1 })
    expect((await list(peer, 'private')).map(({ cid }) => cid)).toEqual([kept.cid])
  })

  it('removes the private copy, on disk too', async () => {
    const directory = await temporaryDirectory()
    const peer = await open({ directory })
    const { cid } = await peer.contribute(randomBytes(3_000_000), { name: 'mine', private: true })
    await peer.publish(cid)
    await peer.close()

    const store = closing(await openStore({ directory: join(directory, 'private') }))
    expect([...store.blocks.list()]).toEqual([])
    expect(store.catalogue.entries).toBe(0)
    expect(store.sizeBytes()).toBeLessThan(1_000_000)
  })

  it('twice, at once or later, is refused the second time, and leaves one entry', async () => {
    const peer = await open()
    const { cid } = await peer.contribute(randomBytes(200_000), { name: 'mine', private: true })
    const results = await Promise.allSettled([peer.publish(cid), peer.publish(cid)])

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await expect(peer.publish(cid)).rejects.toThrow(new FileNotFoundError(
      `no private contribution of this peer has the CID ${cid}; what was published is in the shared log`))
    expect(peer.status()).toMatchObject({ entries: 1, privateContributions: 0 })
  })

  it('of bytes that were contributed privately under two names moves one of them at a time', async () => {
    const peer = await open()
    const bytes = randomBytes(200_000)
    const { cid } = await peer.contribute(bytes, { name: 'first', private: true })
    await peer.contribute(bytes, { name: 'second', private: true })
    const { name } = await peer.publish(cid)
    const [left] = await list(peer, 'private')

    expect([name, left?.name].sort()).toEqual(['first', 'second'])
    expect((await peer.publish(cid)).name).toBe(left?.name)
    expect(peer.status()).toMatchObject({ entries: 2, privateContributions: 0, filesHeld: 1 })
  })

  it('by a peer that may not write leaves it private, and nothing of it is served', async () => {
    const administrator = await open()
    const log = await open({ log: 'restricted', administrators: [administrator.id] })
    const content = randomBytes(2_500_000)
    const { cid } = await log.contribute(content, { name: 'mine', private: true })

    await expect(log.publish(cid)).rejects.toThrow(/may not write to the log/)

    expect(await servedBy(log, content)).toEqual([])
    expect(log.status()).toMatchObject({ entries: 0, filesHeld: 0, privateContributions: 1 })
    expect(sha256(await read(log, cid))).toBe(sha256(content))
  })

  it('into a full store leaves it private, and nothing of it is served', async () => {
    const directory = await temporaryDirectory()
    const peer = await open({ directory, storeBytesMax: 9_000_000 })
    const content = randomBytes(4_000_000)
    await peer.contribute(randomBytes(3_000_000), { name: 'public' })
    const { cid } = await peer.contribute(content, { name: 'mine', private: true })
    const before = counted(peer, 'store_bytes')

    await expect(peer.publish(cid)).rejects.toThrow(StoreFullError)

    expect(await servedBy(peer, content)).toEqual([])
    expect(counted(peer, 'store_bytes')).toBeLessThan(before + 500_000)
    expect(sha256(await read(peer, cid))).toBe(sha256(content))
  })
})

describe('a crash while publishing', () => {
  /** A process that publishes, and kills itself as soon as the entry is in the log and before anything else. */
  async function publishAndCrash (directory: string): Promise<string> {
    const helper = join(import.meta.dirname, 'publish.test-helper.ts')
    const child = spawn(process.execPath, [helper, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks = Array.fromAsync(child.stdout as AsyncIterable<Buffer>)
    const [, signal] = await once(child, 'close') as [number, string]
    expect(signal).toBe('SIGKILL')
    return Buffer.concat(await chunks).toString()
  }

  it('after the entry was appended leaves one public contribution and no private one', async () => {
    const directory = await temporaryDirectory()
    const cid = await publishAndCrash(directory)
    const peer = await open({ directory })

    expect((await list(peer)).map(({ cid, name }) => ({ cid, name }))).toEqual([{ cid, name: 'mine' }])
    expect(await list(peer, 'private')).toEqual([])
    expect(await read(peer, cid, { offline: true })).toHaveLength(3_000_000)
    const reader = await open()
    await connect(reader, peer)
    await entries(reader, 1)
    expect(await read(reader, cid)).toHaveLength(3_000_000)
    await expect(peer.publish(cid)).rejects.toThrow(FileNotFoundError)
  })

  it('before the entry was appended leaves it private, and nothing of it in the shared store', async () => {
    const directory = await temporaryDirectory()
    const stores = async (): Promise<{ shared: Store, privateData: PrivateData }> => ({
      shared: await openStore({ directory }),
      privateData: await openPrivateData({ directory })
    })
    const content = randomBytes(2_500_000)
    const before = await stores()
    const copied = Promise.withResolvers<void>()
    const describe = ({ cid, size }: { cid: { toString (): string }, size: number }): StoredContribution => ({
      schema: 1, cid: cid.toString(), name: 'mine', size, mediaType: 'text/csv', contributor: 'me', createdAt: new Date().toISOString(), attributes: {}
    })
    const { hash } = await before.privateData.contribute(content, describe, {})
    const { cid } = (await blocksOf(content)).at(-1)!
    const append = (): Promise<never> => {
      copied.resolve()
      return new Promise(() => {})
    }
    before.privateData.publish(cid, { store: before.shared, append }).catch(() => {})
    await copied.promise
    expect([...before.shared.blocks.list()]).toHaveLength(4)
    await before.shared.close()
    await before.privateData.close()

    const after = await stores()
    await after.privateData.settle(after.shared)
    expect([...after.shared.blocks.list()]).toEqual([])
    expect(after.privateData.store.catalogue.page().contributions.map(({ hash }) => hash)).toEqual([hash])
    expect(sha256(Buffer.concat(await Array.fromAsync(after.privateData.read(cid, {}))))).toBe(sha256(content))
    expect(after.shared.values.list('publishing')).toEqual([])
    await after.shared.close()
    await after.privateData.close()
  })
})
