import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { attacks, compareAll, subscriptionTo, wantAll, withoutContent } from './adversary/attacks.ts'
import { startBenchmark } from './benchmark.ts'
import { openHostilePeer } from './adversary/hostile-peer.ts'
import { entryHashDigest } from './store/index.ts'
import { blocksOf, closeAll, closing, connect, counted, filesHeld, list, open, read, sha256, temporaryDirectory } from './peers.test-helper.ts'
import type { Block, HostilePeer, Target } from './adversary/index.ts'
import type { Content, Contribution, Peer } from './index.ts'
import type { CID } from 'multiformats/cid'

type Attacked = Target & { peer: Peer }

let attackers: HostilePeer[]

afterEach(closeAll)

/** A target of which the attackers know everything but the bytes. */
function targetOf (peer: Peer, blocks: Block[], contributions: Contribution[]): Attacked {
  attackers = []
  const meet = async (): Promise<HostilePeer> => {
    const attacker = closing(await openHostilePeer())
    attackers.push(attacker)
    await attacker.connect(peer)
    return attacker
  }
  return {
    peer,
    cids: blocks.map(({ cid }) => cid),
    digests: contributions.map(({ hash }) => entryHashDigest(hash)),
    meet,
    baited: (cid) => entryOf(peer, cid),
    knowsSubscriber: (id) => subscriptionTo(peer.libp2p.services.pubsub, peer.logAddress, id)
  }
}

/** Resolves when an entry with that CID comes to the peer. */
function entryOf (peer: Peer, cid: CID): Promise<void> {
  return new Promise<void>((resolve) => {
    peer.events.addEventListener('contribution', ({ detail }) => { if (detail.cid === cid.toString()) { resolve() } })
  })
}

/** The blocks whose bytes any attacker was sent, by whatever protocol. */
function leaked (blocks: Block[]): string[] {
  const received = attackers.flatMap(({ wires }) => wires).map(({ received }) => Buffer.from(received.slice()))
  return blocks
    .filter(({ bytes }) => received.some((sent) => sent.includes(Buffer.from(bytes.subarray(0, 4096)))))
    .map(({ cid }) => cid.toString())
}

function received (text: string): boolean {
  return attackers.flatMap(({ wires }) => wires).some(({ received }) => Buffer.from(received.slice()).includes(text))
}

async function attackAll (target: Attacked): Promise<void> {
  const spoken = target.peer.libp2p.getProtocols()
  const all = Object.entries(attacks)
    .filter(([prefix]) => spoken.some((protocol) => protocol.startsWith(prefix)))
    .map(([, attack]) => attack)

  for (const attack of new Set(all)) {
    await attack(target)
  }
}

async function directoryOf (files: Record<string, Uint8Array>): Promise<string> {
  const directory = await temporaryDirectory()

  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(join(directory, path, '..'), { recursive: true })
    await writeFile(join(directory, path), bytes)
  }

  return directory
}

/** Contents of one block, of several, and a directory. */
async function contents (): Promise<Array<{ content: Content, blocks: Block[] }>> {
  const path = await directoryOf({ 'a/one.csv': randomBytes(3000), 'two.csv': randomBytes(1_200_000) })
  const all: Content[] = [randomBytes(5_000), randomBytes(3 * 1024 * 1024), { path }]
  return Promise.all(all.map(async (content) => ({ content, blocks: await blocksOf(content) })))
}

async function contributeAll (peer: Peer, all: Array<{ content: Content }>, isPrivate: boolean): Promise<Contribution[]> {
  return Promise.all(all.map(({ content }, i) => peer.contribute(content, { name: `${isPrivate ? 'secret' : 'open'} plan ${i}`, private: isPrivate })))
}

describe.each(['fast', 'stock'] as const)('what is private, with the sync protocol "%s"', (sync) => {
  it('leaves the peer by none of the protocols that it speaks, whatever CIDs an attacker knows', { timeout: 120_000 }, async () => {
    const peer = await open({ sync, pin: 'everything', dht: true })
    const benchmark = await startBenchmark({ peer, region: 'here' })
    closing({ close: () => benchmark.stop() })
    const secrets = await contents()
    const blocks = secrets.flatMap(({ blocks }) => blocks)
    const contributions = await contributeAll(peer, secrets, true)
    const target = targetOf(peer, blocks, contributions)
    // A peer that listens to the log and does not speak PeersDB's own protocol makes the peer speak OrbitDB's.
    await attacks['/meshsub/']!({ ...target, cids: [] })

    const unknown = peer.libp2p.getProtocols().filter((protocol) =>
      !withoutContent.includes(protocol) && !Object.keys(attacks).some((prefix) => protocol.startsWith(prefix)))
    expect(unknown).toEqual([])
    await attackAll(target)

    expect(leaked(blocks)).toEqual([])
    expect(received('secret plan')).toBe(false)
    expect((await list(peer, 'private')).map(({ cid }) => cid).sort()).toEqual(contributions.map(({ cid }) => cid).sort())

    for (const [i, { content }] of secrets.entries()) {
      if (content instanceof Uint8Array) {
        expect(sha256(await read(peer, contributions[i]!.cid))).toBe(sha256(content))
      }
    }
  })

  it('is what the same attacks would find if it were not', { timeout: 60_000 }, async () => {
    const peer = await open({ sync })
    const [small, large] = await contents()
    const blocks = [...small!.blocks, ...large!.blocks]
    const contributions = await contributeAll(peer, [small!, large!], false)
    const target = targetOf(peer, blocks, contributions)

    for (const protocol of peer.libp2p.getProtocols().filter((protocol) => /bitswap|sync/.test(protocol))) {
      attackers = []
      await attacks[protocol.slice(0, -5)]!(target)
      expect(leaked(blocks)).toEqual(blocks.map(({ cid }) => cid.toString()))
    }
  })

  it('stays so on disk after a restart', { timeout: 60_000 }, async () => {
    const directory = await temporaryDirectory()
    const before = await open({ sync, directory })
    const secrets = await contents()
    const blocks = secrets.flatMap(({ blocks }) => blocks)
    const contributions = await contributeAll(before, secrets, true)
    await before.close()
    const peer = await open({ sync, directory, pin: 'everything' })

    const target = targetOf(peer, blocks, contributions)
    await attackAll(target)

    expect(leaked(blocks)).toEqual([])
    expect(peer.status()).toMatchObject({ privateContributions: 3 })
    expect(await read(peer, contributions[2]!.cid, { path: 'a/one.csv' })).toHaveLength(3000)
  })
})

