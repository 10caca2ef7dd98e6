import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { syncConformance } from './conformance.ts'
import { SyncLimitError, SyncStartError } from './errors.ts'
import type { SyncLimits } from './limits.ts'
import type { SyncService, SyncServiceInit } from './service.ts'
import { startSyncService } from './service.ts'
import { connectWire } from './wire-client.ts'

function urlOf (service: SyncService): string {
  return `ws://${service.host}:${service.port}`
}

syncConformance('the embedded service', async () => {
  const service = await startSyncService({ onWarning: () => {} })
  return { url: urlOf(service), close: () => service.close() }
})

const running: SyncService[] = []

async function start (init: SyncServiceInit = {}): Promise<{ service: SyncService, warnings: string[] }> {
  const warnings: string[] = []
  const service = await startSyncService({ onWarning: (sentence) => warnings.push(sentence), ...init })
  running.push(service)
  return { service, warnings }
}

async function startWithLimits (limits: Partial<SyncLimits>) {
  return start({ limits })
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.close()))
})

describe('in the process', () => {
  it('replays a topic to a listener, then goes on live, until it unsubscribes', async () => {
    const { service } = await start()
    const client = await connectWire(urlOf(service))
    const heard: unknown[] = []
    service.publish('topic', { b: 1, a: [undefined, new Date(0)] })
    const unsubscribe = service.subscribe('topic', (payload, seq) => heard.push([seq, payload]))
    expect(heard).toEqual([[1, { b: 1, a: [null, '1970-01-01T00:00:00.000Z'] }]])
    await client.ask({ id: 'p', publish: { topic: 'topic', payload: 'from an instance' } })
    expect(heard[1]).toEqual([2, 'from an instance'])
    unsubscribe()
    service.publish('topic', 'unheard')
    expect(heard).toHaveLength(2)
  })

  it('keeps the order when a listener publishes to the topic it listens to', async () => {
    const { service } = await start()
    const heard: unknown[] = []
    service.subscribe('topic', (payload) => {
      if (payload === 'ask') service.publish('topic', 'answer')
      heard.push(payload)
    })
    const late: unknown[] = []
    service.publish('topic', 'ask')
    service.subscribe('topic', (payload) => late.push(payload))
    expect([heard, late]).toEqual([['ask', 'answer'], ['ask', 'answer']])
  })

  it('tells of a listener that fails and lets the publisher go on', async () => {
    const { service, warnings } = await start()
    service.subscribe('topic', () => { throw new Error('broken') })
    expect([service.publish('topic', 1), service.publish('topic', 2)]).toEqual([1, 2])
    expect(warnings[0]).toBe('sync service: a listener of the topic "topic" failed at message 1: Error: broken')
  })

  it('counts and signals states, and releases barriers of instances', async () => {
    const { service } = await start()
    const client = await connectWire(urlOf(service))
    expect([service.count('state'), service.signal('state'), service.count('state')]).toEqual([0, 1, 1])
    client.send({ id: 'b', barrier: { state: 'state', target: 2 } })
    service.signal('state')
    expect((await client.next('b')).error).toBe('')
  })
})

describe('departures from the original', () => {
  it('ends a cancelled subscription and a cancelled barrier', async () => {
    const { service } = await start()
    const client = await connectWire(urlOf(service))
    client.send({ id: 'sub', subscribe: { topic: 'topic' } })
    client.send({ id: 'bar', barrier: { state: 'state', target: 1 } })
    await client.ask({ id: 'p1', publish: { topic: 'topic', payload: 1 } })
    client.send({ id: 'sub', is_cancel: true })
    client.send({ id: 'bar', is_cancel: true })
    await client.ask({ id: 'p2', publish: { topic: 'topic', payload: 2 } })
    await client.ask({ id: 's', signal_entry: { state: 'state' } })
    expect(client.frames.map((frame) => (JSON.parse(frame) as { id: string }).id)).toEqual(['sub', 'p1', 'p2', 's'])
  })

  it('refuses a null request with 1007 and says so', async () => {
    const { service, warnings } = await start()
    const client = await connectWire(urlOf(service))
    client.send('null')
    expect(await client.closed).toEqual({ code: 1007, reason: 'failed to unmarshal JSON' })
    expect(warnings).toEqual(['sync service: a client was disconnected because its request is malformed: a request must be an object'])
  })

  it('refuses a payload nested beyond 1,000 levels', async () => {
    const { service } = await start()
    const client = await connectWire(urlOf(service))
    client.send(`{"publish":{"topic":"t","payload":${'['.repeat(400_000)}${']'.repeat(400_000)}}}`)
    expect((await client.closed).code).toBe(1007)
  })

  it('accepts more than 32,768 bytes but warns once a connection', async () => {
    const { service, warnings } = await start()
    const client = await connectWire(urlOf(service))
    for (const id of ['a', 'b']) {
      const payload = 'x'.repeat(100_000)
      expect((await client.ask({ id, publish: { topic: 'big', payload } })).publish?.seq).toBe(id === 'a' ? 1 : 2)
    }
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/a message of 100\d+ bytes for the topic "big" is larger than the 32768 bytes/)
  })

  it('closes with 1009 on a message over the bound and says so', async () => {
    const { service, warnings } = await startWithLimits({ messageBytesMax: 1_000 })
    const client = await connectWire(urlOf(service))
    client.send({ publish: { topic: 't', payload: 'x'.repeat(1_000) } })
    expect((await client.closed).code).toBe(1009)
    expect(warnings).toEqual([
      'sync service: a client was disconnected because it sent more than 1000 bytes in one message; split it or publish a hash of it'
    ])
  })

  it('refuses a web page of another machine, and serves one of this machine', async () => {
    const { service } = await start()
    const foreign = new WebSocket(urlOf(service), { origin: 'http://example.org' })
    const [error] = await once(foreign, 'error').catch((thrown: unknown) => [thrown]) as [Error]
    expect(error.message).toContain('403')
    const own = new WebSocket(urlOf(service), { origin: 'http://localhost:8080' })
    await once(own, 'open')
    own.terminate()
  })
})

