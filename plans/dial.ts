import { setTimeout as delay } from 'node:timers/promises'
import { ConnectError } from '../peersdb/index.ts'
import type { InstanceContext } from './context.ts'
import type { Peer } from '../peersdb/index.ts'

const dialsMax = 5
const redialMs = 1_000

/**
 * Connects to another member. A peer that fetches everything on a busy machine may be too late for one dial, so that it is dialled up
 * to five times, a second after the last; each time that failed is a warning.
 *
 * @throws {ConnectError} where the last one failed
 */
export async function dial (
  context: Pick<InstanceContext, 'record'>, peer: Pick<Peer, 'connect'>, multiaddr: string, signal: AbortSignal, pauseMs = redialMs
): Promise<void> {
  for (let dials = 1; ; dials++) {
    try {
      await peer.connect(multiaddr, { signal })
      return
    } catch (err) {
      if (!(err instanceof ConnectError) || dials === dialsMax) {
        throw err
      }

      context.record.warning(`dial ${dials} of ${dialsMax}: ${err.message}`)
      await delay(pauseMs, undefined, { signal })
    }
  }
}
