import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askedRoundTripMs, loadProfile } from '../network/profile.ts'
import { observeLinks } from './links.ts'
import type { InstanceContext } from './context.ts'
import type { Member, Members } from './members.ts'
import type { Peer } from '../peersdb/index.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

/** What a ping to each of those takes that a peer in Frankfurt is connected with; it knows one in Oregon and one in Sydney. */
type RoundTrips = Record<string, number | Error>

async function observe (roundTrips: RoundTrips) {
  const profile = await loadProfile('gcp-six-regions')
  const rows: unknown[][] = []
  const stopping = new AbortController()
  const ping = async (id: string): Promise<number> => {
    const answer = roundTrips[id]

    if (typeof answer !== 'number') {
      throw answer ?? new Error('nobody is dialled for a ping')
    }

    return answer
  }
  const libp2p = { status: 'started', getPeers: () => Object.keys(roundTrips), services: { ping: { ping } } }
  const context = { record: { metric: (...row: unknown[]) => { rows.push(row) } }, signal: stopping.signal }
  const members = { profile, self: { region: 'europe-west3' } }
  const others = new Map([['oregon', { region: 'us-west1' }], ['sydney', { region: 'australia-southeast1' }]])
  const peer = { libp2p } as unknown as Peer
  observeLinks(context as unknown as InstanceContext, peer, members as Members, others as unknown as ReadonlyMap<string, Member>)
  const asked = (to: string): number => askedRoundTripMs(profile, 'europe-west3', to)
  return { rows, libp2p, asked, stop: () => { stopping.abort() } }
}

describe('the links of a peer', () => {
  it('are pinged in turn every two seconds, and recorded beside the round trip that was asked for', async () => {
    const roundTrips = { oregon: 141, sydney: 280 }
    const { rows, asked } = await observe(roundTrips)
    await vi.advanceTimersByTimeAsync(1_999)
    expect(rows).toEqual([])
    await vi.advanceTimersByTimeAsync(2_001)
    const sydney = ['link_ping_ms', 280, { from: 'europe-west3', to: 'australia-southeast1' }, { asked: asked('australia-southeast1') }]
    expect(rows).toEqual([['link_ping_ms', 141, { from: 'europe-west3', to: 'us-west1' }, { asked: asked('us-west1') }], sydney])
    expect(asked('us-west1')).toBeGreaterThan(100)
    roundTrips.oregon = 139
    await vi.advanceTimersByTimeAsync(4_000)
    expect(rows.slice(2).map(([, value]) => value)).toEqual([139, 280])
  })

  it('are not those to strangers, nor those that are cut', async () => {
    const { rows } = await observe({ stranger: 1, oregon: new Error('cut'), sydney: 0 })
    await vi.advanceTimersByTimeAsync(8_000)
    expect(rows.map(([, value, tags]) => [value, tags])).toEqual(Array(2).fill([0, { from: 'europe-west3', to: 'australia-southeast1' }]))
  })

  it('are looked at no more once the peer is closed, or the instance stopped', async () => {
    const closed = await observe({ oregon: 141 })
    const stopped = await observe({ oregon: 141 })
    await vi.advanceTimersByTimeAsync(2_000)
    closed.libp2p.status = 'stopped'
    stopped.stop()
    await vi.advanceTimersByTimeAsync(2_000)
    closed.libp2p.status = 'started'
    await vi.advanceTimersByTimeAsync(100_000)
    expect([closed.rows.length, stopped.rows.length]).toEqual([1, 1])
  })

  it('are none where it is connected with nobody', async () => {
    const { rows } = await observe({})
    await vi.advanceTimersByTimeAsync(10_000)
    expect(rows).toEqual([])
  })
})
