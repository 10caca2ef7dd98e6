import { setTimeout as delay } from 'node:timers/promises'
import { ConnectError } from '../peersdb/index.ts'
import type { InstanceContext } from './context.ts'
import type { Peer } from '../peersdb/index.ts'

const redialMs = 1_000
/** Whoever failed three times is likely to fail more often, which needs no further line. */
const warningsMax = 3

/**
 * Connects to another member. Peers that fetch everything on a busy machine are too late for many a dial, so that it is dialled again,
 * a second after the last one failed, until that succeeds or `signal` aborts. The first times that failed are warnings.
 *
 * @throws {ConnectError} the last one, where none succeeded in time
 */
export async function dial (
  context: Pick<InstanceContext, 'record'>, peer: Pick<Peer, 'connect'>, multiaddr: string, signal: AbortSignal, pauseMs = redialMs
): Promise<void> {
  for (let dials = 1, last: ConnectError | undefined; ; dials++) {
    try {
      await peer.connect(multiaddr, { signal })
      return
    } catch (err) {
      if (!(err instanceof ConnectError)) {
        throw signal.aborted ? last ?? err : err
      }

      last = err
    }

    if (dials <= warningsMax) {
      context.record.warning(`dial ${dials}: ${last.message}`)
    }

    const failure = last
    // The time is over: what was wrong says more than that.
    await delay(pauseMs, undefined, { signal }).catch(() => { throw failure })
  }
}
