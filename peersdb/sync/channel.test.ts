import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Channel, TruncatedError } from './channel.ts'
import { encode, itemBytesMax, itemFrameBytesMax, ProtocolError } from './messages.ts'
import { MemoryStream } from './streams.test-helper.ts'
import type { ChannelInit } from './channel.ts'
import type { Message } from './messages.ts'

interface Listener {
  channel: Channel
  messages: Message[]
  /** What `onEnd` was called with, each time. */
  ends: Array<Error | undefined>
  ended: Promise<Error | undefined>
}

function listen (stream: MemoryStream, init: Partial<ChannelInit> = {}): Listener {
  const messages: Message[] = []
  const ends: Array<Error | undefined> = []
  const { promise, resolve } = Promise.withResolvers<Error | undefined>()
  const channel = new Channel(stream, {
    onMessage: (message) => { messages.push(message) },
    onEnd: (reason) => { ends.push(reason); resolve(reason) },
    ...init
  })
  return { channel, messages, ends, ended: promise }
}

/** Lets all that is under way in memory arrive: streams in memory use microtasks only. */
function arrived (): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}

function framesOf (messages: readonly Message[]): Buffer {
  return Buffer.concat(messages.map((message) => {
    const bytes = encode(message)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.byteLength)
    return Buffer.concat([length, bytes])
  }))
}

const hexOf = (messages: readonly Message[]): string[] => messages.map((message) => Buffer.from(encode(message)).toString('hex'))
const item = (id: number, bytes: number): Message => ({ type: 'item', id, kind: 'block', key: Uint8Array.of(1, 2), bytes: new Uint8Array(bytes).fill(id) })

const messageLists: fc.Arbitrary<Message[]> = fc.array(fc.oneof(
  fc.string({ maxLength: 40 }).map((sentence): Message => ({ type: 'have', digests: [], size: sentence.length, fingerprint: new Uint8Array(16) })),
  fc.record({ id: fc.nat(1_000), bytes: fc.uint8Array({ maxLength: 400 }) })
    .map(({ id, bytes }): Message => ({ type: 'item', id, kind: 'entry', key: Uint8Array.of(7), bytes })),
  fc.constant<Message>({ type: 'end', id: 0, sent: 0, missing: [], deferred: 0 })
), { minLength: 1, maxLength: 8 })

