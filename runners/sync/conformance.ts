import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectionCases, encodingCases, orderCases, refusalCases } from './conformance-wire.ts'
import type { WireClient } from './wire-client.ts'
import { connectWire } from './wire-client.ts'

/** A running sync service, of whatever make. */
export interface ServiceUnderTest {
  /** Its WebSocket address, such as ws://127.0.0.1:5050 */
  url: string
  close (): Promise<void>
}

export interface ConformanceContext {
  url (): string
  /** A new connection, closed when the suite ends. */
  connect (): Promise<WireClient>
  /** A key nobody else uses. */
  key (): string
}

/**
 * The acceptance suite of a sync service, over the wire: the tests of testground/sync-service and what else its
 * clients can see. It holds for the original as for ours; where we depart on purpose is tested beside our service.
 */
export function syncConformance (name: string, start: () => Promise<ServiceUnderTest>): void {
  describe(`${name} speaks Testground's sync protocol`, () => {
    const clients: WireClient[] = []
    let service: ServiceUnderTest
    let keys = 0
    const context: ConformanceContext = {
      url: () => service.url,
      async connect () {
        const client = await connectWire(service.url)
        clients.push(client)
        return client
      },
      key: () => `key-${++keys}`
    }

    beforeAll(async () => { service = await start() })
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.close()))
      await service.close()
    })

    barrierCases(context)
    topicCases(context)
    connectionCases(context)
    encodingCases(context)
    orderCases(context)
    refusalCases(context)
  })
}

async function signalTimes (client: WireClient, state: string, times: number): Promise<number[]> {
  const seqs: number[] = []
  for (let i = 0; i < times; i++) {
    const response = await client.ask({ id: `signal-${state}-${i}`, signal_entry: { state } })
    seqs.push(response.signal_entry?.seq ?? 0)
  }
  return seqs
}

function countTo (last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1)
}

function barrierCases ({ connect, key }: ConformanceContext): void {
  it('counts signals from 1 and releases a barrier at its target', async () => {
    const [client, state] = [await connect(), key()]
    client.send({ id: 'barrier', barrier: { state, target: 10 } })
    expect(await signalTimes(client, state, 9)).toEqual(countTo(9))
    expect(client.frames.some((frame) => frame.includes('"id":"barrier"'))).toBe(false)
    expect(await signalTimes(client, state, 1)).toEqual([10])
    expect(await client.next('barrier')).toEqual({ id: 'barrier', error: '', publish: null, subscribe: '', signal_entry: null })
  })

  it('releases a barrier whose target is passed already', async () => {
    const [client, state] = [await connect(), key()]
    await signalTimes(client, state, 20)
    expect((await client.ask({ id: 'barrier', barrier: { state, target: 10 } })).error).toBe('')
  })

  it.each([0, -1, -5])('releases a barrier with target %i at once', async (target) => {
    const client = await connect()
    expect(await client.ask({ id: 'barrier', barrier: { state: key(), target } }))
      .toEqual({ id: 'barrier', error: '', publish: null, subscribe: '', signal_entry: null })
  })

  it('answers nothing to a cancelled barrier or to a cancel of an unknown id', async () => {
    const [client, state] = [await connect(), key()]
    client.send({ id: 'barrier', barrier: { state, target: 10 } })
    client.send({ id: 'barrier', is_cancel: true })
    client.send({ id: 'unknown', is_cancel: true })
    expect(await signalTimes(client, state, 9)).toEqual(countTo(9))
    expect(client.frames).toHaveLength(9)
  })

  it('goes on without a client that gave up its barrier and left', async () => {
    const [impatient, patient, state] = [await connect(), await connect(), key()]
    impatient.send({ id: 'barrier', barrier: { state, target: 2 } })
    patient.send({ id: 'barrier', barrier: { state, target: 2 } })
    await impatient.close()
    await signalTimes(patient, state, 2)
    expect((await patient.next('barrier')).error).toBe('')
    expect(impatient.frames).toEqual([])
  })
}

function topicCases ({ connect, key }: ConformanceContext): void {
  it('replays a topic of 1,000 to a late subscriber, in order and unchanged', async () => {
    const [client, topic] = [await connect(), key()]
    const payloads = countTo(1000).map((n) => ({ a: `payload ${n}`, b: { c: n, d: [n, null, true] } }))
    for (const [i, payload] of payloads.entries()) {
      expect((await client.ask({ id: `p${i}`, publish: { topic, payload } })).publish).toEqual({ seq: i + 1 })
    }
    client.send({ id: 'sub', subscribe: { topic } })
    const received = await client.take('sub', 1000)
    expect(received.map((response) => response.subscribe)).toEqual(payloads.map((payload) => JSON.stringify(payload)))
  })

  it('gives each of 1,000 concurrent publishes one number and delivers each once', async () => {
    const [publisher, subscriber, topic] = [await connect(), await connect(), key()]
    subscriber.send({ id: 'sub', subscribe: { topic } })
    const replies = await Promise.all(countTo(1000).map((n) => publisher.ask({ id: `p${n}`, publish: { topic, payload: n } })))
    expect(replies.map((response) => response.publish?.seq ?? 0).sort((a, b) => a - b)).toEqual(countTo(1000))
    const received = await subscriber.take('sub', 1000)
    expect(received.map((response) => Number(response.subscribe)).sort((a, b) => a - b)).toEqual(countTo(1000))
    expect(subscriber.frames).toHaveLength(1000)
  })

  it('keeps 100 topics of 100 messages apart', async () => {
    const [publisher, subscriber, prefix] = [await connect(), await connect(), key()]
    const topics = countTo(100).map((n) => `${prefix}-${n}`)
    const asked = topics.flatMap((topic, t) => {
      subscriber.send({ id: topic, subscribe: { topic } })
      return countTo(100).map((n) => publisher.ask({ id: `${t}-${n}`, publish: { topic, payload: `${topic}:${n}` } }))
    })
    await Promise.all(asked)
    for (const topic of topics) {
      const received = await subscriber.take(topic, 100)
      const expected = countTo(100).map((n) => JSON.stringify(`${topic}:${n}`))
      expect(received.map((response) => response.subscribe).sort()).toEqual(expected.sort())
    }
    expect(subscriber.frames).toHaveLength(10_000)
  })

  it('numbers 1,000 publishes one after another', async () => {
    const [client, topic] = [await connect(), key()]
    const seqs: number[] = []
    for (const n of countTo(1000)) {
      seqs.push((await client.ask({ id: `p${n}`, publish: { topic, payload: n } })).publish?.seq ?? 0)
    }
    expect(seqs).toEqual(countTo(1000))
  })
}
