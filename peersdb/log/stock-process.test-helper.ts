/**
 * Unmodified OrbitDB peers in a process of their own, because PeersDB puts its own access controller into the registry
 * that OrbitDB keeps for a whole process. The parent calls the methods of `StockPeer` by messages.
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import * as dagCbor from '@ipld/dag-cbor'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { createHeliaLight } from 'helia'
import * as orbitdb from '@orbitdb/core'
import { until } from './until.test-helper.ts'
import type { NodeServices } from '../node.ts'
import type { EventsDatabase, Storage } from '@orbitdb/core'
import type { Call, StockInfo, StockMethods } from './stock-peers.test-helper.ts'

/** What the types of this repository leave out of OrbitDB, since only tests use it. */
interface StockParts {
  MemoryStorage (): Promise<Storage>
  KeyStore (init: { storage: Storage }): Promise<unknown>
  Identities (init: { ipfs: unknown, keystore: unknown }): Promise<{ createIdentity (options: { id: string }): Promise<StockIdentity> }>
}

interface StockIdentity {
  id: string
  publicKey: string
  hash: string
  sign (identity: unknown, data: Uint8Array): Promise<string>
}

interface ListController {
  get (capability: string): Promise<Set<string>>
  events: EventsDatabase['events']
  grant (capability: string, key: string): Promise<void>
  revoke (capability: string, key: string): Promise<void>
}

const { MemoryStorage, KeyStore, Identities } = orbitdb as unknown as StockParts
const dialTimeoutMs = 10_000
const peers: Array<{ info: StockInfo, methods: StockMethods }> = []

async function startHelia () {
  const helia = createHeliaLight({ blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore(), codecs: [dagCbor] })
  const networked = withBitswap(withLibp2pLight<typeof helia, Omit<NodeServices, 'identifyPush'>>(helia, {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
  }))
  await networked.start()
  return networked
}

async function startPeer (): Promise<StockInfo> {
  const ipfs = await startHelia()
  const directory = await mkdtemp(join(tmpdir(), 'stock-orbitdb-'))
  process.on('exit', () => { rmSync(directory, { recursive: true }) })
  const keystore = await KeyStore({ storage: await MemoryStorage() })
  const identities = await Identities({ ipfs, keystore })
  const identity = await identities.createIdentity({ id: 'stock' })
  const { sign, hash } = identity
  const orbit = await orbitdb.createOrbitDB({ ipfs, identities, identity, directory })
  let database: EventsDatabase

  const methods: StockMethods = {
    connect: async (address) => { await ipfs.libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(dialTimeoutMs) }) },
    disconnect: () => Promise.all(ipfs.libp2p.getPeers().map((peer) => ipfs.libp2p.hangUp(peer))).then(() => {}),
    open: async (address, administrators) => {
      const AccessController = administrators == null ? undefined : listOf(administrators)
      database = await orbit.open(address, { type: 'events', AccessController }) as EventsDatabase
      database.events.on('error', (err: Error) => { process.stderr.write(`stock peer: ${err.stack}\n`) })
      return database.address
    },
    add: (value) => database.add(value),
    all: () => database.all(),
    heads: async () => (await database.log.heads()).map((head) => head.hash).sort(),
    received: (hashes) => received(database, hashes),
    grant: (key) => listIn(database).grant('write', key),
    revoke: (key) => listIn(database).revoke('write', key),
    listed: (key) => listHas(database, key, true),
    delisted: (key) => listHas(database, key, false),
    lie: async (lies) => {
      database.access.canAppend = lies.ignoresList === true ? async () => true : database.access.canAppend
      identity.hash = lies.identityHash ?? hash
      identity.sign = lies.falseSignature === true ? async (own, data) => sign(own, Buffer.concat([data, Buffer.of(0)])) : sign
    }
  }
  const info = {
    index: peers.length,
    contributor: peerIdFromPublicKey(publicKeyFromRaw(Buffer.from(identity.publicKey, 'hex'))).toString(),
    key: identity.id,
    identityHash: hash,
    addresses: ipfs.libp2p.getMultiaddrs().map(String)
  }
  peers.push({ info, methods })
  return info
}

function listOf (administrators: string[]): unknown {
  return (orbitdb as unknown as { OrbitDBAccessController (init: { write: string[] }): unknown })
    .OrbitDBAccessController({ write: administrators })
}

/** Resolves once the database lists all of these entries; OrbitDB tells of updates, and not of each entry that came with one. */
async function received ({ events, all }: EventsDatabase, hashes: string[]): Promise<void> {
  await until(`an unmodified peer has not received ${hashes.length} entries`, (look, signal) => {
    events.on('update', look)
    signal.addEventListener('abort', () => { events.off('update', look) })
  }, async () => {
    const present = new Set((await all()).map(({ hash }) => hash))
    return hashes.every((hash) => present.has(hash))
  })
}

function listIn ({ access }: EventsDatabase): ListController {
  return access as unknown as ListController
}

async function listHas (database: EventsDatabase, key: string, present: boolean): Promise<void> {
  const { events } = listIn(database)
  await until(`the list of an unmodified peer has not changed about ${key}`, (look, signal) => {
    events.on('update', look)
    signal.addEventListener('abort', () => { events.off('update', look) })
  }, async () => (await listIn(database).get('write')).has(key) === present)
}

async function answer ({ peer, method, args }: Call): Promise<unknown> {
  const call = peer == null ? startPeer : peers[peer]?.methods[method as keyof StockMethods] as (...args: unknown[]) => Promise<unknown>
  return call(...args as [])
}

process.on('message', (call: Call) => {
  answer(call).then(
    (result) => { process.send?.({ id: call.id, result }) },
    (err: Error) => { process.send?.({ id: call.id, error: err.message }) }
  )
})
process.on('disconnect', () => { process.exit() })
