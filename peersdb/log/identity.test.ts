import * as dagCbor from '@ipld/dag-cbor'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import * as orbitdb from '@orbitdb/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import { hashOf } from './hash.ts'
import { keyOfPeerId, ownIdentity, peerIdOfKey, readIdentity } from './identity.ts'
import type { Storage } from '@orbitdb/core'
import type { PrivateKey } from '@libp2p/interface'
import type { Identity, OwnIdentity, StoredIdentity } from './identity.ts'

/** What the types of this repository leave out of OrbitDB, since only tests use it. */
interface StockParts {
  MemoryStorage (): Promise<Storage>
  KeyStore (init: { storage: Storage }): Promise<unknown>
  Identities (init: { keystore: unknown, storage: Storage }): Promise<StockIdentities>
}

interface StockIdentities {
  createIdentity (options: { id: string }): Promise<Identity>
  getIdentity (hash: string): Promise<Identity | undefined>
  verifyIdentity (identity: Identity): Promise<boolean>
  verify (signature: string, publicKey: string, data: Uint8Array): Promise<boolean>
}

const { MemoryStorage, KeyStore, Identities } = orbitdb as unknown as StockParts

let key: PrivateKey
let identity: OwnIdentity
let storage: Storage
let stock: StockIdentities

beforeAll(async () => {
  key = await generateKeyPair('Ed25519')
  identity = ownIdentity(key)
  storage = await MemoryStorage()
  stock = await Identities({ keystore: await KeyStore({ storage: await MemoryStorage() }), storage })
})

/** What an unmodified OrbitDB says of an identity that it got as a block. */
async function verifyAsOrbitDb (bytes: Uint8Array): Promise<boolean> {
  await storage.put(hashOf(bytes), bytes)
  const read = await stock.getIdentity(hashOf(bytes))
  return read != null && stock.verifyIdentity(read)
}

function storedOf ({ id, publicKey, signatures, type }: StoredIdentity): StoredIdentity {
  return { id, publicKey, signatures, type }
}

describe('a peer\'s own identity', () => {
  it('is verified by unmodified OrbitDB, under the same hash', async () => {
    await storage.put(identity.hash, identity.bytes)
    expect(await stock.getIdentity(identity.hash)).toMatchObject({ ...storedOf(identity), hash: identity.hash })
    expect(await verifyAsOrbitDb(identity.bytes)).toBe(true)
  })

  it('signs what OrbitDB and libp2p verify', async () => {
    const data = Buffer.from('an entry')
    const signature = await identity.sign(identity, data)
    expect(await stock.verify(signature, identity.publicKey, data)).toBe(true)
    expect(await key.publicKey.verify(data, Buffer.from(signature, 'hex'))).toBe(true)
    expect(await stock.verify(signature, identity.publicKey, Buffer.from('another entry'))).toBe(false)
  })

  it('is the same whenever it is made from the same key, so that its block is the same', () => {
    expect(ownIdentity(key).hash).toBe(identity.hash)
  })

  it('has the key of the peer id', () => {
    const peerId = peerIdFromPrivateKey(key).toString()
    expect(peerIdOfKey(identity.publicKey)).toBe(peerId)
    expect(keyOfPeerId(peerId)).toBe(identity.id)
  })
})

describe('an identity from a peer', () => {
  it('is read where it is that of an unmodified OrbitDB peer, with two keys of secp256k1', async () => {
    const other = await stock.createIdentity({ id: 'somebody' })
    const read = await readIdentity(other.bytes)
    expect(read).toMatchObject({ ...storedOf(other), hash: other.hash })
    expect(peerIdOfKey(other.publicKey)).toMatch(/^16Uiu2/)
  })

  it('is refused by both where any part of it is from another', async () => {
    const other = ownIdentity(await generateKeyPair('Ed25519'))
    const tampered: StoredIdentity[] = [
      { ...storedOf(identity), id: other.id },
      { ...storedOf(identity), publicKey: other.publicKey },
      { ...storedOf(identity), id: other.id, publicKey: other.publicKey },
      { ...storedOf(identity), signatures: other.signatures },
      { ...storedOf(identity), signatures: { ...identity.signatures, id: other.signatures.id } },
      { ...storedOf(identity), signatures: { ...identity.signatures, publicKey: other.signatures.publicKey } },
      { ...storedOf(identity), signatures: { id: identity.signatures.publicKey, publicKey: identity.signatures.id } }
    ]

    for (const stored of tampered) {
      const bytes = dagCbor.encode(stored)
      expect(await readIdentity(bytes)).toBeUndefined()
      expect(await verifyAsOrbitDb(bytes)).toBe(false)
    }
  })

  it('is refused where it is no identity', async () => {
    const malformed: unknown[] = [
      null, 'text', [], {}, { ...storedOf(identity), type: 'ethereum' }, { ...storedOf(identity), more: 1 },
      { ...storedOf(identity), publicKey: identity.publicKey.toUpperCase() }, { ...storedOf(identity), id: 'a'.repeat(300) }
    ]

    for (const value of malformed) {
      expect(await readIdentity(dagCbor.encode(value))).toBeUndefined()
    }

    expect(await readIdentity(Buffer.from('not dag-cbor'))).toBeUndefined()
    expect(await readIdentity(identity.bytes.subarray(0, 100))).toBeUndefined()
  })
})

describe('a peer id', () => {
  it('that is none, or does not hold its key, is refused in a sentence', () => {
    expect(() => keyOfPeerId('nobody')).toThrow(InvalidInputError)
    expect(() => keyOfPeerId('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N')).toThrow(/is not the id of a PeersDB peer/)
  })

  it('does not come from bytes that are no key', () => {
    expect(peerIdOfKey('')).toBeUndefined()
    expect(peerIdOfKey('ab')).toBeUndefined()
    expect(peerIdOfKey('zz'.repeat(32))).toBeUndefined()
  })
})
