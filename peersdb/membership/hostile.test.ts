import { once } from 'node:events'
import { createServer } from 'node:net'
import * as dagCbor from '@ipld/dag-cbor'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ExchangeError } from './errors.ts'
import { exchangeProtocol } from './exchange-protocol.ts'
import { closeTestPeers, connectedTo, openTestPeer, until } from './membership.test-helper.ts'
import { messageBytesMax } from './message.ts'
import type { TestPeer } from './membership.test-helper.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { AddressInfo, Server } from 'node:net'

let target: TestPeer
let targetKey: PrivateKey
let attacker: TestPeer
let victim: Server
let attacked: number

beforeEach(async () => {
  // One failure is enough for an address to be left alone until the test is over.
  targetKey = await generateKeyPair('Ed25519')
  target = await openTestPeer({ privateKey: targetKey, graceMs: 0, backoff: { minMs: 60_000, maxMs: 60_000 } })
  attacker = await openTestPeer({ exchange: false, coalesceMs: 1e9 })
  attacked = 0
  victim = createServer((socket) => { attacked++; socket.destroy() }).listen(0, '127.0.0.1')
  await once(victim, 'listening')
  await attacker.membership.connect(target.address)
  await until(target.node.libp2p, () => connectedTo(target).includes(attacker.id))
})

afterEach(async () => {
  victim.close()
  await closeTestPeers()
})

function victimAddress (): string {
  return `/ip4/127.0.0.1/tcp/${(victim.address() as AddressInfo).port}`
}

/** Sends one frame; whether it was acknowledged. */
async function send (bytes: Uint8Array): Promise<boolean> {
  const [connection] = attacker.node.libp2p.getConnections(target.node.libp2p.peerId)
  const stream = await connection!.newStream(exchangeProtocol)

  try {
    const frames = lpStream(stream)
    await frames.write(bytes)
    await frames.read()
    await stream.close()
    return true
  } catch {
    return false
  }
}

async function record (key: PrivateKey, about: PrivateKey, address: string): Promise<Uint8Array> {
  const signed = await RecordEnvelope.seal(new PeerRecord({ peerId: peerIdFromPrivateKey(about), multiaddrs: [multiaddr(address)] }), key)
  return signed.marshal()
}

function idOf (key: PrivateKey): string {
  return peerIdFromPrivateKey(key).toString()
}

/** Tells the target of an honest peer, and waits until it is connected: by then it has dialled all that it is going to. */
async function meetHonest (): Promise<void> {
  const privateKey = await generateKeyPair('Ed25519')
  const honest = await openTestPeer({ privateKey, exchange: false, graceMs: 1e9 })
  const peers = [{ id: honest.id, record: await record(privateKey, privateKey, honest.address.split('/p2p/')[0]!) }]
  expect(await send(dagCbor.encode({ whole: false, peers, gone: [] }))).toBe(true)
  await until(target.node.libp2p, () => connectedTo(target).includes(honest.id))
}

function counted (name: string): number | undefined {
  return target.membership.counters().find((row) => row.name === name)?.value
}

