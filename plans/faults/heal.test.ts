import { describe, expect, it } from 'vitest'
import { availabilityOf } from './availability.ts'
import { compare } from './heal.ts'
import type { Contribution } from '../../peersdb/index.ts'
import type { Ack, Intent } from './ledger.ts'
import type { Timeline } from './timeline.ts'

const intent = (id: string): Intent => ({ type: 'intent', id, sha256: `sha-${id}`, bytes: 1 })
const entry = (id: string, hash = `hash-${id}`): Contribution => ({ hash, cid: `cid-${id}`, attributes: { posting: id } }) as unknown as Contribution
const expected = (id: string, hasFile = true) =>
  ({ hash: `hash-${id}`, cid: `cid-${id}`, sha256: `sha-${id}`, bytes: 1, from: 0, atMs: 0, hasFile })
const digest = async (cid: string): Promise<string | undefined> => cid.replace('cid-', 'sha-')
const intents = new Map(['0.0', '0.1', '1.0'].map((id) => [id, intent(id)]))

describe('what a peer holds in the end', () => {
  const read = async (entries: Contribution[], wanted = ['0.0', '0.1'].map((id) => expected(id)), of = digest) => {
    const differences = await compare(entries, wanted, { intents }, of)
    return Object.fromEntries(Object.entries(differences).map(([kind, records]: [string, Array<{ hash: string }>]) =>
      [kind, records.map(({ hash }) => hash)]))
  }
  const nothing = { missingEntries: [], inventedEntries: [], missingFiles: [], differentFiles: [] }

  it('may be more than what has to be everywhere, where somebody meant to post it', async () => {
    expect(await read(['0.0', '0.1', '1.0'].map((id) => entry(id)))).toEqual(nothing)
  })

  it('is too little, invented, posted twice, changed, or without its file', async () => {
    const both = ['0.0', '0.1'].map((id) => entry(id))
    expect(await read([entry('0.0')])).toEqual({ ...nothing, missingEntries: ['hash-0.1'] })
    expect(await read([...both, entry('7.7')])).toEqual({ ...nothing, inventedEntries: ['hash-7.7'] })
    expect(await read([...both, entry('1.0'), entry('1.0', 'again')])).toEqual({ ...nothing, inventedEntries: ['hash-1.0'] })
    expect(await read([entry('0.0'), { ...entry('0.1'), cid: 'cid-other' }])).toEqual({ ...nothing, inventedEntries: ['hash-0.1'] })
    expect(await read(both, undefined, async (cid) => cid === 'cid-0.0' ? undefined : 'sha-other'))
      .toEqual({ ...nothing, missingFiles: ['hash-0.0'], differentFiles: ['hash-0.1'] })
  })

  it('needs no file that nobody has', async () => {
    expect(await read([entry('0.0')], [expected('0.0', false)], async () => undefined)).toEqual(nothing)
  })
})

describe('the availability of files', () => {
  const ack = (id: string, from: number, ackMs: number): Ack =>
    ({ type: 'ack', id, from, hash: `hash-${id}`, cid: `cid-${id}`, disk: 0, atMs: ackMs, ackMs })
  const timeline: Timeline = {
    source: 'test',
    endMs: 4_000,
    events: [{ atMs: 1_500, kind: 'crash', instances: ['a/0'] }, { atMs: 2_500, kind: 'restart', instances: ['a/0'], disk: true }]
  }
  const holding = (from: number, life: number, atMs: number, ...ids: string[]) =>
    ({ type: 'holding' as const, from, life, atMs: 100 + atMs, hashes: ids.map((id) => `hash-${id}`) })

  it('is that of lives that hold them and are there at the time', () => {
    const { overTime, byFile } = availabilityOf({
      timeline, startMs: 100, sampleMs: 1_000,
      members: [{ index: 0, name: 'a/0' }, { index: 1, name: 'a/1' }],
      ledger: {
        acks: new Map([['0.0', ack('0.0', 0, 200)], ['0.1', ack('0.1', 0, 1_200)]]),
        holdings: [holding(0, 0, 1_000, '0.0'), holding(1, 0, 2_000, '0.1'), holding(0, 1, 3_000, '0.0')]
      }
    })
    // At 2 s whoever holds the first file is down, and the second one has reached another by then.
    expect(overTime).toEqual([
      { elapsedMs: 1_000, available: 1, of: 1 }, { elapsedMs: 2_000, available: 1, of: 2 },
      { elapsedMs: 3_000, available: 2, of: 2 }, { elapsedMs: 4_000, available: 2, of: 2 }
    ])
    expect(byFile).toEqual([{ cid: 'cid-0.0', available: 3, of: 4 }, { cid: 'cid-0.1', available: 3, of: 3 }])
  })
})
