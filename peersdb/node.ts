import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createHeliaLight } from 'helia'
import type { Stores } from './stores.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { HeliaWithLibp2p } from '@helia/libp2p'
import type { Identify } from '@libp2p/identify'
import type { Ping } from '@libp2p/ping'
import type { Libp2pOptions } from 'libp2p'

/** The libp2p services of every PeersDB node. */
export interface NodeServices extends Record<string, unknown> {
  identify: Identify
  ping: Ping
  pubsub: GossipSub
}

export type Node = HeliaWithLibp2p<NodeServices>

/** A libp2p transport factory, such as `tcp()`. */
export type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

export interface NodeInit {
  stores: Stores
  /** Multiaddrs to listen on. */
  listen: string[]
  transport?: TransportFactory
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
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // By default five connections a second from one host are accepted, the rest is reset.
    connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1_000 },
    // A busy or slow link answers pings late; dropping it then makes a slow peer a lost one.
    connectionMonitor: { abortConnectionOnPingFailure: false },
    services: {
      identify: identify(),
      // libp2p's own connection monitor pings on the same protocol, of which one stream at a time is the default.
      ping: ping({ maxInboundStreams: 16, maxOutboundStreams: 16 }),
      pubsub: gossipsub({
        allowPublishToZeroTopicPeers: true,
        // More than ten peers behind one address would be scored below the graylist threshold.
        scoreParams: { IPColocationFactorWeight: 0 }
      })
    }
  })
  const node = withBitswap(networked)
  await node.start()
  return node
}
