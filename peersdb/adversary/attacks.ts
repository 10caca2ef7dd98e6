import { lpStream } from '@libp2p/utils'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { exchangeProtocol } from '../membership/exchange-protocol.ts'
import { decodeFields, delimited, encodeFields, splitDelimited } from './protobuf.ts'
import { encodeRequest, decodeVotes } from '../validation/vote.ts'
import { votesProtocol } from '../validation/vote-protocol.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { HostilePeer, Victim } from './hostile-peer.ts'
import type { End, Item } from '../sync/messages.ts'

/** What an attacker knows, and whom it attacks. */
export interface Target {
  peer: Victim
  /** The CIDs of the blocks that the attacker is after. */
  cids: CID[]
  /** The digests of their entries, or what could be taken for them. */
  digests: Uint8Array[]
  /** Another attacker, connected; a protocol may remember what it has told one before. */
  meet: () => Promise<HostilePeer>
  /** Resolves when an entry that names this CID has come to the peer, which no attacker can see; nor can it see the next. */
  baited: (cid: CID) => Promise<unknown>
  /** Resolves when the peer knows that another one, by its id, is subscribed to its log as OrbitDB's peers are. */
  knowsSubscriber: (id: string) => Promise<unknown>
}

export type Attack = (target: Target) => Promise<void>

const bitswapProtocol = '/ipfs/bitswap/1.2.0'
const timeoutMs = 10_000
/** Of Bitswap's messages: https://specs.ipfs.tech/bitswap-protocol/#bitswap-1-2-0-wire-format */
const wantTypes = { block: 0, have: 1 }

/** Every way to ask for content, by the beginning of the protocol's name. Each returns when all that was asked for is answered. */
export const attacks: Record<string, Attack> = {
  '/ipfs/bitswap/': async (target) => {
    await askBitswap(target, wantTypes.have)
    await askBitswap(target, wantTypes.block)
  },
  '/peersdb/sync/': async (target) => {
    await wantAll(target)
    await compareAll(target)
  },
  '/peersdb/heads/': async ({ peer, meet }) => {
    await silentEnd(await meet(), peer, `/peersdb/heads/1.0.0${peer.logAddress}`, Uint8Array.of(4, 0, 0, 0, 0))
  },
  '/orbitdb/heads/': async ({ peer, meet, cids }) => {
    const attacker = await meet()
    await offerIdentity(attacker, peer)
    const bait = await Promise.all(cids.map((cid) => attacker.entry(peer, { cid: cid.toString() })))
    const wire = await attacker.open(peer, `/orbitdb/heads${peer.logAddress}`)
    // Without framing, heads that are sent together arrive as one that nobody can read.
    for (const { bytes } of bait) {
      await new Promise((resolve) => { setImmediate(resolve) })
      wire.send(bytes)
    }

    await wire.stream.close()
    await wire.ended
  },
  '/peersdb/votes/': async ({ peer, cids, meet }) => {
    const attacker = await meet()

    for (const cid of cids) {
      for (const collected of [true, false]) {
        const { stream } = await attacker.open(peer, votesProtocol)
        const frames = lpStream(stream)
        const requestId = collected ? '' : 'a-request-of-an-attacker'
        const expiresAtMs = Date.now() + 60_000
        await frames.write(encodeRequest({ cid: cid.toString(), requestId, expiresAtMs, collected, trust: true }))
        const votes = decodeVotes((await frames.read({ signal: AbortSignal.timeout(timeoutMs) })).subarray())
        await frames.read({ signal: AbortSignal.timeout(timeoutMs) })
        await stream.close()

        if (votes.length > 0) {
          throw new Error(`the peer voted on ${cid.toString()}, and so has it`)
        }
      }
    }
  },
  '/peersdb/peers/': async ({ peer, meet }) => {
    const wire = await (await meet()).open(peer, exchangeProtocol)
    wire.send(delimited(dagCbor.encode({ whole: true, peers: [], gone: [] })))
    // A frame of one byte acknowledges it; until this side ends the stream there could be more to come.
    await bounded(wire.read(2), `an acknowledgement by ${exchangeProtocol}`)
    await wire.stream.close()
    await bounded(wire.ended, `the end of ${exchangeProtocol}`)
  },
  '/peersdb/benchmark/': async ({ peer, meet }) => {
    const wire = await (await meet()).open(peer, '/peersdb/benchmark/1.0.0')
    await wire.read(1)
  },
  '/peersdb/kad/': async ({ peer, cids, meet }) => {
    const attacker = await meet()

    for (const { multihash } of cids) {
      for (const type of [kad.getValue, kad.getProviders]) {
        const { stream } = await attacker.open(peer, '/peersdb/kad/1.0.0')
        const frames = lpStream(stream)
        await frames.write(encodeFields([1, type], [2, multihash.bytes]))
        const answer = decodeFields((await frames.read({ signal: AbortSignal.timeout(timeoutMs) })).subarray())

        await stream.close()

        if (answer.some(({ number }) => number === kad.record || number === kad.providers)) {
          throw new Error(`the DHT knows who has ${multihash.digest.toString()}`)
        }
      }
    }
  },
  '/meshsub/': gossip,
  '/floodsub/': gossip
}

/** What these protocols carry has nothing to do with files or entries. */
export const withoutContent = ['/ipfs/ping/1.0.0', '/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0']

/** https://github.com/libp2p/specs/tree/master/kad-dht#rpc-messages */
const kad = { getValue: 1, getProviders: 3, record: 3, providers: 9 }

