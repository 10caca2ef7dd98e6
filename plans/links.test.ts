import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askedRoundTripMs, loadProfile } from '../network/profile.ts'
import { observeLinks } from './links.ts'
import type { InstanceContext } from './context.ts'
import type { Member, Members } from './members.ts'
import type { Peer } from '../peersdb/index.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

interface Connection { readonly remotePeer: string, readonly rtt?: number }

/** Observes the links of a peer in Frankfurt, which knows one in Oregon and one in Sydney. */
async function observe (connections: Connection[]) {
  const profile = await loadProfile('gcp-six-regions')
  const rows: unknown[][] = []
  const stopping = new AbortController()
  const libp2p = { status: 'started', getConnections: () => connections }
  const context = { record: { metric: (...row: unknown[]) => { rows.push(row) } }, signal: stopping.signal }
  const members = { profile, self: { region: 'europe-west3' } }
  const others = new Map([['oregon', { region: 'us-west1' }], ['sydney', { region: 'australia-southeast1' }]])
  const peer = { libp2p } as unknown as Peer
  observeLinks(context as unknown as InstanceContext, peer, members as Members, others as unknown as ReadonlyMap<string, Member>)
  const asked = (to: string): number => askedRoundTripMs(profile, 'europe-west3', to)
  return { rows, libp2p, asked, stop: () => { stopping.abort() } }
}

describe('the links of a peer', () => {
  it('are recorded every ten seconds, each with the round trip that libp2p measured last beside the one that was asked for', async () => {
    const connections: Connection[] = [{ remotePeer: 'oregon', rtt: 141 }, { remotePeer: 'sydney', rtt: 280 }]
    const { rows, asked } = await observe(connections)
    vi.advanceTimersByTime(9_999)
    expect(rows).toEqual([])
    vi.advanceTimersByTime(1)
    const sydney = ['link_ping_ms', 280, { from: 'europe-west3', to: 'australia-southeast1' }, { asked: asked('australia-southeast1') }]
    expect(rows).toEqual([['link_ping_ms', 141, { from: 'europe-west3', to: 'us-west1' }, { asked: asked('us-west1') }], sydney])
    expect(asked('us-west1')).toBeGreaterThan(100)
    connections[0] = { remotePeer: 'oregon', rtt: 139 }
    vi.advanceTimersByTime(10_000)
    expect(rows.slice(2).map(([, value]) => value)).toEqual([139, 280])
  })

  it('are not those to strangers, nor what was never measured', async () => {
    const { rows } = await observe([{ remotePeer: 'stranger', rtt: 1 }, { remotePeer: 'oregon' }, { remotePeer: 'sydney', rtt: 0 }])
    vi.advanceTimersByTime(10_000)
    expect(rows.map(([, value, tags]) => [value, tags])).toEqual([[0, { from: 'europe-west3', to: 'australia-southeast1' }]])
  })

  it('are looked at no more once the peer is closed, or the instance stopped', async () => {
    const closed = await observe([{ remotePeer: 'oregon', rtt: 141 }])
    const stopped = await observe([{ remotePeer: 'oregon', rtt: 141 }])
    vi.advanceTimersByTime(10_000)
    closed.libp2p.status = 'stopped'
    stopped.stop()
    vi.advanceTimersByTime(10_000)
    closed.libp2p.status = 'started'
    vi.advanceTimersByTime(100_000)
    expect([closed.rows.length, stopped.rows.length, vi.getTimerCount()]).toEqual([1, 1, 0])
  })
})
