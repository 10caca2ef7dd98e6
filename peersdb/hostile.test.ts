import { randomBytes } from 'node:crypto'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { singleBlockCid } from './files/content.ts'
import { openHostilePeer } from './adversary/hostile-peer.ts'
import { createEntry } from './log/entry.ts'
import { hashOf } from './log/hash.ts'
import { entryHashDigest } from './store/index.ts'
import { blocksOf, closeAll, closing, connect, counted, entries, failuresOf, list, open, read, sha256, until } from './peers.test-helper.ts'
import { encode, syncProtocol } from './sync/messages.ts'
import { Summary } from './sync/summary.ts'
import type { HostilePeer } from './adversary/hostile-peer.ts'
import type { Wire } from './adversary/wire.ts'
import type { Contribution, Peer, PeerInit } from './index.ts'
import type { LogEntry } from './log/entry.ts'
import type { Hello, Item, Message, Push } from './sync/messages.ts'

let victim: Peer
let honest: Peer
let hostile: HostilePeer
let contents: Buffer[]
let contributions: Contribution[]
let failures: Error[]

/** The victim has nothing yet; the honest peer has what it is going to ask for. */
beforeEach(async () => {
  await meet()
})

afterEach(closeAll)

async function meet (init: PeerInit = {}): Promise<void> {
  [victim, honest, hostile] = [await open(init), await open(), closing(await openHostilePeer())]
  failures = failuresOf(victim)
  contents = [randomBytes(3_000), randomBytes(90_000), randomBytes(2_500_000)]
  contributions = await Promise.all(contents.map((bytes, i) => honest.contribute(bytes, { name: `honest ${i}` })))
}

/** What the peer says that it has, if it has these entries. */
function has (digests: Uint8Array[]): Partial<Hello> {
  const summary = new Summary()
  digests.forEach((digest) => { summary.add(digest) })
  const { count, sum } = summary.fingerprint('')
  return { size: count, fingerprint: sum }
}

/** Answers the comparison by listing these digests. */
async function listAll (wire: Wire, digests: Uint8Array[]): Promise<void> {
  await wire.until('ranges')
  wire.say({ type: 'differ', ranges: [], lists: [{ prefix: '', digests: [...digests].sort(Buffer.compare) }], done: true })
}

function pushOf ({ bytes }: Pick<LogEntry, 'bytes'>, blocks: Push['blocks'] = []): Push {
  return { type: 'push', entry: bytes, identity: hostile.identity.bytes, blocks }
}

/** Runs a script as the server of a session with the victim. */
async function serve (hello: Partial<Hello>, script: (wire: Wire) => void | Promise<void>): Promise<void> {
  await hostile.serveSync(victim, hello, script)
  await hostile.connect(victim)
}

async function expectBanned (reason: string, sentence: RegExp): Promise<void> {
  await hostile.thrownOut(victim)
  expect(counted(victim, 'refused', { reason })).toBe(1)
  expect(counted(victim, 'refused')).toBe(1)
  expect(failures.map(({ message }) => message)).toContainEqual(expect.stringMatching(sentence))
  await hostile.connect(victim).catch(() => {})
  await hostile.thrownOut(victim)
  expect(victim.libp2p.getConnections(hostile.libp2p.peerId)).toEqual([])
}

/** The victim has nothing of the attacker's, and gets all that is honest from the other peer. */
async function expectUnharmed (): Promise<void> {
  expect((await list(victim)).filter(({ contributor }) => contributor !== honest.id)).toEqual([])
  await connect(victim, honest)
  await entries(victim, contributions.length)
  expect((await list(victim)).map(({ cid }) => cid).sort()).toEqual(contributions.map(({ cid }) => cid).sort())

  for (const [i, { cid }] of contributions.entries()) {
    expect(sha256(await read(victim, cid))).toBe(sha256(contents[i]!))
  }

  const { hash } = await victim.contribute(Buffer.from('still here'), { name: 'own' })
  await entries(honest, contributions.length + 1)
  expect((await list(honest)).map((contribution) => contribution.hash)).toContain(hash)
}

