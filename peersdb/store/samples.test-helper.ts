import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import type { EntryRow, Store } from './index.ts'

export type SampleContribution = NonNullable<EntryRow['contribution']>

/** The SHA-256 digest of a text, as the hash of an entry. */
export function digestOf (text: string | Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest())
}

export function cidOf (bytes: string | Uint8Array, codec: number = raw.code): CID {
  return CID.createV1(codec, Digest.create(sha256.code, digestOf(bytes)))
}

export function sampleContribution (index: number, fields: Partial<SampleContribution> = {}): SampleContribution {
  return {
    schema: 1,
    cid: cidOf(`file ${index}`).toString(),
    name: `file-${index}.csv`,
    size: index * 10,
    mediaType: 'text/csv',
    contributor: `peer-${index % 3}`,
    createdAt: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
    attributes: {},
    ...fields
  }
}

export function sampleRow (index: number, fields: Partial<SampleContribution> = {}): EntryRow {
  return { hash: digestOf(`entry ${index}`), clock: index, joined: false, contribution: sampleContribution(index, fields) }
}

/** Stores a contribution as a peer does: the entry, its identity's block, the file and the index, all or nothing. */
export function contribute (store: Store, index: number): void {
  const attributes = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`attribute-${i}`, String(index * i)]))
  const content = new TextEncoder().encode(`file ${index} `.repeat(500))
  const cid = cidOf(content)
  const row = sampleRow(index, { cid: cid.toString(), size: content.byteLength, attributes })
  store.transaction(() => {
    store.blocks.putSmall(cidOf(`entry ${index}`).multihash.bytes, new TextEncoder().encode(`entry ${index}`), { structure: true })
    store.blocks.putSmall(cid.multihash.bytes, content)
    store.catalogue.insert(row)
    store.files.hold(cid, [cid.multihash.bytes])
  })
}