/** Asks for each block alone with Bitswap, and waits until each is answered, be it with "don't have". */
async function askBitswap ({ peer, cids, meet }: Target, wantType: number): Promise<void> {
  const attacker = await meet()
  const answered = Promise.withResolvers<void>()
  const received = new Map<object, Uint8Array>()
  await attacker.handle(bitswapProtocol, (wire) => {
    wire.stream.addEventListener('message', () => {
      received.set(wire, wire.received.slice())
      const fields = [...received.values()].flatMap(splitDelimited).flatMap(decodeFields)

      if (fields.filter(({ number }) => number === 3 || number === 4).length >= cids.length) {
        answered.resolve()
      }
    })
    return wire.ended.then(() => wire.stream.close())
  })
  const wants = cids.map((cid): [number, Uint8Array] => [1, encodeFields([1, cid.bytes], [2, 1], [4, wantType], [5, 1])])
  const wire = await attacker.open(peer, bitswapProtocol)
  wire.send(delimited(encodeFields([1, encodeFields(...wants)])))
  await wire.stream.close()
  await bounded(answered.promise, `the answers of Bitswap to ${cids.length} wants`)
}

/** Wants all blocks and entries, the entries' files among them; returns what came. */
export async function wantAll ({ peer, cids, digests, meet }: Pick<Target, 'peer' | 'cids' | 'digests' | 'meet'>): Promise<{ items: Item[], end: End }> {
  const wire = await (await meet()).openSync(peer, { holdsAll: true })
  // Each block is asked for as what it is, and as another codec would name it; a CID and a digest are no entries of each other.
  const blocks = cids.flatMap((cid) => [cid, CID.createV1(0x71, cid.multihash)]).map(({ bytes }) => bytes)
  const entries = [...digests, ...cids.map(({ multihash }) => multihash.digest)]
  wire.say({ type: 'want', id: 1, entries, blocks, withFiles: true, bytesMax: 2 ** 32 - 1 })
  const items: Item[] = []

  for (let message = await wire.next(); ; message = await wire.next()) {
    if (message.type === 'item') {
      items.push(message)
    } else if (message.type === 'end') {
      return { items, end: message }
    }
  }
}

/** Says that it has nothing, so that it is told of everything; returns the digests that were listed. */
export async function compareAll ({ peer, meet }: Pick<Target, 'peer' | 'meet'>): Promise<Uint8Array[]> {
  const wire = await (await meet()).openSync(peer)
  const listed: Uint8Array[] = []
  wire.say({ type: 'ranges', ranges: [{ prefix: '', count: 0, sum: new Uint8Array(16) }] })

  for (let answer = await wire.until('differ'); ; answer = await wire.until('differ')) {
    listed.push(...answer.lists.flatMap(({ digests }) => digests))

    if (answer.done) {
      return listed
    }
  }
}

/** Publishes entries that name the files, in the way that OrbitDB's peers listen to. */
async function gossip ({ peer, cids, meet, baited, knowsSubscriber }: Target): Promise<void> {
  const attacker = await meet()
  const { pubsub } = attacker.libp2p.services
  await offerIdentity(attacker, peer)
  pubsub.subscribe(peer.logAddress)
  // Each side tells what it is subscribed to once it can send; what is published before goes to nobody.
  const both = [subscriptionTo(pubsub, peer.logAddress, peer.id), knowsSubscriber(attacker.id)]
  await bounded(Promise.all(both), 'the subscriptions of the peer and its attacker')

  for (const cid of cids) {
    const arrived = baited(cid)
    await pubsub.publish(peer.logAddress, (await attacker.entry(peer, { cid: cid.toString() })).bytes)
    await bounded(arrived, `an entry that names ${cid.toString()}`)
  }
}

/** Lets a peer fetch the identity that the attacker's entries name, as it would have to be. */
async function offerIdentity (attacker: HostilePeer, peer: Victim): Promise<void> {
  const { hash, bytes } = attacker.identity
  const { multihash } = CID.parse(hash)
  const prefix = Uint8Array.of(1, 0x71, multihash.code, multihash.size)
  await attacker.handle(bitswapProtocol, async (wire) => {
    await wire.ended

    if (Buffer.from(wire.received.slice()).includes(Buffer.from(multihash.digest))) {
      const answer = await attacker.open(peer, bitswapProtocol)
      answer.send(delimited(encodeFields([3, encodeFields([1, prefix], [2, bytes])])))
      await answer.stream.close()
    }

    await wire.stream.close()
  })
}

/** Resolves when a node knows that another one is subscribed to a topic. */
export async function subscriptionTo (pubsub: GossipSub, topic: string, by: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (pubsub.getSubscribers(topic).some((id) => id.toString() === by)) {
        pubsub.removeEventListener('subscription-change', look)
        resolve()
      }
    }
    pubsub.addEventListener('subscription-change', look)
    look()
  })
}

/** Says something on a protocol, and takes what comes until the other side is done. */
async function silentEnd (attacker: HostilePeer, peer: Victim, protocol: string, bytes: Uint8Array): Promise<void> {
  const wire = await attacker.open(peer, protocol)
  wire.send(bytes)
  await bounded(wire.ended, `the end of ${protocol}`)
}

async function bounded (promise: Promise<unknown>, what: string): Promise<void> {
  const { promise: over, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => { reject(new Error(`waited ${timeoutMs / 1000} s for ${what}`)) }, timeoutMs)

  try {
    await Promise.race([promise, over])
  } finally {
    clearTimeout(timer)
  }
}
