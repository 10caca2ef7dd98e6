import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { afterEach, describe, expect, it } from 'vitest'
import { singleBlockCid } from './content.ts'
import { RefusedError } from '../errors.ts'
import { openHostilePeer } from '../adversary/hostile-peer.ts'
import { cidOfHash, hashOf } from '../log/hash.ts'
import { CorruptBlockError } from '../store/index.ts'
import { blocksOf, closeAll, closing, connect, counted, entries, failuresOf, filesHeld, open, read, sha256, temporaryDirectory, until } from '../peers.test-helper.ts'
import type { Peer } from '../index.ts'

afterEach(closeAll)

const mebibyte = 1024 * 1024

interface Block { cid: CID, bytes: Uint8Array }

/** Contributes a file of these blocks, delivers so many of them, one for each want, and is gone. Resolves when the reader has noticed. */
async function deliverPart (blocks: Block[], count: number, reader: Peer): Promise<void> {
  const holder = closing(await openHostilePeer())
  const byCid = new Map(blocks.map(({ cid, bytes }) => [cid.toString(), bytes]))
  const { bytes: entry } = await holder.entry(reader, { cid: blocks.at(-1)!.cid.toString(), size: 20 * mebibyte })
  const gone = new Promise<void>((resolve) => {
    reader.libp2p.addEventListener('peer:disconnect', ({ detail }) => { if (detail.toString() === holder.id) { resolve() } })
  })
  await holder.serveSync(reader, {}, async (wire) => {
    wire.say({ type: 'push', entry, identity: holder.identity.bytes, blocks: [] })

    for (let delivered = 0; delivered < count; delivered++) {
      const { id, blocks: [key, ...others] } = await wire.until('want')
      const bytes = byCid.get(CID.decode(key!).toString())!
      wire.say({ type: 'item', id, kind: 'block', key: key!, bytes }, { type: 'end', id, sent: 1, missing: [], deferred: others.length })
    }

    // The reader leaves six wants unanswered, so that the sixth more tells that what was delivered has arrived.
    for (let more = 0; more < 6; more++) {
      await wire.until('want')
    }

    await holder.close()
  })
  await holder.connect(reader)
  await gone
}

describe.each(['fast', 'stock'] as const)('1,500 files at once, with the sync protocol "%s"', (sync) => {
  it('all come, though Bitswap drops what is wanted beyond 1,024', { timeout: 120_000 }, async () => {
    const [origin, replica] = [await open({ sync }), await open({ sync, pin: 'everything' })]
    // Larger than what travels with an entry, where entries carry files.
    const sizeBytes = sync === 'fast' ? 65_537 : 100

    for (let i = 0; i < 1_500; i++) {
      await origin.contribute(randomBytes(sizeBytes), { name: `${i}` })
    }

    await connect(replica, origin)
    await filesHeld(replica, 1_500)
    expect(replica.count({ held: true })).toBe(1_500)
  })
})

describe('a file whose holder vanishes', () => {
  const content = randomBytes(20 * mebibyte)

  it('is completed by another holder, of which only what is missing is taken', { timeout: 60_000 }, async () => {
    const [reader, other] = [await open({ pin: 'everything' }), await open()]
    await deliverPart(await blocksOf(content), 11, reader)

    const { cid } = await other.contribute(content, { name: 'whole' })
    await connect(reader, other)
    await filesHeld(reader, 1)

    // The first one delivered the root and ten leaves of a mebibyte.
    expect(counted(other, 'protocol_bytes_sent')).toBeLessThan(10.5 * mebibyte)
    expect(counted(other, 'protocol_bytes_sent')).toBeGreaterThan(10 * mebibyte)
    expect(sha256(await read(reader, cid, { offline: true }))).toBe(sha256(content))
  })

  it('goes on after a restart where it was', { timeout: 60_000 }, async () => {
    const directory = await temporaryDirectory()
    const before = await open({ directory, pin: 'everything' })
    await deliverPart(await blocksOf(content), 11, before)
    await before.close()

    const [after, other] = [await open({ directory, pin: 'everything' }), await open()]
    const { cid } = await other.contribute(content, { name: 'whole' })
    await connect(after, other)
    await filesHeld(after, 1)

    expect(counted(other, 'protocol_bytes_sent')).toBeLessThan(10.5 * mebibyte)
    expect(sha256(await read(after, cid, { offline: true }))).toBe(sha256(content))
  })
})

it('a file that is read slowly is not fetched far ahead of its reader, and no further when the reader ends', async () => {
  const [origin, reader] = [await open(), await open()]
  const { cid } = await origin.contribute(randomBytes(32 * mebibyte), { name: 'large' })
  await connect(reader, origin)
  const chunks = reader.get(cid)
  await chunks.next()
  await chunks.return(undefined)
  // Whatever was still wanted by then would arrive before this.
  const { cid: marker } = await origin.contribute(randomBytes(200_000), { name: 'marker' })
  await read(reader, marker)

  expect(counted(reader, 'protocol_bytes_received')).toBeLessThan(12 * mebibyte)
})

