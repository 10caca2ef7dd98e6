import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { closeTestPeers, connectedTo, meets, openTestPeer, until } from './membership/membership.test-helper.ts'
import { openPeer } from './index.ts'
import { dhtProtocol } from './node.ts'
import type { TransportFactory } from './index.ts'

afterEach(closeTestPeers)

/** Why multicast does not work on this machine; undefined where it does. */
async function whyNoMulticast (): Promise<string | undefined> {
  const group = '224.0.0.251'
  const socket = createSocket({ type: 'udp4', reuseAddr: true })

  try {
    socket.bind(0)
    await once(socket, 'listening')
    socket.addMembership(group)
    socket.setMulticastLoopback(true)
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(2_000) })
    socket.send('?', socket.address().port, group, (err) => { if (err != null) { socket.emit('error', err) } })
    await heard
    return undefined
  } catch (err) {
    return (err as Error).message
  } finally {
    socket.close()
  }
}

describe('a node with a DHT', () => {
  it('finds a peer that is two hops away', async () => {
    const middle = await openTestPeer({ dht: true, exchange: false, connectionsMax: 0 })
    const atTheEnds = { dht: true, exchange: false, connectionsMax: 0, bootstrap: [middle.address] }
    const [a, c] = await Promise.all([1, 2].map(() => openTestPeer(atTheEnds)))
    await meets(middle, [a!, c!])
    const { libp2p } = a!.node
    let found: string[] | undefined

    // The one in the middle may not have put the other into its table yet.
    while (found == null) {
      const searching = libp2p.peerRouting.findPeer(c!.node.libp2p.peerId, { signal: AbortSignal.timeout(20_000) })
      found = await searching.then(({ multiaddrs }) => multiaddrs.map(String), () => undefined)
    }

    expect(found.map((address) => `${address}/p2p/${c!.id}`)).toEqual([c!.address])
    expect(libp2p.getProtocols()).toContain(dhtProtocol)
    expect(libp2p.getProtocols().filter((name) => name.includes('/ipfs/kad'))).toEqual([])
  })

  it('is connected with those that it finds in it', async () => {
    const middle = await openTestPeer({ dht: true, exchange: false })
    const [a, c] = await Promise.all([1, 2].map(() => openTestPeer({ dht: true, exchange: false, bootstrap: [middle.address] })))
    await until(a!.node.libp2p, () => connectedTo(a!).includes(c!.id))

    expect(connectedTo(a!)).toEqual([middle.id, c!.id].sort())
  })
})

describe('a node with multicast DNS', () => {
  it('finds the others on its network', async (context) => {
    const why = await whyNoMulticast()
    context.skip(why != null, `multicast does not work on this machine: ${why}`)
    const peers = await Promise.all([1, 2].map(() => openTestPeer({ mdns: true, exchange: false })))
    await Promise.all(peers.map((peer) => meets(peer, peers)))

    expect(connectedTo(peers[0]!)).toEqual([peers[1]!.id])
  })
})

describe('a node', () => {
  it('has neither unless it was asked for', async () => {
    const { node: { libp2p } } = await openTestPeer()
    expect(libp2p.services.dht).toBeUndefined()
    expect(libp2p.getProtocols().filter((name) => name.includes('kad'))).toEqual([])
  })

  it('speaks Bitswap only if it is to', async () => {
    const [without, withIt] = [await openTestPeer({ bitswap: false }), await openTestPeer({ bitswap: true })]
    const speaks = ({ node }: typeof without) => node.libp2p.getProtocols().some((name) => name.includes('bitswap'))
    expect([speaks(without), speaks(withIt)]).toEqual([false, true])
  })

  it('limits the streams of a connection', async () => {
    const a = await openTestPeer({ exchange: false, streamLimits: { inbound: 64, outbound: 3 } })
    const b = await openTestPeer({ exchange: false })
    await b.node.libp2p.handle('/test/keep/1.0.0', () => {})
    await a.membership.connect(b.address)
    const open = () => a.node.libp2p.dialProtocol(b.node.libp2p.peerId, '/test/keep/1.0.0')
    const opened = await Promise.allSettled(Array.from({ length: 10 }, open))

    const succeeded = opened.filter(({ status }) => status === 'fulfilled').length
    expect(succeeded).toBeGreaterThan(0)
    expect(succeeded).toBeLessThanOrEqual(3)
  })

  it('tells those that it met while it started what it speaks since', async () => {
    const [a, b] = [await openTestPeer({ exchange: false }), await openTestPeer({ exchange: false })]
    await a.membership.connect(b.address)
    const met = new Promise<string>((resolve) => {
      void a.node.libp2p.register('/test/late/1.0.0', { onConnect: (peer) => { resolve(peer.toString()) } })
    })
    await until(a.node.libp2p, () => connectedTo(a).includes(b.id))
    await b.node.libp2p.handle('/test/late/1.0.0', () => {})

    expect(await met).toBe(b.id)
  })
})

describe('a node that listens on a public address', () => {
  /** TCP on loopback that says it was another address. */
  const pretending = (address: string): TransportFactory => (components) => {
    const transport = tcp()(components as never)
    const createListener = transport.createListener.bind(transport)
    return Object.assign(transport, {
      createListener: (options: Parameters<typeof createListener>[0]) =>
        Object.assign(createListener(options), { getAddrs: () => [multiaddr(address)] })
    })
  }

  it.each(['/ip4/16.0.0.7/tcp/4001', '/ip6/2a01:4f8::7/tcp/4001', '/ip4/127.0.0.1/tcp/4001'])('tells others of it: %s', async (address) => {
    const peer = await openPeer({ listen: ['/ip4/127.0.0.1/tcp/0'], transport: pretending(address) })

    try {
      expect(peer.addresses()).toEqual([`${address}/p2p/${peer.id}`])
    } finally {
      await peer.close()
    }
  })
})
