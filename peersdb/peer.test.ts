import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openPeer } from './index.ts'
import type { Contribution, Peer, PeerInit } from './index.ts'

const opened: Peer[] = []
const directories: string[] = []

async function open (init?: PeerInit): Promise<Peer> {
  const peer = await openPeer(init)
  opened.push(peer)
  return peer
}

async function temporaryDirectory (): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'peersdb-'))
  directories.push(directory)
  return directory
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((peer) => peer.close()))
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })))
})

async function list (peer: Peer): Promise<Contribution[]> {
  return Array.fromAsync(peer.query())
}

async function bytesOf (peer: Peer, cid: string, offline = false): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(peer.get(cid, { offline, signal: AbortSignal.timeout(10_000) })))
}

/** Resolves when the peer holds as many whole files; the test's own timeout bounds it. */
async function filesHeld (peer: Peer, count: number): Promise<void> {
  if (peer.status().filesHeld < count) {
    await new Promise<void>((resolve) => {
      peer.events.addEventListener('file', () => { if (peer.status().filesHeld >= count) { resolve() } })
    })
  }
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('a peer', () => {
  it('lists what it contributed, newest first, with what was said about it', async () => {
    const peer = await open()
    await peer.contribute(Buffer.from('one'), { name: 'one.txt', attributes: { workload: 'sort' } })
    await peer.contribute(Buffer.from('three'), { name: 'three.txt' })

    const [second, first] = await list(peer)

    expect(first).toMatchObject({ name: 'one.txt', size: 3, contributor: peer.id, attributes: { workload: 'sort' } })
    expect(second).toMatchObject({ name: 'three.txt', size: 5 })
    expect(peer.status()).toMatchObject({ entries: 2, filesHeld: 2, foreignEntries: 0 })
  })

  it('fetches a file of another peer by its CID, of one block and of many', async () => {
    const [origin, other] = [await open(), await open()]
    const contents = [randomBytes(5_000), randomBytes(3 * 1024 * 1024)]
    await other.connect(origin.addresses()[0]!)

    for (const content of contents) {
      const { cid } = await origin.contribute(content, { name: 'file' })
      expect(hash(await bytesOf(other, cid))).toBe(hash(content))
    }
  })

  it('as a full replica holds every file of the others, whether it was there before them or joined later', async () => {
    const [a, b] = [await open({ pin: 'everything' }), await open({ pin: 'everything' })]
    await b.connect(a.addresses()[0]!)
    const contents = Array.from({ length: 12 }, () => randomBytes(4_000))

    // Both write at once, so that the log has several heads when the newcomer asks for them.
    await Promise.all(contents.map((content, i) => (i % 2 === 0 ? a : b).contribute(content, { name: `file ${i}` })))

    const newcomer = await open({ pin: 'everything' })
    await newcomer.connect(a.addresses()[0]!)

    for (const peer of [a, b, newcomer]) {
      await filesHeld(peer, contents.length)
      const entries = await list(peer)
      const held = await Promise.all(entries.map(async ({ cid }) => hash(await bytesOf(peer, cid, true))))
      expect(held.sort()).toEqual(contents.map(hash).sort())
    }
  })

  it('announces each contribution once', async () => {
    const [a, b] = [await open(), await open({ syncIntervalMs: 50 })]
    const seen: string[] = []
    const all = new Promise<void>((resolve) => {
      b.events.addEventListener('contribution', ({ detail }) => { if (seen.push(detail.name) >= 20) { resolve() } })
    })
    await b.connect(a.addresses()[0]!)

    for (let i = 0; i < 20; i++) {
      await a.contribute(randomBytes(100), { name: `${i}` })
    }

    await all
    expect(seen.map(Number).sort((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it('on disk is the same peer with the same contributions after it was closed', async () => {
    const directory = await temporaryDirectory()
    const before = await openPeer({ directory })
    const { cid } = await before.contribute(Buffer.from('kept'), { name: 'kept.txt' })
    await before.close()

    const after = await open({ directory, pin: 'everything' })

    expect(after.id).toBe(before.id)
    expect((await list(after)).map(({ name }) => name)).toEqual(['kept.txt'])
    expect((await bytesOf(after, cid, true)).toString()).toBe('kept')
  })
})

describe('a peer refuses in one sentence', () => {
  it('a CID that is none', async () => {
    const peer = await open()
    await expect(bytesOf(peer, '../../etc/passwd')).rejects.toThrow(/"\.\.\/\.\.\/etc\/passwd" is not a CID/)
  })

  it('a file that nobody has, after a bounded wait', async () => {
    const peer = await open()
    const absent = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    await expect(bytesOf(peer, absent, true)).rejects.toThrow(`file ${absent} is not held here`)
  })

  it('an address that is none', async () => {
    const peer = await open()
    await expect(peer.connect('/ip4/localhost')).rejects.toThrow(/"\/ip4\/localhost" is not a multiaddr/)
  })

  it('a contribution without a name, and stores nothing', async () => {
    const peer = await open()
    await expect(peer.contribute(Buffer.from('x'), { name: '' })).rejects.toThrow(/name/)
    expect(await list(peer)).toEqual([])
  })
})