/** Where to cut some bytes, as fractions of their length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 })

function cutAt (bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const places = [0, ...fractions.map((fraction) => Math.floor(fraction * bytes.byteLength)).sort((a, b) => a - b), bytes.byteLength]
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place)).filter(({ byteLength }) => byteLength > 0)
}

describe('a channel receives', () => {
  it('the same messages wherever the bytes are cut, and several in one chunk', async () => {
    await fc.assert(fc.asyncProperty(messageLists, cuts, async (messages, fractions) => {
      const [near, far] = MemoryStream.pair()
      const listener = listen(far)
      cutAt(framesOf(messages), fractions).forEach((bytes) => { near.send(bytes) })
      await near.close()

      expect(await listener.ended).toBeUndefined()
      expect(hexOf(listener.messages)).toEqual(hexOf(messages))
    }))
  })

  it('each message as soon as its last byte is there', async () => {
    const [near, far] = MemoryStream.pair()
    const listener = listen(far)

    for (const byte of framesOf([item(1, 5)])) {
      expect(listener.messages).toEqual([])
      near.send(Uint8Array.of(byte))
      await arrived()
    }

    expect(hexOf(listener.messages)).toEqual(hexOf([item(1, 5)]))
  })

  it('what came before anybody listened, from a peer that has closed by then', async () => {
    const [near, far] = MemoryStream.pair()
    near.send(framesOf([item(1, 10)]))
    await near.close()
    await arrived()
    const listener = listen(far)

    expect(await listener.ended).toBeUndefined()
    expect(listener.messages).toHaveLength(1)
  })

  it('nothing, and ends, where a peer has closed without a word before anybody listened', async () => {
    const [near, far] = MemoryStream.pair()
    await near.close()
    await arrived()

    expect(await listen(far).ended).toBeUndefined()
  })
})

describe('a channel ends with an error', () => {
  it('wherever a stream ends in the middle of a message, whatever ends it', async () => {
    const message = framesOf([item(3, 60)])
    const lengths = fc.integer({ min: 1, max: message.byteLength - 1 })
    const endings = fc.constantFrom('closed', 'connection ended', 'connection broken')
    await fc.assert(fc.asyncProperty(messageLists, lengths, cuts, endings, async (before, length, fractions, ending) => {
      const [near, far] = MemoryStream.pair()
      const listener = listen(far)
      cutAt(Buffer.concat([framesOf(before), message.subarray(0, length)]), fractions).forEach((bytes) => { near.send(bytes) })
      await arrived()

      if (ending === 'closed') {
        await near.close()
      } else {
        near.cut(ending === 'connection broken' ? new Error('the cable was pulled') : undefined)
      }

      const reason = await listener.ended
      expect(reason).toBeInstanceOf(Error)

      if (ending !== 'connection broken') {
        expect(reason).toBeInstanceOf(TruncatedError)
        expect(reason!.message).toContain(`the stream ended ${length} bytes into a message`)
      }

      expect(hexOf(listener.messages)).toEqual(hexOf(before))
      await arrived()
      expect(listener.ends).toHaveLength(1)
      expect(listener.channel.open).toBe(false)
    }), { numRuns: 60 })
  })

  it('and no error where the connection ends between two messages', async () => {
    const [near, far] = MemoryStream.pair()
    const listener = listen(far)
    near.send(framesOf([item(1, 9)]))
    await arrived()
    near.cut()

    expect(await listener.ended).toBeUndefined()
  })

  it('at a length that no message has, without waiting for that many bytes', async () => {
    const [near, far] = MemoryStream.pair()
    const listener = listen(far)
    near.send(Buffer.from([0, 0x20, 0x01, 0x01]))
    const reason = await listener.ended

    expect(reason).toBeInstanceOf(ProtocolError)
    expect(reason!.message).toBe(`a message of ${itemFrameBytesMax + 1} bytes is announced; at most ${itemFrameBytesMax} are read`)
  })

  it('at bytes that are no message, tells the other side why, and takes nothing more', async () => {
    const [near, far] = MemoryStream.pair()
    const [asking, listener] = [listen(near), listen(far)]
    near.send(Buffer.concat([Buffer.from([0, 0, 0, 1, 0xff]), framesOf([item(1, 3)])]))
    const reason = await listener.ended
    await asking.ended

    expect(reason).toBeInstanceOf(ProtocolError)
    expect(asking.messages).toEqual([{ type: 'error', sentence: reason!.message }])
    expect(listener.messages).toEqual([])
    expect(listener.ends).toHaveLength(1)
    expect(far.status).not.toBe('open')
  })

  it('of whoever takes the messages', async () => {
    const [near, far] = MemoryStream.pair()
    const refusal = new ProtocolError('nobody asked for that')
    const [asking, listener] = [listen(near), listen(far, { onMessage: () => { throw refusal } })]
    await asking.channel.send([item(1, 3), item(2, 3)])

    expect(await listener.ended).toBe(refusal)
    await asking.ended
    expect(asking.messages).toEqual([{ type: 'error', sentence: 'nobody asked for that' }])
  })

  it('that it failed with, and tells the other side in at most 1,024 characters', async () => {
    const [near, far] = MemoryStream.pair()
    const [failing, listener] = [listen(near), listen(far)]
    const reason = new Error('x'.repeat(5_000))
    await failing.channel.fail(reason)
    await failing.channel.fail(new Error('again'))

    expect(await failing.ended).toBe(reason)
    await listener.ended
    expect(listener.messages).toEqual([{ type: 'error', sentence: 'x'.repeat(1_024) }])
    expect([...failing.ends, ...listener.ends]).toHaveLength(2)
  })

  it('of a stream that is reset, at both ends, once', async () => {
    const [near, far] = MemoryStream.pair()
    const [first, second] = [listen(near), listen(far)]
    const reason = new Error('enough')
    near.send(framesOf([item(1, 50)]).subarray(0, 20))
    await arrived()
    first.channel.abort(reason)

    expect(await first.ended).toBe(reason)
    expect((await second.ended)!.name).toBe('StreamResetError')
    expect([...first.ends, ...second.ends]).toHaveLength(2)
  })
})

describe('a channel sends', () => {
  it('in the order of the calls, whatever the window', async () => {
    const batches = fc.array(fc.array(fc.nat(150_000), { maxLength: 4 }), { minLength: 1, maxLength: 5 })
    const widths = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 10 })
    await fc.assert(fc.asyncProperty(batches, fc.nat(70_000), widths, async (sizes, window, steps) => {
      const [near, far] = MemoryStream.pair({ window })
      const [sender, listener] = [listen(near), listen(far)]
      let id = 0
      const messages = sizes.map((batch) => batch.map((bytes) => item(++id, bytes)))
      const sent = messages.map((batch) => sender.channel.send(batch))
      let done = false
      const all = Promise.all(sent).then(() => { done = true })

      for (let step = 0; !done; step++) {
        near.widen(steps[step % steps.length]! + 5_000)
        await arrived()
      }

      await all
      await sender.channel.close()
      await listener.ended
      expect(hexOf(listener.messages)).toEqual(hexOf(messages.flat()))
    }), { numRuns: 30 })
  })

  it('no more than one chunk ahead of what the reader takes, and resolves when all is taken', async () => {
    const [near, far] = MemoryStream.pair({ window: 100_000 })
    const [sender, listener] = [listen(near), listen(far)]
    let isSent = false
    const sent = sender.channel.send(Array.from({ length: 100 }, (_, index) => item(index, 20_000))).then(() => { isSent = true })

    for (let rounds = 0; rounds < 500 && !isSent; rounds++) {
      await arrived()
      expect(near.writeBufferLength).toBeLessThan(64 * 1024 + 20_100)
      // A few bytes only: the reader of this stream is slow, and must not make the sender hold all of it.
      near.widen(rounds < 100 ? 10 : 50_000)
    }

    await sent
    await arrived()
    expect(listener.messages).toHaveLength(100)
  })

  it('a message of the greatest length through a window that is a fraction of it', async () => {
    const [near, far] = MemoryStream.pair({ window: 64 * 1024 })
    const [sender, listener] = [listen(near), listen(far)]
    const sent = sender.channel.send([item(1, itemBytesMax)])
    await arrived()
    expect(listener.messages).toEqual([])
    near.widen(2 * itemBytesMax)
    await sent
    await arrived()

    expect(listener.messages).toHaveLength(1)
  })

  it('nothing more, and says so, to a peer that reads nothing', async () => {
    const [near, far] = MemoryStream.pair({ window: 1_000 })
    const [sender] = [listen(near, { drainTimeoutMs: 50 }), listen(far)]

    await expect(sender.channel.send([item(1, 5_000)])).rejects.toThrow('a peer read nothing for 0.05 s')
  })

  it('no longer once the stream is over: who waits for the reader is let go', async () => {
    const [near, far] = MemoryStream.pair({ window: 1_000 })
    const [sender] = [listen(near), listen(far)]
    const sent = sender.channel.send([item(1, 5_000), item(2, 100_000)])
    await arrived()
    far.abort(new Error('gone'))

    await sent
    await sender.channel.send([item(3, 10)])
    expect((await sender.ended)!.name).toBe('StreamResetError')
  })
})
