import { gossipsub } from '@libp2p/gossipsub'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Uint8ArrayList } from 'uint8arraylist'
import { checkContribution } from './contribution.ts'
import { singleBlockCid } from './files/content.ts'
import { createEntry } from './log/entry.ts'
import { ownIdentity } from './log/identity.ts'
import { decode, encode, syncProtocol } from './sync/messages.ts'
import type { Peer } from './api.ts'
import type { StoredContribution } from './contribution.ts'
import type { LogEntry } from './log/entry.ts'
import type { OwnIdentity } from './log/identity.ts'
import type { Hello, Message } from './sync/messages.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface'

const lengthBytes = 4
const timeoutMs = 10_000

/** A stream of which every byte is noted, and on which anything can be sent. */
export class Wire {
  readonly stream: Stream
  readonly received = new Uint8ArrayList()
  /** Resolves when the stream is over. */
  readonly ended: Promise<void>
  readonly #unread = new Uint8ArrayList()
  #more = Promise.withResolvers<void>()
  #over = false

  constructor (stream: Stream) {
    this.stream = stream
    const ended = Promise.withResolvers<void>()
    this.ended = ended.promise
    const end = (): void => {
      this.#over = true
      this.#more.resolve()
      ended.resolve()
    }
    stream.addEventListener('message', ({ data }) => {
      this.received.append(data)
      this.#unread.append(data)
      this.#more.resolve()
    })
    stream.addEventListener('remoteCloseWrite', end)
    stream.addEventListener('close', end)
  }

  send (bytes: Uint8Array): void {
    this.stream.send(bytes)
  }

  /** Sends bytes as a message of the sync protocol: behind their length. */
  frame (bytes: Uint8Array, length = bytes.byteLength): void {
    const prefix = new Uint8Array(lengthBytes)
    new DataView(prefix.buffer).setUint32(0, length)
    this.stream.send(new Uint8ArrayList(prefix, bytes))
  }

  say (...messages: Message[]): void {
    messages.forEach((message) => { this.frame(encode(message)) })
  }

  /** The next message of the sync protocol; rejects where the stream ends before. */
  async next (): Promise<Message> {
    const prefix = await this.read(lengthBytes)
    return decode(await this.read(new DataView(prefix.buffer, prefix.byteOffset).getUint32(0)))
  }

  /** The next message of a type; those before it are skipped. */
  async until<Type extends Message['type']> (type: Type): Promise<Extract<Message, { type: Type }>> {
    for (let message = await this.next(); ; message = await this.next()) {
      if (message.type === type) {
        return message as Extract<Message, { type: Type }>
      }
    }
  }

  /** The next bytes; rejects where the stream ends before. */
  async read (length: number): Promise<Uint8Array> {
    const bound = AbortSignal.timeout(timeoutMs)
    bound.addEventListener('abort', () => { this.#more.resolve() })

    while (this.#unread.byteLength < length) {
      if (this.#over || bound.aborted) {
        throw new Error(`the stream ${this.#over ? 'ended' : 'was silent'} where ${length} bytes were to come`)
      }

      await this.#more.promise
      this.#more = Promise.withResolvers<void>()
    }

    const bytes = this.#unread.slice(0, length)
    this.#unread.consume(length)
    return bytes
  }
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

  async connect (peer: Peer): Promise<void> {
    await this.libp2p.dial(multiaddr(peer.addresses()[0]!), { signal: AbortSignal.timeout(timeoutMs) })
  }

  isConnected (peer: Peer): boolean {
    return this.libp2p.getConnections(peerIdOf(peer)).length > 0
  }

  /** Resolves when the peer has ended its connections. */
  async thrownOut (peer: Peer): Promise<void> {
    if (this.isConnected(peer)) {
      await new Promise<void>((resolve) => {
        this.libp2p.addEventListener('peer:disconnect', ({ detail }) => { if (detail.toString() === peer.id) { resolve() } })
      })
    }
  }

  async open (peer: Peer, protocol: string): Promise<Wire> {
    return this.#note(await this.libp2p.dialProtocol(peerIdOf(peer), protocol, { signal: AbortSignal.timeout(timeoutMs) }))
  }

  /** Opens a session as a client; both sides have said hello. */
  async openSync (peer: Peer, hello: Partial<Hello> = {}): Promise<Wire> {
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
  async serveSync (peer: Peer, hello: Partial<Hello>, script: (wire: Wire) => void | Promise<void>): Promise<void> {
    await this.handle(syncProtocol, async (wire) => {
      wire.say(helloOf(peer, hello))
      await wire.until('hello')
      await script(wire)
    })
  }

  /** An entry of the log that is signed as it should be, of whatever one likes. */
  async entry (
    peer: Peer, contribution: Partial<StoredContribution> = {}, place: { next?: string[], time?: number } = {}
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

export async function openHostilePeer (): Promise<HostilePeer> {
  const privateKey = await generateKeyPair('Ed25519')
  const libp2p = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Whether the other side is too busy to answer is not for this one to judge.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } })
    }
  })
  return new HostilePeer(libp2p, privateKey)
}

function helloOf ({ logAddress }: Peer, hello: Partial<Hello>): Hello {
  return { type: 'hello', version: 1, logAddress, size: 0, fingerprint: new Uint8Array(16), holdsAll: false, ...hello }
}

export function peerIdOf (peer: Peer): PeerId {
  return peer.libp2p.peerId
}
