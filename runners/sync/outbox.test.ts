import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Source } from './outbox.ts'
import { createOutbox } from './outbox.ts'
import { startSyncService } from './service.ts'
import { connectWire } from './wire-client.ts'

const frameBytes = 64 * 1024
const bufferedBytesMax = 1024 * 1024

describe('an outbox', () => {
  let server: WebSocketServer
  let client: WebSocket
  let socket: WebSocket
  let received: string[]

  beforeEach(async () => {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    received = []
    client.on('message', (data: Buffer) => received.push(data.toString().trimEnd()))
    const [[connected]] = await Promise.all([once(server, 'connection'), once(client, 'open')]) as [[WebSocket], unknown]
    socket = connected
    client.pause()
  })

  afterEach(async () => {
    client.terminate()
    await new Promise((resolve) => { server.close(resolve) })
  })

  function sourceOf (name: string, frames: number): Source & { taken: number } {
    return {
      taken: 0,
      next () {
        return this.taken < frames ? `${name}${++this.taken}`.padEnd(frameBytes) : undefined
      }
    }
  }

  function numbered (name: string, frames: number): string[] {
    return Array.from({ length: frames }, (_, i) => `${name}${i + 1}`)
  }

  it('takes no more from a source than the bound while the client does not read, and all of it when it does', async () => {
    const outbox = createOutbox(socket, bufferedBytesMax)
    const source = sourceOf('a', 500)
    outbox.pump(source)
    // The kernel takes some at once; the rest of what was taken waits in this process.
    expect(source.taken).toBeLessThan(500)
    expect(socket.bufferedAmount).toBeLessThan(bufferedBytesMax + 2 * frameBytes)
    expect(socket.isPaused).toBe(false)
    client.resume()
    await vi.waitFor(() => expect(received).toHaveLength(500), { timeout: 10_000 })
    expect(received).toEqual(numbered('a', 500))
  })

  it('lets sources take turns, and drops one that is forgotten', async () => {
    const outbox = createOutbox(socket, bufferedBytesMax)
    const [a, b, forgotten] = [sourceOf('a', 200), sourceOf('b', 200), sourceOf('c', 200)]
    for (const source of [a, b, forgotten]) outbox.pump(source)
    outbox.forget(forgotten)
    client.resume()
    await vi.waitFor(() => expect(received).toHaveLength(400), { timeout: 10_000 })
    expect(received.filter((frame) => frame.startsWith('b'))).toEqual(numbered('b', 200))
    expect(received.indexOf('b1')).toBeLessThan(received.indexOf('a200'))
    expect(forgotten.taken).toBe(0)
  })

  it('stops reading requests when replies pile up, and reads on when they are gone', async () => {
    const outbox = createOutbox(socket, bufferedBytesMax)
    let sent = 0
    for (; !socket.isPaused && sent < 500; sent++) outbox.send('r'.padEnd(frameBytes))
    expect(socket.isPaused).toBe(true)
    client.resume()
    await vi.waitFor(() => expect(received).toHaveLength(sent), { timeout: 10_000 })
    await vi.waitFor(() => expect(socket.isPaused).toBe(false), { timeout: 10_000 })
  })
})

describe('a stalled subscriber', () => {
  it('delays nobody, and gets everything when it reads again', async () => {
    const service = await startSyncService({ onWarning: () => {} })
    const url = `ws://${service.host}:${service.port}`
    const [stalled, brisk, publisher] = await Promise.all([connectWire(url), connectWire(url), connectWire(url)])
    for (const client of [stalled, brisk]) client.send({ id: 'sub', subscribe: { topic: 'topic' } })
    await stalled.ask({ id: 'fence', signal_entry: { state: 'fence' } })
    stalled.socket.pause()
    const payload = 'x'.repeat(100_000)
    for (let n = 1; n <= 200; n++) await publisher.ask({ id: `p${n}`, publish: { topic: 'topic', payload: [n, payload] } })
    await brisk.take('sub', 200)
    expect((await publisher.ask({ id: 'p', publish: { topic: 'other', payload: 1 } })).publish).toEqual({ seq: 1 })
    expect(stalled.frames).toHaveLength(1)
    stalled.socket.resume()
    const late = await stalled.take('sub', 200)
    expect(late.map((response) => (JSON.parse(response.subscribe) as [number])[0])).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    await Promise.all([stalled, brisk, publisher].map((client) => client.close()))
    await service.close()
  })
})