describe('a hostile client of the sync protocol', () => {
  const want = (id: number, blocks: Uint8Array[]): Message => ({ type: 'want', id, entries: [], blocks, withFiles: false, bytesMax: 1 })
  const nothing = new Uint8Array(0)

  it.each<[string, RegExp, (wire: Wire) => void]>([
    ['a message of 2 GiB', /2147483648 bytes is announced; at most/, (wire) => { wire.frame(new Uint8Array(10), 2 ** 31) }],
    ['a message that is too long for what it is', /too long/, (wire) => { wire.frame(dagCbor.encode([1, new Uint8Array(300_000)])) }],
    ['garbage', /sync\/1\.0\.0/, (wire) => { wire.frame(randomBytes(500)) }],
    ['CBOR that nests deeply', /sync\/1\.0\.0/, (wire) => { wire.frame(new Uint8Array(200_000).fill(0x81)) }],
    ['a message that does not exist', /the tag of a message is not one of/, (wire) => { wire.frame(dagCbor.encode([99, 1])) }],
    ['a message without its fields', /is not an array of/, (wire) => { wire.frame(dagCbor.encode([3, 1])) }],
    ['a push', /a client does not send push messages/, (wire) => { wire.say({ type: 'push', entry: nothing, identity: nothing, blocks: [] }) }],
    ['an item', /a client does not send item messages/, (wire) => { wire.say({ type: 'item', id: 1, kind: 'block', key: Uint8Array.of(1), bytes: nothing }) }],
    ['a want of something that is no CID', /wanted by something that is no CID/, (wire) => { wire.say(want(1, [Uint8Array.of(1, 2, 3)])) }],
    ['10,000 wants', /wants are pending/, (wire) => { wire.say(...Array.from({ length: 10_000 }, (_, id) => want(id, [singleBlockCid(Uint8Array.of(1)).bytes]))) }]
  ])('that sends %s is refused and kept out', async (_name, sentence, attack) => {
    await hostile.connect(victim)
    attack(await hostile.openSync(victim))

    await expectBanned('malformed', sentence)
    await expectUnharmed()
  })

  it('that asks before it said hello is refused and kept out', async () => {
    await hostile.connect(victim)
    const wire = await hostile.open(victim, syncProtocol)
    wire.say({ type: 'ranges', ranges: [] })

    await expectBanned('malformed', /says hello before anything else/)
    await expectUnharmed()
  })

  it('that stops in the middle of a message is not waited for, and may come again', async () => {
    await hostile.connect(victim)
    const wire = await hostile.openSync(victim)
    wire.frame(randomBytes(10), 1_000)
    await wire.stream.close()
    await wire.ended

    const again = await hostile.openSync(victim)
    again.say({ type: 'want', id: 7, entries: [], blocks: [singleBlockCid(Uint8Array.of(1)).bytes], withFiles: false, bytesMax: 1 })
    expect(await again.until('end')).toMatchObject({ id: 7, sent: 0, missing: [singleBlockCid(Uint8Array.of(1)).bytes] })
    expect(counted(victim, 'refused')).toBe(0)
    await expectUnharmed()
  })

  it('that asks for more and more and reads nothing is refused and kept out', { timeout: 120_000 }, async () => {
    for (let i = 0; i < 2_000; i++) {
      await victim.contribute(Buffer.from(`entry ${i}`), { name: `${i}` })
    }

    await hostile.connect(victim)
    const wire = await hostile.openSync(victim)
    wire.stream.pause()
    const ask = encode({ type: 'ranges', ranges: [{ prefix: '', count: 0, sum: new Uint8Array(16) }] })

    for (let i = 0; i < 5_000 && hostile.isConnected(victim); i++) {
      wire.frame(ask)
    }

    await hostile.thrownOut(victim)
    expect(counted(victim, 'refused')).toBe(1)
  })
})

