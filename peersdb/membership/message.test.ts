import fc from 'fast-check'
import * as dagCbor from '@ipld/dag-cbor'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beforeAll, describe, expect, it } from 'vitest'
import { ExchangeError } from './errors.ts'
import { decodeMessage, encodeMessage, messageBytesMax, nextMessage, peersMax } from './message.ts'
import type { Records } from './message.ts'

let ids: string[]

beforeAll(async () => {
  const keys = await Promise.all(Array.from({ length: 600 }, () => generateKeyPair('Ed25519')))
  ids = keys.map((key) => peerIdFromPrivateKey(key).toString())
})

/** Tells until there is nothing left to tell; what the other side then knows. */
function tellAll (present: Records, told?: Records): { heard: Records, told?: Records } {
  const heard: Records = new Map(told)

  for (;;) {
    const next = nextMessage(present, told)

    if (next == null) {
      return { heard, told }
    }

    const bytes = encodeMessage(next.message)
    expect(bytes.byteLength).toBeLessThanOrEqual(messageBytesMax)
    const { gone, peers, whole } = decodeMessage(bytes)
    if (whole) { heard.clear() }
    for (const { id, record } of peers) { heard.set(id, record) }
    for (const id of gone) { heard.delete(id) }
    told = next.told
  }
}

describe('what one peer tells another', () => {
  it('is all of the neighbourhood, and then what changed, in messages of bounded size', () => {
    const neighbourhood = fc.dictionary(fc.nat(599).map(String), fc.option(fc.uint8Array({ minLength: 200, maxLength: 2_048 })), { maxKeys: 500, size: 'max' })
      .map((records): Records => new Map(Object.entries(records).map(([index, record]) => [ids[Number(index)]!, record ?? undefined])))
    fc.assert(fc.property(neighbourhood, neighbourhood, (before, after) => {
      const first = tellAll(before)
      expect(first.heard).toEqual(before)
      const second = tellAll(after, first.told)
      expect([...second.heard].sort()).toEqual([...after].sort())
      expect(nextMessage(after, second.told)).toBeUndefined()
    }), { numRuns: 20 })
  })

  it('is told even if there is nobody else, and once', () => {
    const next = nextMessage(new Map(), undefined)
    expect(next?.message).toEqual({ whole: true, peers: [], gone: [] })
    expect(nextMessage(new Map(), next?.told)).toBeUndefined()
  })
})

describe('a message is refused', () => {
  const valid = { whole: true, peers: [], gone: [] }

  it.each([
    ['that is no DAG-CBOR', () => Uint8Array.of(0xff, 1, 2), /not DAG-CBOR/],
    ['without a field', () => dagCbor.encode({ peers: [], gone: [] }), /whole/],
    ['that names too many', () => dagCbor.encode({ ...valid, gone: ids.slice(0, peersMax + 1) }), /gone: .*256/],
    ['that names no peer', () => dagCbor.encode({ ...valid, gone: ['nobody'] }), /gone.0: is no peer id/],
    ['with a record that is too long', () => dagCbor.encode({ ...valid, peers: [{ id: ids[0], record: new Uint8Array(2_049) }] }), /peers.0.record: is too long/],
    ['with a text for a record', () => dagCbor.encode({ ...valid, peers: [{ id: ids[0], record: 'x' }] }), /peers.0.record/]
  ])('%s', (_name, bytes, sentence) => {
    expect(() => decodeMessage(bytes())).toThrow(ExchangeError)
    expect(() => decodeMessage(bytes())).toThrow(sentence)
  })

  it('with nothing worse than a refusal, whatever bytes arrive', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(() => decodeMessage(bytes)).toThrow(ExchangeError)
    }))
  })
})
