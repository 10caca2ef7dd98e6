import { askedRoundTripMs } from '../network/profile.ts'
import type { InstanceContext } from './context.ts'
import type { Member, Members } from './members.ts'
import type { Peer } from '../peersdb/index.ts'

/** A ping takes a stream of its own, so that of many links each is pinged more seldom. */
const intervalMs = 2_000
const timeoutMs = 10_000

/**
 * Records what the links of a peer do while a run goes: every two seconds the round trip of a ping to the next of its neighbours.
 *
 * @param byPeerId - the members that it may be connected with
 */
export function observeLinks (
  { record, signal }: InstanceContext, peer: Peer, { profile, self }: Members, byPeerId: ReadonlyMap<string, Member>
): void {
  const { libp2p } = peer
  let turn = 0
  const timer = setInterval(() => {
    // One that is closed has no links any more; the run goes on for others.
    if (libp2p.status !== 'started') {
      clearInterval(timer)
      return
    }

    const neighbours = libp2p.getPeers().filter((id) => byPeerId.has(id.toString()))
    const next = neighbours[turn++ % neighbours.length]
    const other = byPeerId.get(next?.toString() ?? '')

    if (next != null && other != null) {
      libp2p.services.ping.ping(next, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }).then((roundTripMs) => {
        const asked = askedRoundTripMs(profile, self.region, other.region)
        record.metric('link_ping_ms', roundTripMs, { from: self.region, to: other.region }, { asked })
      }, () => { /* It is cut, or too slow to be measured. */ })
    }
  }, intervalMs)
  timer.unref()
  signal.addEventListener('abort', () => { clearInterval(timer) })
}