describe('a hostile server of the sync protocol', () => {
  const entry = (contribution = {}, place = {}): Promise<LogEntry> => hostile.entry(victim, contribution, place)
  const nothing = new Uint8Array(0)

  it.each<[string, string, RegExp, (honestEntry: LogEntry) => Promise<Message>]>([
    ['a push that is no entry', 'malformed', /is not dag-cbor|malformed/, async () => pushOf({ bytes: randomBytes(300) })],
    ['an entry of another log', 'malformed', /is of the log/, async () => pushOf(await createEntry(hostile.identity, '/orbitdb/other', (await entry()).contribution!, { next: [], time: 1 }))],
    ['an entry that is too large', 'malformed', /has 1[3-9]\d{4} bytes; at most 131072 are read/, async () => {
      const { contribution } = await entry()
      const attributes = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`attribute ${i}`, '漢'.repeat(700)]))
      return pushOf(await createEntry(hostile.identity, victim.logAddress, { ...contribution!, attributes }, { next: [], time: 1 }))
    }],
    ['an entry with a false signature', 'unsigned', /has a false signature/, async () => {
      const { stored } = await entry()
      return pushOf({ bytes: dagCbor.encode({ ...stored, sig: stored.sig.replace(/^../, stored.sig.startsWith('00') ? '11' : '00') }) })
    }],
    ['an entry whose content was changed after it was signed', 'unsigned', /has a false signature/, async () => {
      const { stored, contribution } = await entry()
      return pushOf({ bytes: dagCbor.encode({ ...stored, payload: { ...stored.payload, value: { ...contribution, name: 'other' } } }) })
    }],
    ['an entry that another peer is said to have contributed', 'forged', /whose key did not sign it/, async () => pushOf(await entry({ contributor: honest.id }))],
    ['an entry by an identity that nobody has', 'unsigned', /identity/, async () => ({ ...pushOf(await entry()), identity: randomBytes(200) })],
    ['an entry in another encoding', 'malformed', /canonical|dag-cbor/, async () => pushOf({ bytes: Buffer.concat([(await entry()).bytes, Uint8Array.of(0)]) })],
    ['a file with other bytes than its CID names', 'wrong-block', /are not its content/, async () => {
      const cid = singleBlockCid(Buffer.from('good'))
      return pushOf(await entry({ cid: cid.toString() }), [{ cid: cid.bytes, bytes: Buffer.from('evil') }])
    }],
    ['a file without a CID', 'malformed', /a block without a CID/, async () => pushOf(await entry(), [{ cid: Uint8Array.of(9), bytes: nothing }])],
    ['an item that nobody asked for', 'malformed', /a block came that was not asked for/, async () => ({ type: 'item', id: 1, kind: 'block', key: Uint8Array.of(1), bytes: nothing })],
    ['an end of nothing', 'malformed', /announced as sent/, async () => ({ type: 'end', id: 99, sent: 0, missing: [], deferred: 0 })],
    ['a difference that nobody asked for', 'malformed', /difference/, async () => ({ type: 'differ', ranges: [], lists: [{ prefix: '', digests: [randomBytes(32)] }], done: true })],
    ['a want', 'malformed', /a server does not send want messages/, async () => ({ type: 'want', id: 1, entries: [], blocks: [], withFiles: false, bytesMax: 1 })]
  ])('that sends %s is refused and kept out', async (_name, reason, sentence, attack) => {
    await serve({}, async (wire) => { wire.say(await attack(await entry())) })

    await expectBanned(reason, sentence)
    await expectUnharmed()
  })

  it('that pushes an entry from the year 2099 is refused', async () => {
    const late = await entry({ createdAt: '2099-01-01T00:00:00Z', name: 'late' })
    const good = await entry({ name: 'good' })
    await serve({}, (wire) => { wire.say(pushOf(late), pushOf(good)) })
    await entries(victim, 1)

    expect(counted(victim, 'refused', { reason: 'future' })).toBe(1)
    expect(failures.map(({ message }) => message)).toContainEqual(expect.stringMatching(/2099-01-01T00:00:00Z, which is yet to come/))
    expect((await list(victim)).map(({ name }) => name)).toEqual(['good'])
  })

  it('that pushes the entry of an honest peer without its identity cannot keep that entry out', { timeout: 90_000 }, async () => {
    await hostile.connect(honest)
    const digests = contributions.map(({ hash }) => entryHashDigest(hash))
    const spy = await hostile.openSync(honest)
    spy.say({ type: 'want', id: 1, entries: digests, blocks: [], withFiles: false, bytesMax: 1_000_000 })
    const stolen: Uint8Array[] = []

    for (let message = await spy.next(); message.type !== 'end'; message = await spy.next()) {
      stolen.push(...message.type === 'item' && message.kind === 'entry' ? [message.bytes] : [])
    }

    expect(stolen).toHaveLength(3)

    // Once only, where the victim opens another session meanwhile.
    await serve({}, (wire) => { wire.say(...stolen.splice(0).map((bytes) => ({ ...pushOf({ bytes }), identity: nothing }))) })
    await until(victim, 'failure', () => counted(victim, 'refused', { reason: 'unsigned' }) > 0)
    await expectUnharmed()
  })

  it('that winds up the logical clock keeps nobody from contributing', async () => {
    const wound = await entry({ name: 'wound up' }, { time: Number.MAX_SAFE_INTEGER })
    await serve({}, (wire) => { wire.say(pushOf(wound)) })
    await entries(victim, 1)
    await connect(victim, honest)
    await entries(honest, contributions.length + 1)

    const own = await victim.contribute(Buffer.from('mine'), { name: 'mine' })
    const other = await honest.contribute(Buffer.from('theirs'), { name: 'theirs' })
    await entries(victim, contributions.length + 3)
    await entries(honest, contributions.length + 3)
    expect((await list(honest)).map(({ hash }) => hash)).toEqual(expect.arrayContaining([own.hash, other.hash]))
  })

  it('that pushes files to a peer that keeps none has none of them stored', async () => {
    const bytes = randomBytes(5_000)
    const cid = singleBlockCid(bytes)
    const pushed = await entry({ cid: cid.toString(), size: bytes.byteLength })
    await serve({}, (wire) => { wire.say(pushOf(pushed, [{ cid: cid.bytes, bytes }])) })
    await entries(victim, 1)

    expect(victim.status().filesHeld).toBe(0)
    await expect(read(victim, cid.toString(), { offline: true })).rejects.toThrow('is not held here')
  })

  it.each<[string, (bytes: Buffer) => Promise<{ cid: { toString (): string, bytes: Uint8Array }, bytes: Uint8Array }>]>([
    ['the root of a file without the rest', async (bytes) => (await blocksOf(bytes)).at(-1)!],
    ['a block that is too large to come with an entry', async (bytes) => ({ cid: singleBlockCid(bytes.subarray(0, 100_000)), bytes: bytes.subarray(0, 100_000) })]
  ])('that pushes %s does not make it a file that is held', async (_name, choose) => {
    await meet({ pin: 'everything' })
    const file = await choose(contents[2]!)
    const pushed = await entry({ cid: file.cid.toString(), size: 2_500_000 })
    await serve({}, (wire) => { wire.say(pushOf(pushed, [{ cid: file.cid.bytes, bytes: file.bytes }])) })
    await Promise.race([hostile.thrownOut(victim), entries(victim, 1)])

    for await (const { cid } of victim.query({ held: true })) {
      expect(sha256(await read(victim, cid, { offline: true }))).toBeTypeOf('string')
    }
  })

  it('that sends identities without entries leaves nothing of them', async () => {
    const identities = await Promise.all(Array.from({ length: 20 }, async () => closing(await openHostilePeer()).identity.bytes))
    const forged = await entry({ contributor: honest.id })
    await serve({}, (wire) => { identities.forEach((identity) => { wire.say({ ...pushOf(forged), identity }) }) })
    await hostile.thrownOut(victim)

    const attacker = closing(await openHostilePeer())
    await attacker.connect(victim)
    const wire = await attacker.openSync(victim)
    wire.say({ type: 'want', id: 1, entries: [], blocks: identities.map((bytes) => CID.parse(hashOf(bytes)).bytes), withFiles: false, bytesMax: 1_000_000 })
    expect(await wire.until('end')).toMatchObject({ sent: 0, missing: { length: 20 } })
  })

  it('that pushes faster than can be verified is refused as a flood and kept out', { timeout: 60_000 }, async () => {
    // To verify it, the identity has to be fetched, which nobody has.
    const push = encode({ ...pushOf(await entry()), identity: nothing })
    await serve({}, (wire) => {
      for (let i = 0; i < 25_000; i++) {
        wire.frame(push)
      }
    })

    await expectBanned('flood', /pushes entries faster than they can be verified/)
    await expectUnharmed()
  })

  it('whose entries take long to verify does not keep those of others waiting', { timeout: 60_000 }, async () => {
    await connect(victim, honest)
    await entries(victim, contributions.length)
    const slow = { ...pushOf(await entry()), identity: nothing }
    const sent = Promise.withResolvers<void>()
    await serve({}, (wire) => {
      wire.say(slow)
      sent.resolve()
    })
    await sent.promise
    const { hash } = await honest.contribute(Buffer.from('news'), { name: 'news' })
    contributions.push((await list(honest)).find((contribution) => contribution.hash === hash)!)
    await entries(victim, contributions.length)

    expect(failures).toEqual([])
  })

  /** Lists the honest entries, and answers each want with what `lie` makes of it. */
  async function lieAbout (lie: (id: number, digests: Uint8Array[]) => Message[]): Promise<void> {
    const digests = contributions.map(({ hash }) => entryHashDigest(hash))
    await serve(has(digests), async (wire) => {
      await listAll(wire, digests)
      const { id, entries } = await wire.until('want')
      wire.say(...lie(id, entries))
    })
  }

  const identity = (id: number): Item => ({ type: 'item', id, kind: 'identity', key: randomBytes(32), bytes: hostile.identity.bytes })

  it('that sends another entry than the one it listed is refused and kept out', async () => {
    const { bytes } = await entry({ name: 'another' })
    await lieAbout((id, wanted) => [
      identity(id), ...wanted.map((key): Item => ({ type: 'item', id, kind: 'entry', key, bytes })), { type: 'end', id, sent: wanted.length + 1, missing: [], deferred: 0 }
    ])

    await expectBanned('wrong-block', /entry/)
    await expectUnharmed()
  })

  it('that announces another number of items than it sends is refused and kept out', async () => {
    await lieAbout((id) => [identity(id), { type: 'end', id, sent: 5, missing: [], deferred: 0 }])

    await expectBanned('malformed', /5 items were announced as sent, 1 came/)
    await expectUnharmed()
  })

  it('that lacks what it has listed is refused and kept out', async () => {
    await lieAbout((id, missing) => [{ type: 'end', id, sent: 0, missing, deferred: 0 }])

    await expectBanned('flood', /listed/)
    await expectUnharmed()
  })

  it('that neither sends what it is asked for nor says that it lacks it is refused and kept out', async () => {
    await lieAbout((id, wanted) => [{ type: 'end', id, sent: 0, missing: [], deferred: wanted.length }])

    await expectBanned('flood', /neither sends what it is asked for nor says that it lacks it/)
    await expectUnharmed()
  })

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['a block with one bit flipped', (bytes) => { const flipped = Buffer.from(bytes); flipped[1_000]! ^= 1; return flipped }],
    ['another block', () => randomBytes(50)],
    ['nothing in a block', () => new Uint8Array(0)]
  ])('that sends %s is refused and kept out, while the file comes from another peer', async (_name, falsify) => {
    const { cid, bytes } = (await blocksOf(contents[1]!))[0]!
    const met = Promise.withResolvers<void>()
    await serve({}, async (wire) => {
      met.resolve()
      const { id, blocks } = await wire.until('want')
      wire.say({ type: 'item', id, kind: 'block', key: blocks[0]!, bytes: falsify(Buffer.from(bytes)) }, { type: 'end', id, sent: 1, missing: [], deferred: 0 })
    })
    await met.promise
    const reading = read(victim, cid.toString()).catch((err: Error) => err)

    await expectBanned('wrong-block', /are not its content/)
    await reading
    await expectUnharmed()
  })

  it('that announces entries that nobody has costs nobody else anything', async () => {
    await connect(victim, honest)
    await entries(victim, 3)
    const sentBefore = counted(victim, 'protocol_bytes_sent', { protocol: syncProtocol })
    const lies = Array.from({ length: 200 }, () => Array.from({ length: 1_000 }, () => randomBytes(32)))
    await serve({}, async (wire) => {
      lies.forEach((digests) => { wire.say({ type: 'have', digests, ...has(digests) as { size: number, fingerprint: Uint8Array } }) })

      while (true) {
        const { id, entries } = await wire.until('want')
        wire.say({ type: 'end', id, sent: 0, missing: entries, deferred: 0 })
      }
    })

    await hostile.thrownOut(victim)
    expect(counted(victim, 'refused', { reason: 'flood' })).toBeGreaterThan(0)
    expect(counted(victim, 'protocol_bytes_sent', { protocol: syncProtocol }) - sentBefore).toBeLessThan(1_000_000)
  })

  // Both in one test, as what they have in common is the wait.
  it('that says nothing at all, or nothing when it is asked what it has, is given up, and others are asked', { timeout: 90_000 }, async () => {
    const digests = contributions.map(({ hash }) => entryHashDigest(hash))
    const mute = closing(await openHostilePeer())
    const ended = Promise.withResolvers<void>()
    await mute.handle(syncProtocol, (wire) => wire.ended.then(ended.resolve))
    await mute.connect(victim)
    await serve(has(digests), (wire) => wire.ended)

    await ended.promise
    await expectUnharmed()
    const told = failures.map(({ message }) => message).filter((message) => message.includes('sent nothing of what it owes for'))
    expect(told).toEqual(expect.arrayContaining([mute, hostile].map(({ id }) => expect.stringContaining(id))))
  })
})

describe('others', () => {
  it('are not affected while a hostile peer is dealt with', async () => {
    await connect(victim, honest)
    await entries(victim, 3)
    const arrived = entries(victim, 23)
    await serve({}, (wire) => { wire.frame(randomBytes(1_000)) })

    for (let i = 0; i < 20; i++) {
      await honest.contribute(Buffer.from(`more ${i}`), { name: `more ${i}` })
    }

    await hostile.thrownOut(victim)
    await arrived
    expect(victim.status()).toMatchObject({ neighbours: 1, connectedPeers: 1, entries: 23 })
    expect(honest.status().neighbours).toBe(1)
  })
})
