import { gossipsub } from '@libp2p/gossipsub'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { checkContribution } from '../contribution.ts'
import { singleBlockCid } from '../files/content.ts'
import { createEntry } from '../log/entry.ts'
import { ownIdentity } from '../log/identity.ts'
import { createProtocolCounters } from '../protocol-counters.ts'
import { syncProtocol } from '../sync/messages.ts'
import { Wire } from './wire.ts'
import type { StoredContribution } from '../contribution.ts'
import type { LogEntry } from '../log/entry.ts'
import type { OwnIdentity } from '../log/identity.ts'
import type { TransportFactory } from '../node.ts'
import type { Hello } from '../sync/messages.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface'

const timeoutMs = 10_000

/** A peer as others know it who attack it. */
export interface Victim {
  readonly id: string
  readonly logAddress: string
  /** Multiaddrs, of which the first one is dialled. */
  addresses (): string[]
}

/** A peer that does as it likes: a bare libp2p node that speaks what a test makes it speak. */
export class HostilePeer {
  readonly libp2p: Libp2p<{ pubsub: GossipSub }>
  readonly identity: OwnIdentity
  readonly privateKey: PrivateKey
  /** Every stream that there was, with all that came on it. */
  readonly wires: Wire[] = []

  constructor (libp2p: Libp2p<{ pubsub: GossipSub }>, privateKey: PrivateKey) {
    this.libp2p = libp2p
    this.privateKey = privateKey
    this.identity = ownIdentity(privateKey)
  }

  get id (): string {
    return this.libp2p.peerId.toString()
  }

  async connect (peer: Victim): Promise<void> {
    await this.libp2p.dial(multiaddr(peer.addresses()[0]!), { signal: AbortSignal.timeout(timeoutMs) })
  }

  isConnected (peer: Victim): boolean {
    return this.libp2p.getConnections(peerIdOf(peer)).length > 0
  }

  /** Resolves when the peer has ended its connections. */
  async thrownOut (peer: Victim): Promise<void> {
    if (this.isConnected(peer)) {
      await new Promise<void>((resolve) => {
        this.libp2p.addEventListener('peer:disconnect', ({ detail }) => { if (detail.toString() === peer.id) { resolve() } })
      })
    }
  }

  async open (peer: Victim, protocol: string): Promise<Wire> {
    return this.#note(await this.libp2p.dialProtocol(peerIdOf(peer), protocol, { signal: AbortSignal.timeout(timeoutMs) }))
  }

  /** Opens a session as a client; both sides have said hello. */
  async openSync (peer: Victim, hello: Partial<Hello> = {}): Promise<Wire> {
    const wire = await this.open(peer, syncProtocol)
    wire.say(helloOf(peer, hello))
    await wire.until('hello')
    return wire
  }

  async handle (protocol: string, serve: (wire: Wire) => void | Promise<void>): Promise<void> {
    await this.libp2p.handle(protocol, (stream) => {
      const wire = this.#note(stream)
      // What a test wants to see ends in the peer that is attacked; a stream that it ends is part of that.
      Promise.resolve(serve(wire)).catch(() => {})
    }, { maxInboundStreams: 100 })
  }

  /** Answers sessions that others open; each side has said hello before `script` begins. */
  async serveSync (peer: Victim, hello: Partial<Hello>, script: (wire: Wire) => void | Promise<void>): Promise<void> {
    await this.handle(syncProtocol, async (wire) => {
      wire.say(helloOf(peer, hello))
      await wire.until('hello')
      await script(wire)
    })
  }

  /** An entry of the log that is signed as it should be, of whatever one likes. */
  async entry (
    peer: Victim, contribution: Partial<StoredContribution> = {}, place: { next?: string[], time?: number } = {}
  ): Promise<LogEntry> {
    const value = checkContribution({
      schema: 1,
      cid: singleBlockCid(Buffer.from(contribution.name ?? 'bait')).toString(),
      name: 'bait',
      size: 4,
      mediaType: 'text/plain',
      contributor: this.id,
      createdAt: new Date().toISOString(),
      attributes: {},
      ...contribution
    })
    return createEntry(this.identity, peer.logAddress, value, { next: place.next ?? [], time: place.time ?? 1 })
  }

  async close (): Promise<void> {
    await this.libp2p.stop()
  }

  #note (stream: Stream): Wire {
    const wire = new Wire(stream)
    this.wires.push(wire)
    return wire
  }
}

export interface HostilePeerInit {
  /** Multiaddrs to listen on; by default a free TCP port of the loopback interface. */
  listen?: string[]
  /** By default TCP. */
  transport?: TransportFactory
}

export async function openHostilePeer ({ listen = ['/ip4/127.0.0.1/tcp/0'], transport = tcp() }: HostilePeerInit = {}): Promise<HostilePeer> {
  const privateKey = await generateKeyPair('Ed25519')
  const libp2p = await createLibp2p({
    privateKey,
    addresses: { listen },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Whoever watches the streams of this process hears those of this node as well.
    metrics: createProtocolCounters().metrics,
    connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1_000 },
    // Whether the other side is too busy to answer is not for this one to judge.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      // A peer that was met before is told of what is handled since, or would not ask for it.
      identifyPush: identifyPush(),
      ping: ping(),
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } })
    }
  })
  return new HostilePeer(libp2p, privateKey)
}

function helloOf ({ logAddress }: Victim, hello: Partial<Hello>): Hello {
  return { type: 'hello', version: 1, logAddress, size: 0, fingerprint: new Uint8Array(16), holdsAll: false, ...hello }
}

function peerIdOf ({ id }: Victim): PeerId {
  return peerIdFromString(id)
}
