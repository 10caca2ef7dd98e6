import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SyncService } from './service.ts'
import { startSyncService } from './service.ts'
import type { WireClient, WireResponse } from './wire-client.ts'
import { connectWire } from './wire-client.ts'

describe('many connections at once', () => {
  let service: SyncService
  let clients: WireClient[]

  beforeAll(async () => {
    service = await startSyncService()
    const url = `ws://${service.host}:${service.port}`
    clients = await Promise.all(Array.from({ length: 100 }, () => connectWire(url)))
  })

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await service.close()
  })

  it('see one order, in which each publisher\'s own messages keep theirs', async () => {
    const perClient = 10
    await Promise.all(clients.map(async (client, c) => {
      // Every client subscribes at another point of its own publishing, the first before, the last after.
      for (let n = 0; n <= perClient; n++) {
        if (c % (perClient + 1) === n) client.send({ id: 'sub', subscribe: { topic: 'shared' } })
        if (n < perClient) await client.ask({ id: `p${n}`, publish: { topic: 'shared', payload: [c, n] } })
      }
    }))
    const seen = await Promise.all(clients.map(async (client) => {
      const responses = await client.take('sub', clients.length * perClient)
      return responses.map((response) => response.subscribe)
    }))
    const [first = [], ...others] = seen
    for (const other of others) expect(other).toEqual(first)
    const parsed = first.map((payload) => JSON.parse(payload) as [number, number])
    for (let c = 0; c < clients.length; c++) {
      expect(parsed.filter(([publisher]) => publisher === c).map(([, n]) => n)).toEqual(Array.from({ length: perClient }, (_, n) => n))
    }
  })

  it('draw different numbers from one state and pass its barriers together, round after round', async () => {
    const rounds = 10
    await Promise.all(clients.map(async (client) => {
      for (let round = 0; round < rounds; round++) {
        const state = `round-${round}`
        await client.ask({ id: `s${round}`, signal_entry: { state } })
        await client.ask({ id: `b${round}`, barrier: { state, target: clients.length } })
        // Whoever is past the barrier must find that everyone had signalled.
        expect(service.count(state)).toBe(clients.length)
      }
    }))
    const numbers = clients.map((client) => {
      const responses = client.frames.map((frame) => JSON.parse(frame) as WireResponse)
      return responses.find(({ id }) => id === 's0')?.signal_entry?.seq ?? 0
    })
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: clients.length }, (_, i) => i + 1))
  })

  it('are forgotten when they go: nothing waits for a client that left', async () => {
    const before = service.connections()
    const url = `ws://${service.host}:${service.port}`
    const leaving = await Promise.all(Array.from({ length: 20 }, () => connectWire(url)))
    for (const client of leaving) {
      client.send({ id: 'sub', subscribe: { topic: 'left' } })
      await client.ask({ id: 'fence', signal_entry: { state: 'fence' } })
    }
    expect(service.connections()).toBe(before + 20)
    for (const client of leaving) client.socket.terminate()
    await expect.poll(() => service.connections(), { timeout: 10_000 }).toBe(before)
    expect(service.publish('left', 'nobody is here')).toBe(1)
    expect(leaving.every((client) => client.frames.length === 1)).toBe(true)
  })
})
