import { once } from 'node:events'
import { createServer } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../test/free-port.test-helper.ts'
import { ConnectError } from './errors.ts'
import { exchangeProtocol } from './exchange-protocol.ts'
import { closeTestPeers, connectedTo, createManualClock, meets, openTestPeer, until } from './membership.test-helper.ts'
import type { TestPeer } from './membership.test-helper.ts'
import type { AddressInfo } from 'node:net'

afterEach(closeTestPeers)

function disconnected (peer: TestPeer, other: TestPeer): Promise<void> {
  return until(peer.node.libp2p, () => !connectedTo(peer).includes(other.id))
}

function connected (peer: TestPeer, other: TestPeer): Promise<void> {
  return until(peer.node.libp2p, () => connectedTo(peer).includes(other.id))
}

function counted (peer: TestPeer, name: string): number | undefined {
  return peer.membership.counters().find((row) => row.name === name)?.value
}

/** For what has no event, since nobody but a test would need one; the test's own timeout bounds it. */
function poll<T> (look: () => T) {
  return expect.poll(look, { timeout: 1e9, interval: 5 })
}

/** Peers that all know the first one alone, once all of them are connected with each other. */
async function mesh (count: number): Promise<TestPeer[]> {
  const root = await openTestPeer()
  const peers = [root]

  for (let i = 1; i < count; i++) {
    peers.push(await openTestPeer({ bootstrap: [root.address] }))
  }

  await Promise.all(peers.map((peer) => meets(peer, peers)))
  return peers
}

describe('a newcomer', () => {
  it('that knows any one peer ends up connected with all', async () => {
    const peers = await mesh(7)
    const newcomer = await openTestPeer({ bootstrap: [peers[3]!.address] })
    peers.push(newcomer)

    await Promise.all(peers.map((peer) => meets(peer, peers)))

    expect(connectedTo(newcomer)).toEqual(peers.slice(0, 7).map(({ id }) => id).sort())
    expect(peers.flatMap(({ failures }) => failures)).toEqual([])
  })

  it('needs no root, once there are others', async () => {
    const [root, ...others] = await mesh(4)
    await root!.close()
    await Promise.all(others.map((peer) => meets(peer, others)))

    const newcomer = await openTestPeer({ bootstrap: [others[2]!.address] })
    const all = [...others, newcomer]
    await Promise.all(all.map((peer) => meets(peer, all)))

    expect(connectedTo(newcomer)).toEqual(others.map(({ id }) => id).sort())
  })

  it('dials no more peers than it wants to be connected with', async () => {
    const peers = await mesh(5)
    const modest = await openTestPeer({ bootstrap: [peers[0]!.address], connectionsMax: 1 })
    await Promise.all(peers.map((peer) => connected(peer, modest)))

    expect(counted(modest, 'candidate_dials')).toBe(0)
  })

  it('without exchange connects to those alone that it was told to', async () => {
    const [root, other] = await mesh(2)
    const loner = await openTestPeer({ bootstrap: [root!.address], exchange: false })
    await connected(other!, loner)

    expect(counted(loner, 'candidate_dials')).toBe(0)
    expect(counted(other!, 'candidate_dials')).toBe(1)
  })
})

describe('a peer knows', () => {
  it('whom its neighbours are connected to, and no more once they left', async () => {
    const hub = await openTestPeer({ exchange: false })
    const [a, b] = await Promise.all([1, 2].map(() => openTestPeer({ bootstrap: [hub.address], exchange: false })))
    const tells = (expected: string[]) => poll(() => [...a!.membership.neighboursOf(hub.id) ?? []]).toEqual(expected)

    await tells([b!.id])
    await b!.close()
    await tells([])
    expect(a!.membership.neighboursOf(hub.id)).toEqual(new Set())

    await hub.close()
    await disconnected(a!, hub)
    expect(a!.membership.neighboursOf(hub.id)).toBeUndefined()
  })
})

describe('what a peer tells one neighbour', () => {
  it('goes through one stream, however often it changes', async () => {
    const [a, b] = await mesh(2) as [TestPeer, TestPeer]
    const streams = (): number => a.node.libp2p.getConnections(b.node.libp2p.peerId)
      .flatMap(({ streams }) => streams).filter(({ protocol, direction }) => protocol === exchangeProtocol && direction === 'outbound').length

    for (let round = 0; round < 3; round++) {
      const other = await openTestPeer({ bootstrap: [a.address] })
      await poll(() => b.membership.neighboursOf(a.id)?.has(other.id)).toBe(true)
    }

    expect(counted(a, 'exchange_messages_sent')).toBeGreaterThanOrEqual(6)
    expect(streams()).toBe(1)
  })
})

