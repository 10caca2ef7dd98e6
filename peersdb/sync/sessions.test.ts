import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openStore } from '../store/index.ts'
import { CorruptBlockError } from '../store/errors.ts'
import { hashOf, multihashOf, sha256 } from '../log/hash.ts'
import { Channel } from './channel.ts'
import { keyOf } from '../store/multihash.ts'
import { ClientSession, OtherLogError } from './client-session.ts'
import { digestsOf, summaryOf } from './digests.test-helper.ts'
import { itemBytesMax, ProtocolError } from './messages.ts'
import { ServerSession } from './server-session.ts'
import { smallFile } from './small-file.ts'
import { MemoryStream } from './streams.test-helper.ts'
import type { ClientSessionInit } from './client-session.ts'
import type { LogEntry } from '../log/entry.ts'
import type { Hello, Item, Message } from './messages.ts'
import type { ServerSessionInit } from './server-session.ts'

const hello = (logAddress = '/orbitdb/log'): Hello =>
  ({ type: 'hello', version: 1, logAddress, size: 1, fingerprint: new Uint8Array(16), holdsAll: false })
const key: Uint8Array = new Uint8Array(sha256(Buffer.from('wanted')))
const item = (id: number, bytes = 10, of = key): Item => ({ type: 'item', id, kind: 'entry', key: of, bytes: new Uint8Array(bytes) })

afterEach(() => { vi.useRealTimers() })

/** One end of a session that says what a test wants it to say, and notes what it hears. */
function raw (stream: MemoryStream): { channel: Channel, heard: Message[], say: (...messages: Message[]) => Promise<void> } {
  const heard: Message[] = []
  const channel = new Channel(stream, { onMessage: (message) => { heard.push(message) }, onEnd: () => {} })
  return { channel, heard, say: (...messages) => channel.send(messages) }
}

function arrived (): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}

function client (init: Partial<ClientSessionInit> = {}) {
  const [near, far] = MemoryStream.pair()
  const ended = Promise.withResolvers<Error | undefined>()
  let hellos = 0
  const session = new ClientSession({
    peerId: 'peer',
    stream: near,
    hello,
    onHello: () => { hellos++ },
    onIdentity: () => {},
    onPush: () => {},
    onHave: () => {},
    onEnd: (_session, reason) => { ended.resolve(reason) },
    ...init
  })
  const want = (limitMs = 60_000): ReturnType<ClientSession['want']> => session.want([key], [], { withFiles: false, bytesMax: 1_000, limitMs })
  return { session, server: raw(far), far, ended: ended.promise, want, hellos: () => hellos }
}

