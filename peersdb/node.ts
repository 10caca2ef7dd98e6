import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createHeliaLight } from 'helia'
import { persistentIdentify } from './identify.ts'
import { noiseCrypto } from './noise-crypto.ts'
import type { ProtocolCounters } from './protocol-counters.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { HeliaWithLibp2p } from '@helia/libp2p'
import type { Identify, IdentifyPush } from '@libp2p/identify'
import type { ConnectionGater, PrivateKey } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'

/** The libp2p services of every PeersDB node. */
export interface NodeServices extends Record<string, unknown> {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  pubsub: GossipSub
  /** Only where it was asked for. */
  dht?: KadDHT
}

/** Of what a libp2p node is made of, the part that knows addresses. */
interface AddressComponents {
  readonly addressManager: { confirmObservedAddr (address: Multiaddr, options: { type: 'transport', ttl: number }): void }
  readonly transportManager: { getAddrs (): Multiaddr[] }
}

export type Node = HeliaWithLibp2p<NodeServices>

/** A libp2p transport factory, such as `tcp()`. */
export type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

/** The DHT of PeersDB peers alone, apart from that of IPFS. */
export const dhtProtocol = '/peersdb/kad/1.0.0'

const handshakeTimeoutMs = 15_000

const mdnsService = '_peersdb._udp.local'

/** The most streams of all protocols together that one connection carries in each direction at once. */
export interface StreamLimits {
  inbound: number
  outbound: number
}

export interface NodeInit {
  stores: { blockstore: Blockstore, datastore: Datastore, privateKey: PrivateKey }
  /** Multiaddrs to listen on. */
  listen: string[]
  transport?: TransportFactory
  /** Which connections to refuse, such as those of banned peers. */
  connectionGater?: ConnectionGater
  /** Counts bytes and streams by protocol. */
  counters?: ProtocolCounters
  /** By default those of yamux, 1,000 each; the limit of a single protocol is given where it is handled. */
  streamLimits?: StreamLimits
  /** Whether blocks are fetched from, and served to, others with Bitswap; true by default. */
  bitswap?: boolean
  /** Find peers by multicast DNS on the local network (RFC 6762); off by default. */
  mdns?: boolean
  /** Take part, as a server, in a Kademlia DHT of PeersDB peers; off by default. */
  dht?: boolean
}

/**
 * Starts libp2p and Helia. Several defaults of theirs assume one peer per host and an idle event
 * loop; each one that is changed here breaks a cluster behind one address, or under load.
 */
export async function startNode (init: NodeInit): Promise<Node> {
  const { blockstore, datastore, privateKey } = init.stores
  const helia = createHeliaLight({ blockstore, datastore, codecs: [dagCbor] })
  const networked = withLibp2pLight<typeof helia, NodeServices>(helia, {
    privateKey,
    datastore,
    addresses: { listen: init.listen },
    transports: [init.transport ?? tcp()],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    streamMuxers: [yamux({ maxInboundStreams: init.streamLimits?.inbound, maxOutboundStreams: init.streamLimits?.outbound })],
    connectionGater: init.connectionGater,
    metrics: init.counters?.metrics,
    // By default five connections a second from one host are accepted, the rest is reset.
    connectionManager: {
      inboundConnectionThreshold: 10_000,
      maxIncomingPendingConnections: 1_000,
      // A handshake takes a busy machine more than six seconds, and one that was broken off takes them again.
      addressDialTimeout: handshakeTimeoutMs,
      dialTimeout: 2 * handshakeTimeoutMs,
      inboundUpgradeTimeout: 2 * handshakeTimeoutMs
    },
    // Pinging every connection every ten seconds takes a mesh of fifty peers more than one core. A comparison of logs finds out
    // as well that a connection is broken; a slow peer is no lost one.
    connectionMonitor: { enabled: false },
    peerDiscovery: init.mdns === true ? [await loadMdns()] : [],
    services: {
      identify: persistentIdentify(),
      // A peer that was met while it started is told of the protocols that it handles since.
      identifyPush: identifyPush(),
      ping: ping({ maxInboundStreams: 16, maxOutboundStreams: 16 }),
      pubsub: gossipsub({
        allowPublishToZeroTopicPeers: true,
        // More than ten peers behind one address would be scored below the graylist threshold.
        scoreParams: { IPColocationFactorWeight: 0 }
      }),
      ...(init.dht === true ? { dht: await loadDht() } : {})
    }
  })
  const node = init.bitswap === false ? networked : withBitswap(networked)
  await node.start()
  announceListeners(node)
  return node
}

/**
 * Has others told of every address that is listened on. libp2p keeps a public one to itself until another peer has
 * dialled it back, which nobody does here; but it is an address of this machine, for a peer behind a NAT has only private ones.
 */
function announceListeners ({ libp2p }: Node): void {
  const { components } = libp2p as unknown as { components: AddressComponents }

  for (const address of components.transportManager.getAddrs()) {
    components.addressManager.confirmObservedAddr(address, { type: 'transport', ttl: Number.MAX_SAFE_INTEGER })
  }
}

/** Imported only where it is asked for, as is the DHT, so that others do not pay for it. */
async function loadMdns (): Promise<NonNullable<Libp2pOptions['peerDiscovery']>[number]> {
  const { mdns } = await import('@libp2p/mdns')
  return mdns({ serviceTag: mdnsService })
}

async function loadDht () {
  const { kadDHT, passthroughMapper } = await import('@libp2p/kad-dht')
  return kadDHT({
    protocol: dhtProtocol,
    // Left to itself it becomes a server only on a public address, and passes on no private ones.
    clientMode: false,
    peerInfoMapper: passthroughMapper
  })
}
