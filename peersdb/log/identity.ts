import { createPrivateKey, sign } from 'node:crypto'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import * as dagCbor from '@ipld/dag-cbor'
import * as z from 'zod'
import { InvalidInputError } from '../errors.ts'
import { hashOf } from './hash.ts'
import { verifySignature } from './signature.ts'
import type { PrivateKey } from '@libp2p/interface'

/** An OrbitDB identity: `id` and `publicKey` are one and the same key in PeersDB, and two in stock OrbitDB. */
export interface StoredIdentity {
  id: string
  publicKey: string
  signatures: { id: string, publicKey: string }
  type: string
}

export interface Identity extends StoredIdentity {
  /** The hash of the identity's block, as entries name it. */
  hash: string
  bytes: Uint8Array
}

/** An identity that can sign, in the form in which OrbitDB takes it. */
export interface OwnIdentity extends Identity {
  sign (identity: unknown, data: Uint8Array): Promise<string>
  verify (signature: string, publicKey: string, data: Uint8Array | string): Promise<boolean>
}

/** What OrbitDB asks of its identities system. */
export interface Identities {
  keystore: { close (): Promise<void> }
  getIdentity (hash: string): Promise<Identity | undefined>
  verifyIdentity (identity: Identity): Promise<boolean>
  verify (signature: string, publicKey: string, data: Uint8Array | string): Promise<boolean>
  sign (identity: unknown, data: Uint8Array): Promise<string>
}

const hex = z.string().max(512).regex(/^([0-9a-f]{2})+$/)
const storedIdentity = z.strictObject({
  id: z.string().min(1).max(256),
  publicKey: hex,
  signatures: z.strictObject({ id: hex, publicKey: hex }),
  type: z.literal('publickey')
})

/** Ed25519 in PKCS #8 (RFC 8410), before the 32-byte seed. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The OrbitDB identity that a peer's own Ed25519 key gives. OrbitDB reads a raw key of 32 bytes as Ed25519, so that
 * unmodified peers verify its entries; and as the key is that of the peer, nobody can contribute in another's name.
 */
export function ownIdentity (privateKey: PrivateKey): OwnIdentity {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, privateKey.raw.subarray(0, 32)]), format: 'der', type: 'pkcs8' })
  const signHex = (data: Uint8Array): string => sign(null, data, key).toString('hex')
  const publicKey = Buffer.from(privateKey.publicKey.raw).toString('hex')
  const idSignature = signHex(Buffer.from(publicKey))
  const stored: StoredIdentity = {
    id: publicKey,
    publicKey,
    signatures: { id: idSignature, publicKey: signHex(Buffer.from(publicKey + idSignature)) },
    type: 'publickey'
  }
  return {
    ...withHash(stored),
    sign: async (_identity, data) => signHex(data),
    verify: verifyText
  }
}

/** Reads an identity's block as it came from a peer; undefined where it is none or its signatures are not its key's. */
export async function readIdentity (bytes: Uint8Array): Promise<Identity | undefined> {
  let value: unknown

  try {
    value = dagCbor.decode(bytes)
  } catch {
    return undefined
  }

  const parsed = storedIdentity.safeParse(value)
  return parsed.success && await isOwnSignature(parsed.data) ? withHash(parsed.data) : undefined
}

async function isOwnSignature ({ id, publicKey, signatures }: StoredIdentity): Promise<boolean> {
  return await verifyText(signatures.id, publicKey, id) &&
    await verifyText(signatures.publicKey, id, publicKey + signatures.id)
}

function verifyText (signature: string, publicKey: string, data: Uint8Array | string): Promise<boolean> {
  return verifySignature(signature, publicKey, typeof data === 'string' ? Buffer.from(data) : data)
}

function withHash (stored: StoredIdentity): Identity {
  const bytes = dagCbor.encode(stored)
  return { ...stored, hash: hashOf(bytes), bytes }
}

/** OrbitDB's identities system over a peer's own identity and those that it has come to know. */
export function identitiesOf (own: OwnIdentity, find: (hash: string) => Promise<Identity | undefined>): Identities {
  return {
    keystore: { close: async () => {} },
    getIdentity: async (hash) => hash === own.hash ? own : find(hash),
    verifyIdentity: isOwnSignature,
    verify: verifyText,
    sign: own.sign
  }
}

/** The peer id whose key signed an entry; undefined where the key is none that libp2p knows. */
export function peerIdOfKey (publicKey: string): string | undefined {
  try {
    return peerIdFromPublicKey(publicKeyFromRaw(Buffer.from(publicKey, 'hex'))).toString()
  } catch {
    return undefined
  }
}

/**
 * The raw public key of a peer id, as OrbitDB's access lists name writers.
 *
 * @throws {InvalidInputError} where it is no peer id that holds its key
 */
export function keyOfPeerId (peerId: string): string {
  try {
    const { publicKey } = peerIdFromString(peerId)

    if (publicKey != null) {
      return Buffer.from(publicKey.raw).toString('hex')
    }
  } catch {
    // Told below, together with ids that do not hold their key.
  }

  throw new InvalidInputError(`"${peerId.slice(0, 128)}" is not the id of a PeersDB peer; "status" of that peer tells it`)
}
