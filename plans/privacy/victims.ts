import { within } from '../wait.ts'
import type { InstanceContext } from '../context.ts'
import type { Peer } from '../../peersdb/index.ts'

/** What a peer's enemies know of it: everything but the bytes of its private files. */
export interface VictimCard {
  readonly index: number
  readonly peerId: string
  readonly addresses: string[]
  readonly logAddress: string
  readonly protocols: string[]
  /** Of its private contributions. */
  readonly hashes: string[]
}

/** What came to a peer that whoever sent it cannot see. */
interface Heard {
  readonly by: number
  readonly what: string
}

const victimsTopic = 'victims'
const heardTopic = 'heard'
const baitOf = (cid: string): string => `entry ${cid}`
const subscriberOf = (id: string): string => `subscriber ${id}`

export function publishVictim (context: InstanceContext, peer: Peer, hashes: string[]): Promise<void> {
  return context.sync.publish(victimsTopic, {
    index: context.index,
    peerId: peer.id,
    addresses: peer.addresses(),
    logAddress: peer.logAddress,
    protocols: peer.libp2p.getProtocols(),
    hashes
  } satisfies VictimCard)
}

export function collectVictims (context: InstanceContext, count: number, timeoutMs: number): Promise<VictimCard[]> {
  return context.sync.collect<VictimCard>(victimsTopic, count, timeoutMs)
}

/** Tells the enemies of a peer what of theirs has come to it. @param isHonest - by peer id */
export function tellWhatComes (context: InstanceContext, peer: Peer, isHonest: (id: string) => boolean): void {
  const tell = (what: string): void => {
    context.sync.publish(heardTopic, { by: context.index, what } satisfies Heard).catch((err: Error) => {
      context.record.warning(`what came could not be told: ${err.message}`)
    })
  }
  peer.events.addEventListener('contribution', ({ detail: { contributor, cid } }) => {
    if (!isHonest(contributor)) {
      tell(baitOf(cid))
    }
  })
  peer.libp2p.services.pubsub.addEventListener('subscription-change', ({ detail: { peerId, subscriptions } }) => {
    if (!isHonest(peerId.toString()) && subscriptions.some(({ topic, subscribe }) => subscribe && topic === peer.logAddress)) {
      tell(subscriberOf(peerId.toString()))
    }
  })
}

/** What peers tell of what has come to them, as their enemies wait for it. */
export interface Echo {
  bait (victim: VictimCard, cid: string): Promise<void>
  subscriber (victim: VictimCard, id: string): Promise<void>
}

export async function followEcho (context: InstanceContext, timeoutMs: number): Promise<Echo> {
  const heard = new Map<string, PromiseWithResolvers<void>>()
  const of = ({ by, what }: Heard): PromiseWithResolvers<void> => {
    const key = `${by} ${what}`
    const known = heard.get(key) ?? Promise.withResolvers<void>()
    heard.set(key, known)
    return known
  }
  await context.sync.follow<Heard>(heardTopic, (told) => { of(told).resolve() })
  const wait = ({ index }: VictimCard, what: string): Promise<void> =>
    within(of({ by: index, what }).promise, timeoutMs, `instance ${index} to tell of ${what}`, context.signal)
  return {
    bait: (victim, cid) => wait(victim, baitOf(cid)),
    subscriber: (victim, id) => wait(victim, subscriberOf(id))
  }
}
