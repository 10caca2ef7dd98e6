import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFinder, judgeSigns, signsOf } from './signs.ts'
import type { ContributionEvent } from '../../plans/index.ts'
import type { Sign } from './signs.ts'

/** Bytes that occur nowhere else. */
const bytes = (length: number, name: number): Uint8Array => Buffer.concat(
  Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash('sha256').update(`${name} ${i}`).digest())).subarray(0, length)
const contribution = {} as ContributionEvent['contribution']
const [encoded, entry, digest, small] = [bytes(300, 1), bytes(32, 2), bytes(32, 3), bytes(5_000, 4)]

describe('finding signs in what a stream sends', () => {
  it('names each once, in the message in which it ends, wherever it was cut', () => {
    const sign = { bytes: bytes(32, 200) } as Sign
    const other = { bytes: bytes(1_024, 100) } as Sign
    fc.assert(fc.property(fc.nat(3_000), fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }), (at, cuts) => {
      const sent = Buffer.concat([new Uint8Array(at), sign.bytes, new Uint8Array(1_500), other.bytes, new Uint8Array(3_000)])
      const [find, end] = [createFinder(), {}]
      const found: Array<[Sign, number]> = []

      for (let from = 0, i = 0; from < sent.byteLength; i++) {
        const to = from + (cuts[i % cuts.length] ?? 1)
        find([sign, other], end, sent.subarray(from, to)).forEach((each) => found.push([each, from]))
        // What goes over another stream in between does not matter.
        find([sign, other], {}, sent.subarray(to, to + 10))
        from = to
      }

      expect(found.map(([each]) => each)).toEqual([sign, other])
      const ends = [at + 32, at + 32 + 1_500 + 1_024]
      found.forEach(([, from], i) => {
        expect(from).toBeLessThan(ends[i] as number)
        expect(found[i]?.[1]).toBe(lastCutBefore(ends[i] as number, cuts))
      })
    }))
  })
})

function lastCutBefore (end: number, cuts: readonly number[]): number {
  let from = 0

  for (let i = 0; from + (cuts[i % cuts.length] as number) < end; i++) {
    from += cuts[i % cuts.length] as number
  }

  return from
}

describe('a message in which signs of a contribution were found', () => {
  const judge = (from: string, ...parts: readonly Uint8Array[]) => {
    const signs = signsOf({ contribution, encoded, entry, blocks: [digest], small }, 'a')
    return judgeSigns(from, createFinder()(signs, {}, Buffer.concat(parts)))?.what
  }

  it.each<[string, string, Uint8Array[], string | undefined]>([
    ['the digest of an entry, from who has it', 'a', [entry], 'announcement'],
    ['the digest of an entry, from who has it not', 'b', [entry], 'want'],
    ['the digest of a file, from who has it not', 'b', [digest], 'want'],
    ['a file', 'a', [digest, small], 'file'],
    ['an entry', 'a', [bytes(9, 9), encoded], 'entry'],
    ['both', 'a', [encoded, small], 'entry and file'],
    ['half a file', 'a', [small.subarray(0, 2_500)], undefined],
    ['nothing of it', 'a', [bytes(31, 2)], undefined]
  ])('%s', (_, from, parts, what) => {
    expect(judge(from, ...parts)).toBe(what)
  })

  it('announces what its sender was brought before', () => {
    const signs = signsOf({ contribution, encoded, entry, blocks: [digest], small }, 'a')
    const find = createFinder()
    const brought = judgeSigns('a', find(signs, {}, encoded))
    brought?.brings.forEach(({ holders }) => holders.add('b'))
    expect(judgeSigns('b', find(signs, {}, entry))?.what).toBe('announcement')
    expect(judgeSigns('b', find(signs, {}, digest))?.what).toBe('want')
  })

  it('brings a block of a larger file where one who has it names it', () => {
    const signs = signsOf({ contribution, encoded, blocks: [digest, bytes(32, 50)] }, 'a')
    expect(judgeSigns('a', createFinder()(signs, {}, digest))?.what).toBe('file')
    expect(judgeSigns('b', createFinder()(signs, {}, digest))?.what).toBe('want')
  })
})
