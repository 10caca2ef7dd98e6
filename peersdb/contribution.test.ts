import * as dagCbor from '@ipld/dag-cbor'
import { generateKeyPair } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { checkContribution, contributionBytesMax } from './contribution.ts'
import { InvalidInputError } from './errors.ts'
import { createEntry, readEntry } from './log/entry.ts'
import { hashOf } from './log/hash.ts'
import { ownIdentity } from './log/identity.ts'
import { closeAll, connect, entries, failuresOf, list, open, read } from './peers.test-helper.ts'
import type { StoredContribution } from './contribution.ts'

afterEach(closeAll)

function described (attributes: Record<string, string>, contributor = '12D3'): StoredContribution {
  return {
    schema: 1,
    cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
    name: 'large',
    size: 0,
    mediaType: 'text/plain',
    contributor,
    createdAt: '2026-01-02T03:04:05.678Z',
    attributes
  }
}

/** 64 attributes whose values have so many characters together, each of them three bytes. */
function attributesOf (characters: number, nameLength = 20): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 64 }, (_, i) =>
    [`${i}`.padEnd(nameLength, '-'), '漢'.repeat(Math.min(1024, Math.max(0, characters - 1024 * i)))]))
}

describe('a description', () => {
  it('is taken as long as it fits into an entry beside the most parents that one has, and refused beyond', async () => {
    const identity = ownIdentity(await generateKeyPair('Ed25519'))
    const contributor = (await open()).id
    const next = Array.from({ length: 64 }, (_, i) => hashOf(Uint8Array.of(i)))
    const [characters, nameLengths] = [fc.integer({ min: 38_000, max: 41_000 }), fc.integer({ min: 2, max: 128 })]

    await fc.assert(fc.asyncProperty(characters, nameLengths, async (characters, nameLength) => {
      const contribution = described(attributesOf(characters, nameLength), contributor)

      if (dagCbor.encode(contribution).byteLength > contributionBytesMax) {
        expect(() => checkContribution(contribution)).toThrow(InvalidInputError)
      } else {
        const { stored, bytes } = await createEntry(identity, `/orbitdb/${'z'.repeat(60)}`, checkContribution(contribution), { next, time: Number.MAX_SAFE_INTEGER })
        // Whose key it is comes after how long it is.
        expect(() => readEntry(bytes, stored.id)).toThrow(/whose key did not sign it/)
      }
    }), { numRuns: 40 })
  })
})

describe('an entry of more than 64 KiB', () => {
  it.each([
    ['in the mode fast', 'fast'],
    ['in the mode stock', 'stock']
  ] as const)('is stored, replicated and kept %s', async (_name, sync) => {
    const [origin, replica] = [await open({ sync }), await open()]
    const failures = [origin, replica].map(failuresOf)
    await connect(replica, origin)
    const ascii = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`attribute ${i}`, 'x'.repeat(1024)]))
    const contributions = [
      await origin.contribute(Buffer.from('one'), { name: 'one', attributes: ascii }),
      await origin.contribute(Buffer.from('two'), { name: 'two', attributes: attributesOf(40_000) })
    ]
    await entries(replica, 2)
    const late = await open()
    await connect(late, replica)
    await entries(late, 2)

    for (const peer of [origin, replica, late]) {
      expect((await list(peer)).sort((a, b) => a.name.localeCompare(b.name))).toEqual(contributions)
      expect((await read(peer, contributions[0]!.cid)).toString()).toBe('one')
    }

    expect(failures.flat()).toEqual([])
  })

  it('is refused by a sentence where it would have more than 128 KiB, private or not, and nothing is stored', async () => {
    const peer = await open()

    for (const isPrivate of [true, false]) {
      await expect(peer.contribute(Buffer.from('large'), { name: 'large', attributes: attributesOf(64 * 1024), private: isPrivate })).rejects.toThrow(
        /^contribution "large": its description takes \d{6} bytes of at most 122880; shorten its attributes$/)
    }

    expect(peer.status()).toMatchObject({ entries: 0, filesHeld: 0, privateContributions: 0 })
  })
})