describe('a client session', () => {
  it('takes what it asked for, from a server that sends it in one go or bit by bit', async () => {
    const { server, want } = client()
    await server.say(hello())
    const delivery = want()
    await server.say(item(1))
    await server.say({ type: 'end', id: 1, sent: 1, missing: [], deferred: 0 })

    expect((await delivery).items).toMatchObject([{ kind: 'entry', key }])
  })

  it('refuses a server that sends what it must not', async () => {
    const cases: Array<[Message[], string]> = [
      [[item(2)], 'a entry came that was not asked for'],
      [[item(1, 1, sha256(Buffer.from('another')))], 'a entry came that was not asked for'],
      [[item(1), { type: 'end', id: 1, sent: 2, missing: [], deferred: 0 }], '2 items were announced as sent, 1 came'],
      [[{ type: 'end', id: 7, sent: 0, missing: [], deferred: 0 }], '0 items were announced as sent, 0 came'],
      [[{ type: 'differ', ranges: [], lists: [], done: true }], 'a difference is told that nobody asked for'],
      [[{ type: 'ranges', ranges: [] }], 'a server does not send ranges messages'],
      [[item(1, itemBytesMax), item(1, itemBytesMax), item(1, 1)], 'more than 1000 bytes came for one want']
    ]

    for (const [messages, sentence] of cases) {
      const { server, want, ended } = client()
      await server.say(hello())
      const delivery = want()
      await server.say(...messages)
      const reason = await ended
      expect(reason).toBeInstanceOf(ProtocolError)
      expect(reason!.message).toBe(sentence)
      await expect(delivery).rejects.toBe(reason)
      await arrived()
      expect(server.heard.at(-1)).toEqual({ type: 'error', sentence })
    }
  })

  it('lets everybody know who waits when it ends, and asks nothing from then on', async () => {
    const { session, server, far, want, ended } = client()
    await server.say(hello())
    const waiting = Promise.allSettled([want(), want(), session.greet(), session.compare(summaryOf(digestsOf('mine', 50)), () => {})])
    await arrived()
    far.cut()

    expect(await ended).toBeUndefined()
    expect((await waiting).map(({ status }) => status)).toEqual(Array(4).fill('rejected'))

    for (const ask of [want, () => session.greet(), () => session.compare(summaryOf([]), () => {})]) {
      await expect(ask()).rejects.toThrow('the session with peer peer has ended')
    }
  })

  it('ends where a server owes something and is silent, and not where it owes nothing', async () => {
    const silent = client({ stallMs: 30 })
    expect((await silent.ended)!.message).toBe('peer peer sent nothing of what it owes for 0.03 s')

    const { server, want, ended, hellos } = client({ stallMs: 30 })
    await server.say(hello())
    await arrived()
    const delivery = want()
    await server.say({ type: 'end', id: 1, sent: 0, missing: [key], deferred: 0 })
    expect((await delivery).missing).toEqual([key])
    expect(hellos()).toBe(1)
    const owed = want()
    await expect(owed).rejects.toThrow('sent nothing of what it owes')
    await ended
  })

  it('ends where a server sends just enough not to seem silent, and what it owes is not there in time', async () => {
    const keys = Array.from({ length: 64 }, (_, index) => sha256(Buffer.from(`wanted ${index}`)))
    const drips: Array<(turn: number) => Message> = [
      () => ({ type: 'push', entry: key, identity: key, blocks: [] }),
      (turn) => item(1, 10, keys[turn])
    ]

    for (const drip of drips) {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
      const { session, server, ended } = client()
      await server.say(hello())
      const wanted = session.want(keys, [], { withFiles: false, bytesMax: 1_000, limitMs: 60_000 })
      const refused = expect(wanted).rejects.toThrow('peer peer sends what it owes too slowly; it is asked of others')

      for (let turn = 0; turn < 6; turn++) {
        await server.say(drip(turn))
        await arrived()
        expect(session.open).toBe(turn < 5)
        vi.advanceTimersByTime(14_000)
      }

      await refused
      await ended
    }
  })

  it('ends where a server lists one digest after another for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { session, server, ended } = client()
    const digests = digestsOf('theirs', 50).toSorted(Buffer.compare)
    await server.say({ ...hello(), size: 50 })
    const refused = expect(session.compare(summaryOf([]), () => {})).rejects.toThrow('peer peer sends what it owes too slowly')

    for (const digest of digests.slice(0, 8)) {
      await server.say({ type: 'differ', ranges: [], lists: [{ prefix: '', digests: [digest] }], done: false })
      await arrived()
      vi.advanceTimersByTime(14_000)
    }

    await refused
    await ended
  })

  it('gives each want its time, which begins when those before it are answered', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { session, server, want } = client()
    await server.say(hello())
    const wants = [want(), want(), want()]

    for (const id of [1, 2, 3]) {
      for (let part = 0; part < 4; part++) {
        await server.say({ type: 'push', entry: key, identity: new Uint8Array(0), blocks: [] })
        await arrived()
        vi.advanceTimersByTime(14_000)
      }

      await server.say(item(id), { type: 'end', id, sent: 1, missing: [], deferred: 0 })
      await arrived()
    }

    expect((await Promise.all(wants)).map(({ items }) => items.length)).toEqual([1, 1, 1])
    expect(session.open).toBe(true)
  })

  it('ends where the peer has another log', async () => {
    const { server, ended, hellos } = client()
    await server.say(hello('/orbitdb/another'))

    expect(await ended).toBeInstanceOf(OtherLogError)
    expect(hellos()).toBe(0)
  })
})

