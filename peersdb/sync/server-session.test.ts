import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { openStore } from '../store/index.ts'
import { CorruptBlockError } from '../store/errors.ts'
import { hashOf, multihashOf, sha256 } from '../log/hash.ts'
import { keyOf } from '../store/multihash.ts'
import { digestsOf, summaryOf } from './digests.test-helper.ts'
import { ProtocolError } from './messages.ts'
import { OutgoingPush } from './outgoing-push.ts'
import { ServerSession } from './server-session.ts'
import { smallFile } from './small-file.ts'
import { MemoryStream } from './streams.test-helper.ts'
import { arrived, hello, key, raw } from './sessions.test-helper.ts'
import type { LogEntry } from '../log/entry.ts'
import type { Hello, Message } from './messages.ts'
import type { ServerSessionInit } from './server-session.ts'

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
    session.push(new OutgoingPush({ bytes, stored: { identity: hashOf(identity) } } as LogEntry))
    slow.resolve(Buffer.from('a block'))

    while (client.heard.at(-1)?.type !== 'end') {
      await arrived()
    }

    const [first] = client.heard.slice(1)
    expect(first).toMatchObject({ type: 'push', identity: new Uint8Array(identity) })
    session.push(new OutgoingPush({ bytes, stored: { identity: hashOf(identity) } } as LogEntry))
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
