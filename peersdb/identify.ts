import { setTimeout as delay } from 'node:timers/promises'
import { identify } from '@libp2p/identify'
import { backoffMs } from './membership/backoff.ts'
import type { Identify, IdentifyComponents } from '@libp2p/identify'
import type { Connection } from '@libp2p/interface'

const backoff = { minMs: 500, maxMs: 60_000 }
/** How long the first attempt may take, in milliseconds, as by default in libp2p; each further one has twice as long. */
const firstTimeoutMs = 5_000
const timeoutMsMax = 60_000

/**
 * Identify as in libp2p, but for peers that answer late: libp2p asks once, when a connection opens, and where no answer
 * comes within five seconds it never learns which protocols that peer speaks, however long they stay connected.
 */
export function persistentIdentify (): (components: IdentifyComponents) => Identify {
  const create = identify({ runOnConnectionOpen: false })
  return (components) => {
    const service = create(components)
    components.events.addEventListener('connection:open', ({ detail }) => { void askUntilAnswered(service, detail) })
    return service
  }
}

async function askUntilAnswered (service: Identify, connection: Connection): Promise<void> {
  for (let failures = 0; connection.status === 'open'; failures++) {
    try {
      await service.identify(connection, { signal: AbortSignal.timeout(Math.min(firstTimeoutMs * 2 ** failures, timeoutMsMax)) })
      return
    } catch (err) {
      if ((err as Error).name === 'UnsupportedProtocolError') {
        return
      }
    }

    // Nobody waits for a peer that does not say who it is.
    await delay(backoffMs(backoff, failures, Math.random), undefined, { ref: false })
  }
}