describe('a large block that is damaged on disk', () => {
  async function damage (directory: string): Promise<void> {
    const files = await readdir(join(directory, 'blocks'), { recursive: true, withFileTypes: true })
    const [file] = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const bytes = await readFile(file!)
    bytes[bytes.byteLength >> 1]! ^= 1
    await writeFile(file!, bytes)
  }

  it('is noticed when it is read, and the file is fetched again', async () => {
    const [directory, content] = [await temporaryDirectory(), randomBytes(3_000_000)]
    const [peer, other] = [await open({ directory }), await open()]
    const failures = failuresOf(peer)
    const { cid } = await peer.contribute(content, { name: 'mine' })
    await other.contribute(content, { name: 'theirs' })
    await damage(directory)

    await expect(read(peer, cid, { offline: true })).rejects.toThrow(CorruptBlockError)
    expect(failures[0]?.message).toMatch(/^block baf\w+ of the store in .* is damaged on disk and was dropped/)
    expect(peer.status().filesHeld).toBe(0)
    await connect(peer, other)
    await filesHeld(peer, 1)
    expect(sha256(await read(peer, cid, { offline: true }))).toBe(sha256(content))
  })

  it('is replaced while it is read, where another peer has it', async () => {
    const [directory, content] = [await temporaryDirectory(), randomBytes(3_000_000)]
    const [peer, other] = [await open({ directory }), await open()]
    const { cid } = await peer.contribute(content, { name: 'mine' })
    await other.contribute(content, { name: 'theirs' })
    const met = until(peer, 'neighbour', () => peer.status().neighbours === 1)
    await connect(peer, other)
    await met
    await damage(directory)

    expect(sha256(await read(peer, cid))).toBe(sha256(content))
    await filesHeld(peer, 1)
    expect(sha256(await read(peer, cid, { offline: true }))).toBe(sha256(content))
  })

  it('is missing for those who ask for it, who can go on with everything else', async () => {
    const [directory, content] = [await temporaryDirectory(), randomBytes(3_000_000)]
    const [peer, reader] = [await open({ directory }), await open()]
    const { cid } = await peer.contribute(content, { name: 'damaged' })
    await connect(reader, peer)
    await entries(reader, 1)
    await damage(directory)

    await expect(read(reader, cid)).rejects.toThrow(/is not held here and no connected peer delivered it/)
    const { cid: next } = await peer.contribute(randomBytes(200_000), { name: 'next' })
    await entries(reader, 2)
    expect(await read(reader, next)).toHaveLength(200_000)
  })
})

describe('a file that is not what its contribution says', () => {
  /** Serves blocks for as long as they are wanted, after it has contributed a file with that root as one of 1,000 bytes. */
  async function serve (reader: Peer, bytesOf: (cid: CID) => Uint8Array, root?: CID): Promise<void> {
    const peer = closing(await openHostilePeer())
    const bait = root == null ? undefined : await peer.entry(reader, { cid: root.toString(), size: 1_000 })
    const met = Promise.withResolvers<void>()
    await peer.serveSync(reader, {}, async (wire) => {
      met.resolve()

      if (bait != null) {
        wire.say({ type: 'push', entry: bait.bytes, identity: peer.identity.bytes, blocks: [] })
      }

      while (true) {
        const { id, blocks: [key, ...others] } = await wire.until('want')
        wire.say({ type: 'item', id, kind: 'block', key: key!, bytes: bytesOf(CID.decode(key!)) })
        wire.say({ type: 'end', id, sent: 1, missing: [], deferred: others.length })
      }
    })
    await peer.connect(reader)
    await met.promise
  }

  const nodeOf = (links: CID[]): Block => {
    const bytes = dagPb.encode(dagPb.createNode(Uint8Array.of(8, 2), links.map((Hash) => ({ Hash, Tsize: 1, Name: '' }))))
    return { cid: CID.createV1(dagPb.code, cidOfHash(hashOf(bytes)).multihash), bytes }
  }

  it('but has far more bytes is given up, and leaves nothing', async () => {
    const reader = await open({ pin: 'everything' })
    const failures = failuresOf(reader)
    const leaves = Array.from({ length: 12 }, () => randomBytes(mebibyte))
    const root = nodeOf(leaves.map(singleBlockCid))
    const leavesByCid = new Map(leaves.map((leaf) => [singleBlockCid(leaf).toString(), leaf]))
    const refused = until(reader, 'failure', () => failures.some((failure) => failure instanceof RefusedError))
    await serve(reader, (cid) => leavesByCid.get(cid.toString()) ?? root.bytes, root.cid)
    await refused

    expect(failures.map(({ message }) => message)).toContain(`file ${root.cid.toString()} has more bytes than the 1000 that its contribution names`)
    expect(reader.status().filesHeld).toBe(0)
    expect(await reader.collectGarbage()).toBeGreaterThan(mebibyte)
    expect(counted(reader, 'store_bytes')).toBeLessThan(mebibyte)
  })

  it('but a few blocks that refer to each other a million times over costs no more than these blocks', async () => {
    const reader = await open()
    const layers = [nodeOf([singleBlockCid(Uint8Array.of(1))])]
    const bytes = new Map<string, Uint8Array>([[singleBlockCid(Uint8Array.of(1)).toString(), Uint8Array.of(1)]])

    for (let depth = 0; depth < 40; depth++) {
      layers.push(nodeOf(Array<CID>(20).fill(layers.at(-1)!.cid)))
    }

    layers.forEach(({ cid, bytes: node }) => { bytes.set(cid.toString(), node) })
    let asked = 0
    await serve(reader, (cid) => { asked++; return bytes.get(cid.toString())! })
    await reader.pin(layers.at(-1)!.cid.toString(), { signal: AbortSignal.timeout(20_000) })

    expect(asked).toBe(42)
    expect(reader.status().filesHeld).toBe(1)
  })

  it('but no file at all is refused', async () => {
    const reader = await open()
    const bytes = randomBytes(500)
    const cid = CID.createV1(dagPb.code, singleBlockCid(bytes).multihash)
    await serve(reader, () => bytes)

    await expect(reader.pin(cid.toString())).rejects.toThrow(`block ${cid.toString()} is not DAG-PB`)
    await expect(reader.unpin(cid.toString())).rejects.toThrow('is not pinned here')
  })
})
