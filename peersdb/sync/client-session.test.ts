import { afterEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../log/hash.ts'
import { ClientSession, OtherLogError } from './client-session.ts'
import { digestsOf, summaryOf } from './digests.test-helper.ts'
import { itemBytesMax, ProtocolError } from './messages.ts'
import { MemoryStream } from './streams.test-helper.ts'
import { arrived, hello, item, key, raw } from './sessions.test-helper.ts'
import type { ClientSessionInit } from './client-session.ts'
import type { Message } from './messages.ts'

afterEach(() => { vi.useRealTimers() })

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