function server (init: { isRead?: boolean, hello?: () => Hello, log?: unknown, store?: unknown, onCorrupt?: ServerSessionInit['onCorrupt'] } = {}) {
  const [far, near] = MemoryStream.pair({ window: init.isRead === false ? 0 : Infinity })
  const [onViolation, onEnd] = [Promise.withResolvers<Error>(), Promise.withResolvers<Error | undefined>()]
  const { log = { entries: { summary: summaryOf(digestsOf('theirs', 2_000)), has: () => true } }, store = {}, onCorrupt } = init
  const session = new ServerSession({
    stream: far,
    log: log as ServerSessionInit['log'],
    store: store as ServerSessionInit['store'],
    hello: init.hello ?? hello,
    onCorrupt,
    onViolation: (reason) => { onViolation.resolve(reason) },
    onHello: () => {},
    onEnd: (reason) => { onEnd.resolve(reason) }
  })
  return { session, client: raw(near), far, violation: onViolation.promise, ended: onEnd.promise }
}

const everything: Message = { type: 'ranges', ranges: [{ prefix: '', count: 0, sum: new Uint8Array(16) }] }

describe('a server session', () => {
  it('tells a client that says hello what came since its own, so that it compares; others are told nothing', async () => {
    let size = 1
    const { client } = server({ hello: () => ({ ...hello(), size, fingerprint: new Uint8Array(16).fill(size) }) })
    size = 3
    await client.say(hello())

    while (client.heard.length < 2) {
      await arrived()
    }

    expect(client.heard).toMatchObject([
      { type: 'hello', size: 1 }, { type: 'have', digests: [], size: 3, fingerprint: new Uint8Array(16).fill(3) }
    ])
    const unchanged = server()
    await unchanged.client.say(hello(), hello())

    while (unchanged.client.heard.length < 2) {
      await arrived()
    }

    expect(unchanged.client.heard.map(({ type }) => type)).toEqual(['hello', 'hello'])
  })

  it('answers each question about ranges, in their order', async () => {
    const { client } = server()
    const questions = ['0', '1', '2'].map((prefix): Message => ({ type: 'ranges', ranges: [{ prefix, count: 0, sum: new Uint8Array(16) }] }))
    await client.say(hello(), ...questions)

    while (client.heard.length < 4) {
      await arrived()
    }

    expect(client.heard.flatMap((message) => message.type === 'differ' ? message.lists.map(({ prefix }) => prefix) : [])).toEqual(['0', '1', '2'])
  })

  it('makes no answer before the one ahead of it was read, and refuses a client that asks on and on without reading', async () => {
    const { client, far, violation } = server({ isRead: false })
    await client.say(hello(), ...Array(200).fill(everything) as Message[])
    await arrived()
    // One answer of 2,000 digests, and the server's hello.
    expect(far.writeBufferLength).toBeLessThan(70_000)

    await client.say(...Array(100).fill(everything) as Message[])
    expect((await violation).message).toBe('more than 256 questions about ranges are pending')
  })

  it('refuses a client that asks too often, although it reads all answers', async () => {
    const { client, violation } = server({ log: { entries: { summary: summaryOf([]), has: () => false } } })

    for (let count = 0; count < 10_001; count += 100) {
      await client.say(...Array(100).fill(hello()) as Message[])
      await arrived()
    }

    expect(await violation).toBeInstanceOf(ProtocolError)
    expect((await violation).message).toBe('more than 10000 times a minute a client says hello or asks about ranges')
  })

  it('answers nobody who has not said hello', async () => {
    for (const message of [everything, { type: 'want', id: 1, entries: [key], blocks: [], withFiles: false, bytesMax: 1 }] as Message[]) {
      const { client, violation } = server()
      await client.say(message)
      expect((await violation).message).toBe('a client says hello before anything else')
    }
  })

  it('says that a block is missing which is damaged here, and goes on', async () => {
    const corrupt: Error[] = []
    const { client, session } = server({
      store: { blocks: { get: async () => { throw new CorruptBlockError('x', 'y', 'has other bytes') } } },
      onCorrupt: (reason) => { corrupt.push(reason) }
    })
    const block = Buffer.concat([Buffer.of(1, 0x55), multihashOf(key)])
    await client.say(hello(), { type: 'want', id: 1, entries: [], blocks: [block], withFiles: false, bytesMax: 1_000 })
    await arrived()

    expect(client.heard.at(-1)).toMatchObject({ type: 'end', id: 1, sent: 0, missing: [new Uint8Array(block)] })
    expect(corrupt).toHaveLength(1)
    expect(session.subscribed).toBe(true)
  })

  it('sends an identity with what comes first on the stream, although a push overtakes what a want asked for', async () => {
    const identity = Buffer.from('an identity')
    const bytes = dagCbor.encode({ payload: { op: 'ADD', key: null, value: {} }, identity: hashOf(identity) })
    const blocks = new Map([identity, bytes].map((one) => [keyOf(multihashOf(sha256(one))), one]))
    const slow = Promise.withResolvers<Uint8Array>()
    const getSmall = (multihash: Uint8Array): Uint8Array | undefined => blocks.get(keyOf(multihash))
    const { client, session } = server({ store: { blocks: { getSmall, get: () => slow.promise } } })
    const block = Buffer.concat([Buffer.of(1, 0x55), multihashOf(key)])
    await client.say(hello(), { type: 'want', id: 1, entries: [sha256(bytes)], blocks: [block], withFiles: false, bytesMax: 1_000 })
    await arrived()
    session.push({ bytes, stored: { identity: hashOf(identity) } } as LogEntry)
    slow.resolve(Buffer.from('a block'))

    while (client.heard.at(-1)?.type !== 'end') {
      await arrived()
    }

    const [first] = client.heard.slice(1)
    expect(first).toMatchObject({ type: 'push', identity: new Uint8Array(identity) })
    session.push({ bytes, stored: { identity: hashOf(identity) } } as LogEntry)
    await arrived()
    expect(client.heard.at(-1)).toMatchObject({ type: 'push', identity: new Uint8Array(0) })
  })

  it('sends an entry of a later schema whatever it has as the CID of its file', async () => {
    for (const cid of ['nonsense', 5, null, { '/': 'x' }, 'bafkreih']) {
      const bytes = dagCbor.encode({ payload: { op: 'ADD', key: null, value: { schema: 2, cid } }, identity: hashOf(Buffer.from('identity')) })
      const getSmall = (multihash: Uint8Array): Uint8Array | undefined => multihash[2] === sha256(bytes)[0] ? bytes : undefined
      const { client } = server({ store: { blocks: { getSmall } } })
      await client.say(hello(), { type: 'want', id: 1, entries: [sha256(bytes)], blocks: [], withFiles: true, bytesMax: 1_000 })
      await arrived()
      expect(client.heard.slice(1)).toMatchObject([{ type: 'item', kind: 'entry' }, { type: 'end', sent: 1, missing: [] }])
    }
  })

  it('lets a file travel with its entry where it is one small raw block', async () => {
    const store = await openStore()
    const bytes = Buffer.from('a small file')
    store.blocks.putSmall(multihashOf(sha256(bytes)), bytes)

    expect(smallFile(store, 'bafkreiafngt34jn3zsmpykxu2iyqxvrbbrzirzoujxrdsxqpvsr75ukhe4')).toBeUndefined()
    expect(smallFile(store, undefined)).toBeUndefined()
    const raw = CID.decode(Buffer.concat([Buffer.of(1, 0x55), multihashOf(sha256(bytes))]))
    expect(Buffer.compare(smallFile(store, raw.toString())!.bytes, bytes)).toBe(0)
    expect(smallFile(store, CID.createV1(0x70, raw.multihash).toString())).toBeUndefined()
    await store.close()
  })
})
