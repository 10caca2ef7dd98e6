import { askedRoundTripMs } from '../network/profile.ts'
import type { InstanceContext } from './context.ts'
import type { Member, Members } from './members.ts'
import type { Peer } from '../peersdb/index.ts'

/** As often as libp2p pings each connection. */
const intervalMs = 10_000

/**
 * Records what the links of a peer do while a run goes: of each connection the round trip that libp2p measured last, with pings that
 * it sends anyway, so that nothing is sent for this.
 *
 * @param byPeerId - the members that it may be connected with
 */
export function observeLinks (
  { record, signal }: InstanceContext, peer: Peer, { profile, self }: Members, byPeerId: ReadonlyMap<string, Member>
): void {
  const timer = setInterval(() => {
    // One that is closed has no links any more; the run goes on for others.
    if (peer.libp2p.status !== 'started') {
      clearInterval(timer)
      return
    }

    for (const { remotePeer, rtt } of peer.libp2p.getConnections()) {
      const other = byPeerId.get(remotePeer.toString())

      if (other != null && rtt != null) {
        record.metric('link_ping_ms', rtt, { from: self.region, to: other.region }, { asked: askedRoundTripMs(profile, self.region, other.region) })
      }
    }
  }, intervalMs)
  timer.unref()
  signal.addEventListener('abort', () => { clearInterval(timer) })
}