describe('bounds', () => {
  it('answers publish and signal with an error when it holds as much as it may', async () => {
    const { service, warnings } = await startWithLimits({ retainedBytesMax: 500 })
    const client = await connectWire(urlOf(service))
    const refused = await client.ask({ id: 'a', publish: { topic: 'topic', payload: 'x'.repeat(500) } })
    expect(refused.error).toMatch(/^sync service: a message for the topic "topic" does not fit any more: .* of at most 500 bytes/)
    expect((await client.ask({ id: 'b', signal_entry: { state: 'x'.repeat(500) } })).error).toMatch(/the state "x+" does not fit/)
    expect((await client.ask({ id: 'c', publish: { topic: 'topic', payload: 'fits' } })).publish).toEqual({ seq: 1 })
    expect(() => service.publish('topic', 'x'.repeat(500))).toThrow(SyncLimitError)
    expect(warnings).toHaveLength(1)
  })

  it('closes a connection that opens too many waits, because a barrier must not be answered with an error', async () => {
    const { service, warnings } = await startWithLimits({ waitsMax: 2 })
    const client = await connectWire(urlOf(service))
    for (const id of ['a', 'b']) client.send({ id, barrier: { state: id, target: 1 } })
    client.send({ id: 'a', is_cancel: true })
    client.send({ id: 'c', barrier: { state: 'c', target: 1 } })
    await client.ask({ id: 's', signal_entry: { state: 'c' } })
    await client.next('c')
    // The cancelled barrier and the one that was reached no longer count.
    service.publish('d', 'room for one more')
    expect((await client.ask({ id: 'd', subscribe: { topic: 'd' } })).subscribe).toBe('"room for one more"')
    client.send({ id: 'e', subscribe: { topic: 'e' } })
    expect((await client.closed).code).toBe(1008)
    expect(warnings[0]).toContain('2 subscriptions and barriers open')
  })
})

describe('starting and closing', () => {
  it('says which port is taken', async () => {
    const { service } = await start()
    const second = startSyncService({ port: service.port })
    await expect(second).rejects.toThrow(SyncStartError)
    await expect(second).rejects.toThrow(`cannot listen on 127.0.0.1:${service.port} (EADDRINUSE): another program has this port`)
  })

  it('disconnects its clients without answering their barriers, and can be closed twice', async () => {
    const { service } = await start()
    const client = await connectWire(urlOf(service))
    client.send({ id: 'b', barrier: { state: 'never', target: 1 } })
    await client.ask({ id: 's', signal_entry: { state: 'other' } })
    expect(service.connections()).toBe(1)
    await Promise.all([service.close(), service.close()])
    expect((await client.closed).code).toBe(1001)
    expect(client.frames).toHaveLength(1)
    expect(service.connections()).toBe(0)
    await expect(connectWire(urlOf(service))).rejects.toThrow('ECONNREFUSED')
  })

  it('cuts a client that does not answer the closing handshake', async () => {
    const { service } = await start()
    const client = await connectWire(urlOf(service))
    client.socket.pause()
    await service.close()
    expect(service.connections()).toBe(0)
    client.socket.terminate()
  })
})