describe('a private file that others know of', () => {
  it('is not served from the private copy when another peer publishes the same bytes, but fetched from who has them', async () => {
    const content = randomBytes(200_000)
    const [{ cid }] = await blocksOf(content) as [Block]
    const replica = await open({ pin: 'everything' })
    await replica.contribute(content, { name: 'mine', private: true })
    const target = targetOf(replica, await blocksOf(content), [])

    // An attacker that knows the CID publishes an entry with it, without the bytes, and looks whether it is asked for them.
    const attacker = closing(await openHostilePeer())
    const wanted = Promise.withResolvers<string[]>()
    const bait = await attacker.entry(replica, { cid: cid.toString(), name: 'bait', size: content.byteLength })
    await attacker.serveSync(replica, {}, async (wire) => {
      wire.say({ type: 'push', entry: bait.bytes, identity: attacker.identity.bytes, blocks: [] })

      while (true) {
        const { id, blocks } = await wire.until('want')
        wire.say({ type: 'end', id, sent: 0, missing: blocks, deferred: 0 })
        wanted.resolve(blocks.map((block) => Buffer.from(block).toString('hex')))
      }
    })
    await attacker.connect(replica)
    expect(await wanted.promise).toEqual([Buffer.from(cid.bytes).toString('hex')])
    await attackAll(target)
    expect(leaked([{ cid, bytes: content }])).toEqual([])
    expect(replica.status().filesHeld).toBe(0)

    const holder = await open()
    await holder.contribute(content, { name: 'theirs' })
    await connect(replica, holder)
    await filesHeld(replica, 1)
    expect(counted(holder, 'protocol_bytes_sent')).toBeGreaterThan(content.byteLength)
    expect((await list(replica, 'private')).map(({ name }) => name)).toEqual(['mine'])
  })

  it('is not served either after the same bytes were public here and removed', async () => {
    const contents = [randomBytes(5_000), randomBytes(2_500_000)]
    const peer = await open()

    for (const content of contents) {
      const blocks = await blocksOf(content)
      const { cid } = await peer.contribute(content, { name: 'a', private: true })
      await peer.contribute(content, { name: 'b' })
      const target = targetOf(peer, blocks, [])
      await wantAll(target)
      expect(leaked(blocks)).toHaveLength(blocks.length)

      await peer.unpin(cid)
      expect(await peer.collectGarbage()).toBeGreaterThanOrEqual(content.byteLength)
      attackers = []
      expect((await wantAll(target)).items.filter(({ kind }) => kind === 'block')).toEqual([])
      await attacks['/ipfs/bitswap/']!(target)
      expect(leaked(blocks)).toEqual([])
      expect(sha256(await read(peer, cid, { offline: true }))).toBe(sha256(content))
    }
  })

  it('is told to nobody when it is read, pinned or validated here', async () => {
    const peer = await open()
    const asked: string[] = []
    const attacker = closing(await openHostilePeer())
    const met = Promise.withResolvers<void>()
    await attacker.serveSync(peer, {}, async (wire) => {
      met.resolve()
      const { blocks } = await wire.until('want')
      asked.push(...blocks.map((block) => Buffer.from(block).toString('hex')))
    })
    await attacker.connect(peer)
    await met.promise
    const { cid } = await peer.contribute(randomBytes(300_000), { name: 'mine', private: true })

    await read(peer, cid)
    await peer.pin(cid)
    expect((await peer.validate(cid, { strategy: 'quorum' })).messages).toBe(0)
    expect(asked).toEqual([])
    await expect(peer.unpin(cid)).rejects.toThrow(`file ${cid} is not pinned here`)
    await peer.collectGarbage()
    expect(await read(peer, cid)).toHaveLength(300_000)
  })

  it('is not listed to those who compare their logs', async () => {
    const peer = await open()
    const { hash } = await peer.contribute(randomBytes(100), { name: 'open' })
    await peer.contribute(randomBytes(100), { name: 'secret', private: true })
    const target = targetOf(peer, [], [])

    expect((await compareAll(target)).map(sha256)).toEqual([sha256(entryHashDigest(hash))])
    expect(await list(peer)).toHaveLength(1)
    expect(peer.count()).toBe(1)
  })
})
