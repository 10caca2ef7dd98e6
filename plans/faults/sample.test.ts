import { describe, expect, it } from 'vitest'
import { sample, sampleLagMs } from './sample.ts'
import type { Session, Situation } from './session.ts'

const startMs = 500

interface Known {
  readonly hash: string
  readonly ackMs: number
  readonly entryMs?: number
  readonly fileMs?: number
  readonly size?: number
  readonly posting?: string
}

/** Samples at one and at two seconds what a peer held of contributions; all times are after the start mark. */
async function rowsOf (contributions: readonly Known[], received: number): Promise<Array<[string, number, Record<string, number>]>> {
  let nowMs = startMs
  const rows: Array<[string, number, Record<string, number>]> = []
  const byHash = new Map<string, object>()
  // What comes later is not known when the first sample is taken, a little after the time that it is of.
  const see = (untilMs: number): void => {
    for (const { hash, entryMs, fileMs, size = 100, posting = '1.0' } of contributions) {
      if (entryMs != null && startMs + entryMs <= untilMs) {
        const isHeld = fileMs != null && startMs + fileMs <= untilMs
        byHash.set(hash, {
          contribution: { hash, size, attributes: { posting } }, entryMs: startMs + entryMs, ...(isHeld ? { fileMs: startMs + fileMs } : {})
        })
      }
    }
  }
  const context = {
    index: 0,
    clock: {
      nowMs: () => nowMs,
      sleep: async (ms: number) => {
        nowMs += ms
        see(nowMs)
      }
    },
    record: { metric: (name: string, value: number, _: object, more: Record<string, number>) => { rows.push([name, value, more]) } }
  }
  see(nowMs)
  const acks = new Map(contributions.map(({ hash, ackMs }) => [hash, { hash, ackMs: startMs + ackMs }]))
  const situation = {
    context,
    params: { sample_ms: 1_000 },
    timeline: { endMs: 2_000, events: [] },
    ledger: { acks, write: async () => {} },
    gathering: { members: { all: [{ index: 0, name: 'peers/0' }, { index: 1, name: 'peers/1' }] } }
  }
  const session = {
    life: { number: 0, untilMs: Infinity },
    startMs,
    cluster: { counters: { snapshot: () => ({ here: { bytesReceived: received } }) }, arrivals: { byHash } }
  }
  await sample(situation as unknown as Situation, session as unknown as Session, Infinity)
  expect(nowMs).toBe(startMs + 2_000 + sampleLagMs)
  return rows
}

describe('a sample of what a peer holds', () => {
  it('is what had come by its time, of all that had been acknowledged by then', async () => {
    const rows = await rowsOf([
      { hash: 'here', ackMs: 100, entryMs: 200, fileMs: 300 },
      { hash: 'file late', ackMs: 100, entryMs: 900, fileMs: 1_500 },
      { hash: 'late', ackMs: 1_000, entryMs: 1_001, fileMs: 2_001 },
      { hash: 'never', ackMs: 900 },
      { hash: 'not yet acknowledged', ackMs: 2_001, entryMs: 1_900, fileMs: 1_900 }
    ], 0)
    const of = (name: string) => rows.filter(([metric]) => metric === name).map(([, value, more]) => [more.elapsed_ms, value, more.of])
    expect(of('entries_held_ratio')).toEqual([[1_000, 2 / 4, 4], [2_000, 3 / 4, 4]])
    expect(of('files_held_ratio')).toEqual([[1_000, 1 / 4, 4], [2_000, 2 / 4, 4]])
    expect(of('peers_alive')).toEqual([[1_000, 2, 2], [2_000, 2, 2]])
  })

  it('has no ratio of nothing', async () => {
    const rows = await rowsOf([{ hash: 'later', ackMs: 1_500, entryMs: 1_600 }], 0)
    expect(rows.filter(([name]) => name.endsWith('_ratio')).map(([name, value, { elapsed_ms: elapsedMs }]) => [name, value, elapsedMs]))
      .toEqual([['entries_held_ratio', 1, 2_000], ['files_held_ratio', 0, 2_000]])
  })

  it('counts as wasted what was received beyond the files that had to come from others', async () => {
    const rows = await rowsOf([
      { hash: 'needed', ackMs: 100, entryMs: 200, fileMs: 300, size: 1_000 },
      { hash: 'own', ackMs: 100, entryMs: 200, fileMs: 200, size: 5_000, posting: '0.3' },
      { hash: 'without its file', ackMs: 100, entryMs: 200, size: 7_000 }
    ], 1_250)
    expect(rows.filter(([name]) => name === 'wasted_bytes').map(([, value, more]) => [value, more])).toEqual([
      [250, { elapsed_ms: 1_000 }], [250, { elapsed_ms: 2_000 }]
    ])
  })

  it('does not count as needed what the peer had found on its disk', async () => {
    const rows = await rowsOf([{ hash: 'found', ackMs: 0, entryMs: 0, fileMs: 0, size: 4_000 }, { hash: 'came', ackMs: 0, entryMs: 10, fileMs: 10 }], 130)
    expect(rows.filter(([name]) => name === 'wasted_bytes').map(([, value]) => value)).toEqual([30, 30])
  })
})
