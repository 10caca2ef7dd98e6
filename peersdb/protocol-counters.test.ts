import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { streamChannel } from './channels.ts'
import { closeTestPeers, openTestPeer } from './membership/membership.test-helper.ts'
import { createProtocolCounters } from './protocol-counters.ts'
import type { StreamEvent } from './channels.ts'
import type { TestPeer } from './membership/membership.test-helper.ts'
import type { ProtocolCounters } from './protocol-counters.ts'
import type { Stream } from '@libp2p/interface'

afterEach(closeTestPeers)

const protocol = '/test/echo/1.0.0'

function value (counters: ProtocolCounters, name: string, labels: Record<string, string> = { protocol }): number | undefined {
  return counters.rows().find((row) => row.name === name && row.labels.protocol === labels.protocol)?.value
}

function received (stream: Stream, sizeBytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    stream.addEventListener('message', ({ data }) => {
      bytes = Buffer.concat([bytes, data.subarray()])
      if (bytes.byteLength >= sizeBytes) { resolve(bytes) }
    })
  })
}

describe('the counters of a node', () => {
  it('tell who listens of every byte that a stream sends and hands on, and on which connection', async () => {
    const heard: StreamEvent[] = []
    const hear = (event: unknown): void => { heard.push(event as StreamEvent) }
    subscribe(streamChannel, hear)
    const open = (): Promise<TestPeer> => openTestPeer({ counters: createProtocolCounters(), exchange: false })
    const [a, b] = await Promise.all([open(), open()])
    await b.node.libp2p.handle(protocol, (stream) => { stream.addEventListener('message', ({ data }) => { stream.send(data.subarray()) }) })
    await a.membership.connect(b.address)
    const stream = await a.node.libp2p.dialProtocol(b.node.libp2p.peerId, protocol)
    stream.send(new Uint8Array(1_000).fill(7))
    await received(stream, 1_000)
    unsubscribe(streamChannel, hear)
    stream.send(new Uint8Array(10))

    const ours = heard.filter((event) => event.stream.protocol === protocol)
    const bytesOf = (way: StreamEvent['way'], isHere: boolean): number => ours
      .filter((event) => event.way === way && (event.stream === stream) === isHere)
      .reduce((sum, { data }) => sum + data.byteLength, 0)
    expect([true, false].flatMap((isHere) => [bytesOf('sent', isHere), bytesOf('received', isHere)])).toEqual([1_000, 1_000, 1_000, 1_000])
    expect(new Set(ours.map((event) => event.stream.id)).size).toBe(1)
    expect(new Set(ours.map(({ connection }) => connection)).size).toBe(2)
    const [libp2pConnection] = a.node.libp2p.getConnections()
    expect(ours.find((event) => event.stream === stream)?.connection.timeline).toBe(libp2pConnection?.timeline)
  })

  it('count bytes and streams by protocol, and lose none of what arrives before anybody listens', async () => {
    const [here, there] = [createProtocolCounters(), createProtocolCounters()]
    const a = await openTestPeer({ counters: here, exchange: false })
    const b = await openTestPeer({ counters: there, exchange: false })
    await b.node.libp2p.handle(protocol, async (stream) => {
      // A handler that begins late finds waiting what has arrived until then, which is all.
      await new Promise((resolve) => { stream.addEventListener('remoteCloseWrite', resolve) })
      const bytes = await received(stream, 1_000)
      stream.send(bytes.subarray(0, 10))
      await stream.close()
    })
    await a.membership.connect(b.address)

    const stream = await a.node.libp2p.dialProtocol(b.node.libp2p.peerId, protocol)
    const closed = new Promise((resolve) => { stream.addEventListener('close', resolve) })
    expect(value(here, 'protocol_open')).toBe(1)
    stream.send(new Uint8Array(1_000).fill(7))
    await Promise.all([received(stream, 10), stream.close()])
    await closed

    expect(['sent', 'received'].map((way) => value(here, `protocol_bytes_${way}`))).toEqual([1_000, 10])
    expect(['sent', 'received'].map((way) => value(there, `protocol_bytes_${way}`))).toEqual([10, 1_000])
    expect(['opened', 'open'].map((name) => value(here, `protocol_${name}`))).toEqual([1, 0])
    expect(value(there, 'protocol_opened')).toBe(1)
    expect(value(here, 'connection_open', {})).toBe(1)
    expect(value(here, 'connection_bytes_sent', {})).toBeGreaterThan(1_000)

    await a.node.libp2p.hangUp(b.node.libp2p.peerId)
    expect(['opened', 'open'].map((name) => value(here, `connection_${name}`, {}))).toEqual([1, 0])
  })
})
