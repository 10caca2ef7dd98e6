import { readParams } from '../params.ts'
import { fill, found, gather, judgeAndClose, reach } from '../replicate.ts'
import { checkContributing, phasesOfAll } from './case.ts'
import type { Cluster } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { TestCase } from './case.ts'

/** Contributions reach every peer: what does each of them cost one peer, and how does that grow with the number of peers? */
export const scale: TestCase = {
  check: (groups) => checkContributing('scale', groups),

  phases: (groups) => phasesOfAll(['connected', 'filled', 'judged'], groups),

  run: async (context) => {
    const gathering = await gather(context, readParams('scale', context.params))
    const { all, withRole } = gathering.members
    const cluster = await found(context, gathering, all)
    const before = readCosts(context, cluster)
    const posted = await fill(context, gathering, cluster, withRole('contributor'))
    // Who has everything still serves those who have not.
    await reach(context, gathering, 'filled', all.length)
    recordCosts(context, before, readCosts(context, cluster), { contributions: posted.length, peers: all.length })
    await judgeAndClose(context, gathering, cluster, posted)
  }
}

/** What this peer has cost so far. */
interface Costs {
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly messages: number
  readonly storeBytes: number
  readonly usage?: { cpuMs: number, rssBytes: number }
}

function readCosts (context: InstanceContext, { peer, counters }: Cluster): Costs {
  const regions = Object.values(counters.snapshot())
  const rows = peer.counters()
  const count = (name: string): number => rows.filter((row) => row.name === name).reduce((sum, { value }) => sum + value, 0)
  return {
    sentBytes: regions.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    receivedBytes: regions.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0),
    messages: count('protocol_messages_sent'),
    storeBytes: count('store_bytes'),
    usage: context.usage?.()
  }
}

function recordCosts (
  { record }: InstanceContext, before: Costs, after: Costs, { contributions, peers }: { contributions: number, peers: number }
): void {
  const tags = { peers }
  const sent = (after.sentBytes - before.sentBytes) / contributions
  const received = (after.receivedBytes - before.receivedBytes) / contributions
  record.metric('bytes_per_contribution', sent + received, tags, { sent, received })
  record.metric('messages_per_contribution', (after.messages - before.messages) / contributions, tags)
  record.metric('held_store_bytes', after.storeBytes, tags)

  if (before.usage != null && after.usage != null) {
    record.metric('cpu_ms_per_contribution', (after.usage.cpuMs - before.usage.cpuMs) / contributions, tags)
    record.metric('held_rss_bytes', after.usage.rssBytes, tags)
  }
}
