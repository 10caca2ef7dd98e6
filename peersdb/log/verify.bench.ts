import { generateKeyPair, publicKeyFromRaw } from '@libp2p/crypto/keys'
import * as dagCbor from '@ipld/dag-cbor'
import { hashOf } from './hash.ts'
import { ownIdentity, peerIdOfKey } from './identity.ts'
import { Verifier } from './verifier.ts'
import type { BenchRow } from '../../scripts/bench.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { StoredIdentity } from './identity.ts'

const entries = 11_000
/** So many of the entries are verified by the alternative, as all of them would take half a minute. */
const sample = 500
const rounds = 3
/** As many come in one answer to a want. */
const batch = 64
const logAddress = '/orbitdb/zdpuAuK3BHpS7NvMBivynypqciYCuy2UW77XYBPUYRnLjnw13'
const limitMs = 6_000

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** An identity of any kind of key, whose two keys are one, in the form of OrbitDB. */
async function identityOf (key: PrivateKey): Promise<{ publicKey: string, bytes: Uint8Array }> {
  if (key.type === 'Ed25519') {
    return ownIdentity(key)
  }

  const publicKey = hex(key.publicKey.raw)
  const id = hex(await key.sign(Buffer.from(publicKey)))
  const stored: StoredIdentity = {
    id: publicKey, publicKey, signatures: { id, publicKey: hex(await key.sign(Buffer.from(publicKey + id))) }, type: 'publickey'
  }
  return { publicKey, bytes: dagCbor.encode(stored) }
}

interface Signed { bytes: Uint8Array, signed: Uint8Array, signature: string }

/** A chain of entries by one writer. */
async function writeChain (key: PrivateKey, length: number): Promise<{ identity: Uint8Array, publicKey: string, chain: Signed[] }> {
  const { publicKey, bytes: identity } = await identityOf(key)
  const chain: Signed[] = []

  for (let i = 0; i < length; i++) {
    const value = {
      schema: 1,
      cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
      name: `run-${i}.json`,
      size: 5_000,
      mediaType: 'application/json',
      contributor: peerIdOfKey(publicKey),
      createdAt: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
      attributes: { workload: 'sort', machineType: 'm5.xlarge', nodes: '8' }
    }
    const next = chain.slice(-1).map(({ bytes }) => hashOf(bytes))
    const entry = { id: logAddress, payload: { op: 'ADD', key: null, value }, next, refs: [], clock: { id: publicKey, time: i + 1 }, v: 2 }
    const signed = dagCbor.encode(entry)
    const signature = hex(await key.sign(signed))
    chain.push({ signed, signature, bytes: dagCbor.encode({ ...entry, key: publicKey, identity: hashOf(identity), sig: signature }) })
  }

  return { identity, publicKey, chain }
}

async function medianMs (work: () => Promise<void>): Promise<number> {
  const times: number[] = []

  for (let i = 0; i < rounds; i++) {
    const startedMs = performance.now()
    await work()
    times.push(performance.now() - startedMs)
  }

  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN
}

async function verifyOurs ({ identity, chain }: Awaited<ReturnType<typeof writeChain>>): Promise<void> {
  const verifier = new Verifier({ logAddress, mayWrite: () => true, identityBytes: async () => identity })

  for (let start = 0; start < chain.length; start += batch) {
    const { refused } = await verifier.verify(chain.slice(start, start + batch).map(({ bytes }) => bytes))

    if (refused[0] != null) {
      throw refused[0].reason
    }
  }
}

/** What OrbitDB does for each signature, one after another, beside which it decodes the entry. */
async function verifyAsOrbitDb ({ publicKey, chain }: Awaited<ReturnType<typeof writeChain>>): Promise<void> {
  for (const { bytes, signed, signature } of chain) {
    dagCbor.decode(bytes)

    if (!await publicKeyFromRaw(Buffer.from(publicKey, 'hex')).verify(signed, Buffer.from(signature, 'hex'))) {
      throw new Error('a signature is not valid')
    }
  }
}

/** What it takes to check the entries of a whole log that came from other peers. */
export async function bench (): Promise<BenchRow[]> {
  const ed25519 = await writeChain(await generateKeyPair('Ed25519'), entries)
  const secp256k1 = await writeChain(await generateKeyPair('secp256k1'), sample)
  const scale = entries / sample
  const alternative = {
    name: `OrbitDB's secp256k1 in JavaScript, ${sample} entries scaled to ${entries}`,
    value: await medianMs(() => verifyAsOrbitDb(secp256k1)) * scale
  }

  return [
    {
      name: 'verify_11000_entries_of_peersdb',
      value: await medianMs(() => verifyOurs(ed25519)),
      unit: 'ms',
      samples: rounds,
      limit: limitMs,
      alternative
    },
    {
      name: `verify_11000_entries_of_stock_peers_${sample}_scaled`,
      value: await medianMs(() => verifyOurs(secp256k1)) * scale,
      unit: 'ms',
      samples: rounds,
      alternative
    }
  ]
}