describe('a peer that is lost', () => {
  it('is dialled again until it is back, if it is a bootstrap peer', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
    const before = await openTestPeer({ privateKey, listen, exchange: false })
    const keeper = await openTestPeer({ bootstrap: [before.address], exchange: false })
    await connected(keeper, before)
    await before.close()
    await disconnected(keeper, before)

    const after = await openTestPeer({ privateKey, listen, exchange: false })
    await connected(keeper, after)

    expect(after.id).toBe(before.id)
    expect(counted(keeper, 'redials')).toBeGreaterThan(0)
    expect(counted(after, 'redials')).toBe(0)
  })

  it('is waited for from the start, and the first failure alone is told', async () => {
    const port = await freePort()
    const clock = createManualClock()
    const backoff = { minMs: 1_000, maxMs: 60_000 }
    const keeper = await openTestPeer({ bootstrap: [`127.0.0.1:${port}`], clock, backoff, random: () => 0.5 })
    await poll(() => keeper.failures.length).toBe(1)

    clock.advance(1_499)
    expect(counted(keeper, 'redials')).toBe(0)
    clock.advance(1)
    expect(counted(keeper, 'redials')).toBe(1)
    const late = await openTestPeer({ listen: [`/ip4/127.0.0.1/tcp/${port}`] })

    // An attempt may be under way while the late one starts to listen.
    await poll(() => { clock.advance(1_000); return connectedTo(keeper) }).toEqual([late.id])
    expect(keeper.failures).toHaveLength(1)
    expect(keeper.failures[0]?.message).toMatch(/^no connection to "127.0.0.1:\d+" came about \(.*ECONNREFUSED.*\); check that/)
  })

  it('is dialled again by those that got to know it through others', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
    const hub = await openTestPeer()
    const before = await openTestPeer({ privateKey, listen, bootstrap: [hub.address] })
    const keeper = await openTestPeer({ bootstrap: [hub.address], backoff: { minMs: 300, maxMs: 10_000 } })
    await connected(keeper, before)
    // A peer whose connection ends before it has said who it is cannot be found again.
    await poll(() => keeper.node.libp2p.peerStore.get(before.node.libp2p.peerId)).toHaveProperty('peerRecordEnvelope', expect.any(Uint8Array))
    await hub.close()
    await before.close()
    await meets(keeper, [])

    const after = await openTestPeer({ privateKey, listen })
    await Promise.all([connected(keeper, after), connected(after, keeper)])

    expect(connectedTo(after)).toEqual([keeper.id])
  })
})

describe('connect', () => {
  it('finds out by itself who listens there, and keeps that peer', async () => {
    const [a, b] = [await openTestPeer({ exchange: false }), await openTestPeer({ exchange: false })]
    const port = b.node.libp2p.getMultiaddrs()[0]!.getComponents()[1]!.value
    await a.membership.connect(`localhost:${port}`)
    expect(connectedTo(a)).toEqual([b.id])
    await connected(b, a)

    await Promise.all([disconnected(a, b), b.node.libp2p.hangUp(a.node.libp2p.peerId)])
    await connected(a, b)
    expect(counted(a, 'redials')).toBe(1)
  })

  it('says in one sentence that nobody is there, and does not try again', async () => {
    const peer = await openTestPeer()
    const address = `127.0.0.1:${await freePort()}`
    const connecting = peer.membership.connect(address)
    await expect(connecting).rejects.toThrow(ConnectError)
    await expect(connecting).rejects.toThrow(`no connection to "${address}" came about (`)
    expect(counted(peer, 'redials')).toBe(0)
  })

  it('refuses the address of the peer itself', async () => {
    const peer = await openTestPeer()
    const [bare] = peer.address.split('/p2p/')

    for (const address of [peer.address, bare!]) {
      await expect(peer.membership.connect(address)).rejects.toThrow(/is the address of this peer itself/)
    }
  })

  it('gives up when the caller does', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const peer = await openTestPeer()
    const reason = new Error('enough')
    const aborting = new AbortController()
    silent.once('connection', () => { aborting.abort(reason) })

    await expect(peer.membership.connect(`127.0.0.1:${(silent.address() as AddressInfo).port}`, { signal: aborting.signal })).rejects.toBe(reason)
    silent.close()
  })
})

describe('a banned peer', () => {
  it('stays out until its time is over, and is then got back', async () => {
    const clock = createManualClock()
    const judge = await openTestPeer({ clock, exchange: false, backoff: { minMs: 1_000, maxMs: 1_000 } })
    const culprit = await openTestPeer({ exchange: false })
    await judge.membership.connect(culprit.address)
    await connected(culprit, judge)

    await judge.membership.ban(culprit.id, 60_000)
    await disconnected(culprit, judge)
    expect(connectedTo(judge)).toEqual([])
    expect(judge.membership.isBanned(culprit.id)).toBe(true)
    await expect(judge.membership.connect(culprit.address)).rejects.toThrow(/is banned for another 60 s/)

    // The gate is behind the encryption, so the culprit may see a connection for a moment, and the judge never does.
    let met = 0
    judge.node.libp2p.addEventListener('connection:open', () => { met++ })
    const connection = await culprit.node.libp2p.dial(judge.node.libp2p.getMultiaddrs()).catch(() => undefined)
    await until(culprit.node.libp2p, () => connection == null || connectedTo(culprit).length === 0)
    expect(met).toBe(0)

    clock.advance(59_999)
    expect(counted(judge, 'redials')).toBe(0)
    expect(counted(judge, 'banned_peers')).toBe(1)
    clock.advance(1)
    await connected(judge, culprit)
    expect(counted(judge, 'redials')).toBe(1)
    expect(counted(judge, 'banned_peers')).toBe(0)
    expect(judge.membership.isBanned(culprit.id)).toBe(false)
  })
})
