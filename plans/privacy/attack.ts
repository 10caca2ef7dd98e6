import { attacks, openHostilePeer, withoutContent } from '../../peersdb/adversary/index.ts'
import { entryHashDigest } from '../../peersdb/store/index.ts'
import type { Block, HostilePeer } from '../../peersdb/adversary/index.ts'
import type { InstanceContext } from '../context.ts'
import type { TransportFactory } from '../../peersdb/index.ts'
import type { Echo, VictimCard } from './victims.ts'
import type { Wiretap } from '../wiretap.ts'

/** By these, whoever asks for what is public must get it: an attack that finds nothing there proves nothing. */
const serving = ['/ipfs/bitswap/', '/peersdb/sync/']
/** So many first bytes of a block tell that it came. */
const headBytes = 4_096

export interface Enemy {
  readonly context: InstanceContext
  readonly transport: () => TransportFactory
  readonly tap: Wiretap
  readonly echo: Echo
  readonly blocks: Record<'private' | 'public', readonly Block[]>
}

/**
 * Asks one peer for everything, over every protocol that it speaks.
 *
 * @returns a sentence for each attack that failed, or did not even find what is public, and for each protocol that no attack is known for
 */
export async function attackVictim (enemy: Enemy, victim: VictimCard): Promise<string[]> {
  const spoken = Object.keys(attacks).filter((prefix) => victim.protocols.some((protocol) => protocol.startsWith(prefix)))
  const unknown = victim.protocols.filter((protocol) =>
    !withoutContent.includes(protocol) && !spoken.some((prefix) => protocol.startsWith(prefix)))
  const doubts = unknown.map((protocol) => `instance ${victim.index} speaks ${protocol}, by which nobody knows how to attack it`)
  const carriedOut = new Set<unknown>()
  // They stay until the last attack, for a peer that still waits for one of them may not hear the next.
  const attackers: HostilePeer[] = []

  try {
    for (const prefix of spoken) {
      // Two protocols may be the same one under two names.
      if (!carriedOut.has(attacks[prefix])) {
        carriedOut.add(attacks[prefix])
        doubts.push(...await attackBy(prefix, enemy, victim, attackers))
      }
    }
  } finally {
    await Promise.all(attackers.map((attacker) => attacker.close()))
  }

  return doubts
}

/** @param attackers - those that it lets loose are added to them */
async function attackBy (prefix: string, enemy: Enemy, victim: VictimCard, attackers: HostilePeer[]): Promise<string[]> {
  const { context, blocks } = enemy
  const serves = serving.includes(prefix)
  const tags = { protocol: prefix, victim: victim.index }
  const [earlier, startedMs] = [attackers.length, context.clock.nowMs()]
  const asked = serves ? [...blocks.private, ...blocks.public] : blocks.private
  const failure = await failureOf(attack(prefix, enemy, victim, { attackers, asked }))
  context.signal.throwIfAborted()
  context.record.metric('attack_ms', context.clock.nowMs() - startedMs, tags)

  if (failure != null) {
    return [`the attack on instance ${victim.index} by ${prefix} was not carried out, or found what it should not: ${failure.message}`]
  }

  if (!serves) {
    return []
  }

  const received = attackers.slice(earlier).flatMap(({ wires }) => wires).map((wire) => Buffer.from(wire.received.slice()))
  const came = ({ bytes }: Block): boolean => received.some((part) => part.includes(Buffer.from(bytes.subarray(0, headBytes))))
  const obtained = blocks.public.filter(came).length
  context.record.metric('public_blocks_obtained_ratio', obtained / blocks.public.length, tags)
  return obtained === blocks.public.length
    ? []
    : [`instance ${victim.index} gave only ${obtained} of ${blocks.public.length} public blocks by ${prefix}, so that what it kept to itself proves nothing`]
}

async function attack (
  prefix: string, { context, transport, tap, echo }: Enemy, victim: VictimCard,
  { attackers, asked }: { attackers: HostilePeer[], asked: readonly Block[] }
): Promise<void> {
  const peer = { id: victim.peerId, logAddress: victim.logAddress, addresses: () => victim.addresses }
  await attacks[prefix]?.({
    peer,
    cids: asked.map(({ cid }) => cid),
    digests: victim.hashes.map(entryHashDigest),
    meet: async () => {
      const attacker = await openHostilePeer({ listen: context.listen, transport: transport() })
      attackers.push(attacker)
      tap.add(attacker.libp2p)
      await attacker.connect(peer)
      return attacker
    },
    baited: (cid) => echo.bait(victim, cid.toString()),
    knowsSubscriber: (id) => echo.subscriber(victim, id)
  })
}

async function failureOf (work: Promise<void>): Promise<Error | undefined> {
  return work.then(() => undefined, (err: Error) => err)
}
