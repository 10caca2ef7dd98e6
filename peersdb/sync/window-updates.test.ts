import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { describe, expect, it } from 'vitest'
import { spareWindowUpdates } from './window-updates.ts'
import type { Stream } from '@libp2p/interface'

/** A stream of yamux between two muxers, and how many frames the reading one has sent. */
async function connect ({ isSparing = true } = {}) {
  const [outbound, inbound] = multiaddrConnectionPair()
  const create = yamux({ enableKeepAlive: false })
  const [sender, receiver] = [create().createStreamMuxer(outbound), create().createStreamMuxer(inbound)]
  let answers = 0
  const send = inbound.send.bind(inbound)
  inbound.send = (data) => {
    answers++
    return send(data)
  }
  const arrived = Promise.withResolvers<Stream>()
  receiver.addEventListener('stream', ({ detail }) => { arrived.resolve(detail) })
  const out = await sender.createStream()
  out.send(Uint8Array.of(0))
  const inn = await arrived.promise
  let bytes = 0
  let hear = (): void => {}

  if (isSparing) {
    spareWindowUpdates(inn)
  }

  inn.addEventListener('message', ({ data }) => {
    bytes += data.byteLength
    hear()
  })

  async function transfer (data: Uint8Array): Promise<void> {
    const wanted = bytes + data.byteLength
    const { promise, resolve } = Promise.withResolvers<void>()
    hear = () => { if (bytes >= wanted) resolve() }
    out.send(data)
    await promise
  }

  await transfer(Uint8Array.of(0))
  answers = 0
  return { transfer, inn, answers: () => answers }
}

describe('a stream that spares window updates', () => {
  it('answers small messages once for many, where libp2p answers each', async () => {
    const [sparing, stock] = [await connect(), await connect({ isSparing: false })]

    for (let message = 0; message < 60; message++) {
      await sparing.transfer(new Uint8Array(6_000))
      await stock.transfer(new Uint8Array(6_000))
    }

    expect(stock.answers()).toBeGreaterThanOrEqual(60)
    // Six at a time are 36,000 bytes.
    expect(sparing.answers()).toBe(10)
  })

  it('takes a message larger than the window, and goes on after a pause in which the window was used up', async () => {
    const { transfer, inn } = await connect()
    await transfer(new Uint8Array(5_000_000))
    inn.pause()
    const later = transfer(new Uint8Array(20_000_000))
    inn.resume()
    await later
    await transfer(new Uint8Array(10))
  })
})
