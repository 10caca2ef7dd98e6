import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { Summary } from './summary.ts'

/** The SHA-256 of a text. */
export function digestOf (text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest())
}

/** As many digests that are the same at each call with the same name. */
export function digestsOf (name: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => digestOf(`${name} ${index}`))
}

/** A digest that begins with these hexadecimal digits. */
export function digestIn (prefix: string, text: string): Uint8Array {
  return new Uint8Array(Buffer.from(prefix + hex(digestOf(text)).slice(prefix.length), 'hex'))
}

export function summaryOf (digests: Iterable<Uint8Array>): Summary {
  const summary = new Summary()

  for (const digest of digests) {
    summary.add(digest)
  }

  return summary
}

export function hex (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Sets of digests that are spread evenly, clustered below one long prefix, or below a prefix at each level. */
export const digestSets: fc.Arbitrary<Uint8Array[]> = fc.record({
  name: fc.integer({ min: 0, max: 3 }),
  count: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 1_500 })),
  shape: fc.constantFrom('even', 'cluster', 'comb')
}).map(({ name, count, shape }) => Array.from({ length: count }, (_, index) => {
  const prefix = { even: '', cluster: 'deadbeef', comb: '0'.repeat(index % 30) }[shape]
  return digestIn(prefix, `${shape} ${name} ${index}`)
}))
