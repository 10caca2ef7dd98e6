import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach } from 'vitest'
import { createValidation } from './service.ts'
import { memoryValues } from './verdict-store.ts'
import { decodeRequest, decodeVotes } from './vote.ts'
import { votesProtocol } from './vote-protocol.ts'
import { alone, cid, contributionOf, oracle } from './world.test-helper.ts'
import type { Validation, ValidationInit } from './service.ts'
import type { SignedVote, VoteRequest } from './vote.ts'
import type { Voter } from './world.test-helper.ts'
import type { Libp2p } from '@libp2p/interface'
import type { LengthPrefixedStream } from '@libp2p/utils'

const opened: Array<() => Promise<void>> = []
afterEach(async () => { await Promise.all(opened.splice(0).map((close) => close())) })

export interface TestNode extends Voter {
  libp2p: Libp2p
  address: string
}

export async function startNode (): Promise<TestNode> {
  const privateKey = await generateKeyPair('Ed25519')
  const libp2p = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: { identify: identify() }
  })
  opened.push(async () => { await libp2p.stop() })
  return { libp2p, privateKey, id: libp2p.peerId.toString(), address: libp2p.getMultiaddrs()[0]!.toString() }
}

export interface TestPeer extends TestNode {
  validation: Validation
  failures: Error[]
}

export async function startPeer (init: Partial<ValidationInit> = {}): Promise<TestPeer> {
  const node = await startNode()
  const failures: Error[] = []
  const validation = createValidation({
    libp2p: node.libp2p,
    privateKey: node.privateKey,
    values: memoryValues(),
    files: () => alone([Buffer.from('{}')]),
    contribution: (asked) => asked === cid ? contributionOf() : undefined,
    onError: (err) => { failures.push(err) },
    validator: oracle('valid'),
    ...init
  })
  await validation.start()
  opened.push(() => validation.stop())
  return { ...node, validation, failures }
}

/** Resolves when libp2p has told the peer about all the others; its own topology was there first. */
export async function connect (peer: TestNode, others: TestNode[]): Promise<void> {
  const known = new Set<string>()
  const all = Promise.withResolvers<void>()
  await peer.libp2p.register(votesProtocol, {
    onConnect: (other) => { if (known.add(other.toString()).size === others.length) { all.resolve() } }
  })
  await Promise.all(others.map(({ address }) => peer.libp2p.dial(multiaddr(address))))
  await all.promise
}

export type Answer = (frames: LengthPrefixedStream, request: VoteRequest, node: TestNode) => Promise<void>

/** A node that answers requests in its own way. */
export async function startHostile (answer: Answer): Promise<TestNode> {
  const node = await startNode()
  await node.libp2p.handle(votesProtocol, (stream) => {
    const frames = lpStream(stream)
    frames.read().then((bytes) => answer(frames, decodeRequest(bytes.subarray()), node)).catch(() => {
      // The peer that asked gave up, which is what is tested.
    })
  })
  return node
}

/** Asks for votes as any stranger could. */
export async function askRaw (from: TestNode, peer: TestNode, bytes: Uint8Array): Promise<SignedVote[]> {
  const [votes] = await framesOf(from, peer, bytes, 1)
  return decodeVotes(votes ?? new Uint8Array())
}

/** The first frames that a peer answers. */
export async function framesOf (from: TestNode, peer: TestNode, bytes: Uint8Array, count: number): Promise<Uint8Array[]> {
  const stream = await from.libp2p.dialProtocol(multiaddr(peer.address), votesProtocol)
  const frames = lpStream(stream)
  const signal = AbortSignal.timeout(10_000)
  await frames.write(bytes, { signal })
  const read: Uint8Array[] = []

  while (read.length < count) {
    read.push((await frames.read({ signal })).subarray())
  }

  return read
}

export function request (init: Partial<VoteRequest> = {}): VoteRequest {
  return { cid, requestId: 'a-request-of-this-test', expiresAtMs: Date.now() + 60_000, collected: false, ...init }
}

export function counted (peer: TestPeer, name: string, label: string): number {
  return peer.validation.counters().find((row) => row.name === name && Object.values(row.labels).includes(label))?.value ?? 0
}
