import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FileNotFoundError } from '../peersdb/errors.ts'
import { JudgementError } from './errors.ts'
import { compareWithPosted, judge } from './judgement.ts'
import type { InstanceContext } from './context.ts'
import type { Differences } from './judgement.ts'
import type { Contribution, Peer } from '../peersdb/index.ts'
import type { Posted } from './workload.ts'

const { signal } = new AbortController()
const self = { index: 2, name: 'peers/2', group: 'peers', role: 'peer', region: 'east' }
const content = (name: string): Uint8Array => Buffer.from(`content of ${name}`)

function posted (name: string): Posted {
  const bytes = content(name)
  return { hash: `hash-${name}`, cid: `cid-${name}`, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.byteLength, from: 0, atMs: 1 }
}

/** A peer that holds these entries and, by their CIDs, these files; it answers only what it is asked offline. */
function peerOf (entries: ReadonlyArray<{ hash: string, cid: string }>, files: Readonly<Record<string, Uint8Array | Error>>): Peer {
  return {
    query: async function * () { yield * entries as Contribution[] },
    get: async function * (cid: string, options: { offline?: boolean }) {
      const file = files[cid]

      if (options.offline !== true || file == null) {
        throw new FileNotFoundError(`${cid} is not held here`)
      }

      if (file instanceof Error) {
        throw file
      }

      // In two pieces, as files come.
      yield file.subarray(0, 3)
      yield file.subarray(3)
    }
  } as unknown as Peer
}

interface Judged {
  differences: Differences
  error: JudgementError | undefined
  converged: unknown[]
}

async function judgeAll (peer: Peer, all: readonly Posted[]): Promise<Judged> {
  const converged: unknown[] = []
  const context = { record: { metric: (name: string, value: number) => { converged.push([name, value]) } } } as unknown as InstanceContext
  const differences = await compareWithPosted(peer, all, signal)
  return { differences, error: judge(context, self, all, differences), converged }
}

const [a, b, c] = ['a', 'b', 'c'].map(posted) as [Posted, Posted, Posted]
const whole = { 'cid-a': content('a'), 'cid-b': content('b'), 'cid-c': content('c') }

describe('a peer', () => {
  it('that holds exactly what was posted has converged, in whatever order', async () => {
    const { differences, error, converged } = await judgeAll(peerOf([c, a, b], whole), [a, b, c])
    expect(differences).toEqual({ missingEntries: [], inventedEntries: [], missingFiles: [], differentFiles: [] })
    expect({ error, converged }).toEqual({ error: undefined, converged: [['converged', 1]] })
  })

  it.each<[string, Peer, RegExp]>([
    ['lacks an entry', peerOf([a, c], whole), /1 entries are missing, such as cid-b$/],
    ['has an entry that nobody posted', peerOf([a, b, c, posted('d')], whole), /1 entries were never posted, such as cid-d$/],
    ['has an entry with another CID', peerOf([a, { ...b, cid: 'cid-x' }, c], whole), /1 entries were never posted, such as cid-x$/],
    ['lacks a file', peerOf([a, b, c], { ...whole, 'cid-b': undefined as unknown as Uint8Array }), /1 files are missing, such as cid-b$/],
    ['has a file of other bytes', peerOf([a, b, c], { ...whole, 'cid-c': content('x') }), /1 files differ from what was posted, such as cid-c$/],
    ['has a file with a byte less', peerOf([a, b, c], { ...whole, 'cid-c': content('c').subarray(1) }), /1 files differ/],
    ['has nothing', peerOf([], {}), /did not converge on 3 contributions: 3 entries are missing, such as cid-a$/],
    ['has all kinds of differences', peerOf([b, c, posted('d')], { 'cid-c': content('x') }),
      /: 1 entries are missing, \S+ \S+ cid-a; 1 entries were never posted, .* cid-d; 1 files are missing, .* cid-b; 1 files differ /]
  ])('that %s has not, and the error says who and what', async (_, peer, sentence) => {
    const { error, converged } = await judgeAll(peer, [a, b, c])
    expect(converged).toEqual([['converged', 0]])
    expect(error).toBeInstanceOf(JudgementError)
    expect(error?.message).toMatch(/^instance 2 of group peers \(east\) did not converge on 3 contributions: /)
    expect(error?.message).toMatch(sentence)
  })

  it('that cannot be read is no judgement', async () => {
    await expect(judgeAll(peerOf([a], { 'cid-a': new RangeError('broken') }), [a])).rejects.toThrow(RangeError)
  })
})