describe('a hostile neighbour', () => {
  const message = { whole: true, peers: [], gone: [] }

  it.each([
    ['garbage', () => Uint8Array.from({ length: 500 }, (_, i) => i * 7), /not DAG-CBOR/],
    ['10,000 peers', () => dagCbor.encode({ ...message, peers: Array.from({ length: 10_000 }, () => ({ id: attacker.id })) }), /Message length too long/],
    ['500 short names', () => dagCbor.encode({ ...message, gone: Array.from({ length: 500 }, () => 'x') }), /gone/],
    ['a frame that is too long', () => new Uint8Array(messageBytesMax + 1), /Message length too long/]
  ])('that sends %s is refused, and reported', async (_name, bytes, sentence) => {
    expect(await send(bytes())).toBe(false)

    expect(counted('exchange_messages_refused')).toBe(1)
    expect(target.failures).toHaveLength(1)
    expect(target.failures[0]).toBeInstanceOf(ExchangeError)
    expect(target.failures[0]?.message).toMatch(sentence)
    expect(target.failures[0]?.message).toContain(`peer ${attacker.id} sent a malformed list of its neighbours`)
    expect(target.membership.neighboursOf(attacker.id)).toBeUndefined()
    await meetHonest()
  })

  it('is refused as well when it was well-behaved on the same stream before', async () => {
    const [connection] = attacker.node.libp2p.getConnections(target.node.libp2p.peerId)
    const frames = lpStream(await connection!.newStream(exchangeProtocol))

    for (const gone of [[], [attacker.id]]) {
      await frames.write(dagCbor.encode({ ...message, gone }))
      expect([...(await frames.read()).subarray()]).toEqual([1])
    }

    await frames.write(Uint8Array.of(0xff))
    await expect(frames.read()).rejects.toThrow()
    expect([counted('exchange_messages_received'), counted('exchange_messages_refused')]).toEqual([3, 1])
  })

  it('is no longer listened to after three malformed messages', async () => {
    for (let i = 0; i < 4; i++) {
      expect(await send(Uint8Array.of(0xff))).toBe(false)
    }

    expect(await send(dagCbor.encode(message))).toBe(false)
    expect(counted('exchange_messages_refused')).toBe(3)
    expect(target.membership.neighboursOf(attacker.id)).toBeUndefined()
  })

  it('cannot make others dial a victim by addresses that are not signed', async () => {
    const key = await generateKeyPair('Ed25519')
    expect(await send(dagCbor.encode({ ...message, peers: [{ id: idOf(key), addresses: [victimAddress()] }] }))).toBe(true)
    expect(target.membership.neighboursOf(attacker.id)).toEqual(new Set([idOf(key)]))
    await meetHonest()

    expect(attacked).toBe(0)
    expect(counted('candidate_dials')).toBe(1)
  })

  it('cannot sign for another peer', async () => {
    const [own, other] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    const forged = [
      { id: idOf(other), record: await record(own, other, victimAddress()) },
      { id: idOf(other), record: await record(own, own, victimAddress()) },
      { id: idOf(other), record: Uint8Array.of(1, 2, 3) }
    ]

    for (const peer of forged.slice(0, 2)) {
      expect(await send(dagCbor.encode({ ...message, peers: [peer] }))).toBe(false)
    }

    expect(target.failures.map(({ message }) => message)).toEqual([expect.stringContaining('is signed by another'), expect.stringContaining('it is about')])
    await meetHonest()
    expect(await send(dagCbor.encode({ ...message, peers: [forged[2]] }))).toBe(false)
    expect(attacked).toBe(0)
    expect(counted('candidate_dials')).toBe(1)
  })

  it('makes its target dial a victim once per pause, with however many identities it signs', async () => {
    const keys = await Promise.all(Array.from({ length: 100 }, () => generateKeyPair('Ed25519')))
    const peers = await Promise.all(keys.map(async (key) => ({ id: idOf(key), record: await record(key, key, victimAddress()) })))
    const dialled = once(victim, 'connection')
    expect(await send(dagCbor.encode({ ...message, peers }))).toBe(true)
    await dialled
    await meetHonest()

    expect(attacked).toBe(1)
    expect(counted('candidate_dials')).toBe(2)
  })

  it('does not make a peer dial itself', async () => {
    const [bare] = target.address.split('/p2p/')
    const key = await generateKeyPair('Ed25519')
    const peers = [
      { id: target.id, record: await record(targetKey, targetKey, victimAddress()) },
      { id: idOf(key), record: await record(key, key, bare!) }
    ]
    expect(await send(dagCbor.encode({ ...message, peers }))).toBe(true)
    await meetHonest()

    expect(counted('candidate_dials')).toBe(1)
    expect(attacked).toBe(0)
  })
})
