import { gather } from '../replicate.ts'
import { healAndJudge } from './heal.ts'
import { followLedger } from './ledger.ts'
import { numbered } from './links.ts'
import { live } from './live.ts'
import { livesOf } from './lives.ts'
import { beginSession } from './session.ts'
import { startMark } from './start-mark.ts'
import type { Address } from '../cluster.ts'
import type { InstanceContext } from '../context.ts'
import type { FaultParams } from '../params.ts'
import type { Phase } from '../phases.ts'
import type { Gathering } from '../replicate.ts'
import type { Lived } from './live.ts'
import type { Session, Situation } from './session.ts'
import type { Timeline } from './timeline.ts'

/** What one instance does in a run with faults, from the life with which its process begins to its last one. */
export async function runUnderFaults (context: InstanceContext, params: FaultParams): Promise<void> {
  const { faults: timeline } = context

  if (timeline == null) {
    throw new Error('this case needs a runner that carries out faults; use local or sim')
  }

  const gathering = await gather(context, params)
  const addresses = new Map<number, Address>()
  const ledger = await followLedger(context)
  await context.sync.follow<Address>('addresses', (address) => { addresses.set(address.index, address) })
  const situation: Situation = {
    context, params, gathering, timeline, ledger, addresses, started: waitForStart(context, gathering, timeline)
  }
  let survivor: { session: Session, lived: Lived } | undefined

  for (const life of livesOf(timeline, gathering.members.self.name).slice(context.life)) {
    const session = await beginSession(situation, life)
    const lived = await live(situation, session)

    if (life.ends === 'leave') {
      await session.cluster.peer.close()
    } else {
      survivor = { session, lived }
    }
  }

  // Who has taken leave for good has nothing to judge.
  if (survivor != null) {
    await healAndJudge(situation, survivor.session, survivor.lived)
  }
}

/** Of several lives of one process, the first one sees to the links. */
function waitForStart (context: InstanceContext, { members: { all }, patienceMs }: Gathering, timeline: Timeline): () => Promise<number> {
  const indexOf = (name: string): number => all.find((member) => member.name === name)?.index ?? NaN
  let startedMs: number | undefined

  return async () => {
    if (startedMs == null) {
      startedMs = await startMark(context, patienceMs + timeline.endMs)
      context.followLinkFaults(numbered(timeline, indexOf), startedMs)
    }

    return startedMs
  }
}

/** The phases of a run with faults, and how many instances come to each. */
export function phasesUnderFaults (timeline: Timeline | undefined, names: readonly string[]): Phase[] {
  const all = names.map((name) => livesOf(timeline, name))
  const survivors = all.filter((lives) => lives.at(-1)?.untilMs === Infinity).length
  return [
    { name: 'connected', instances: all.filter(([first]) => first?.begins === 'start').length },
    { name: 'healed', instances: survivors },
    { name: 'judged', instances: survivors }
  ]
}
