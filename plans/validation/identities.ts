import type { Address } from '../cluster.ts'
import type { Member } from '../members.ts'

/** Who is who: a member is one peer after the other where it comes back under new keys. */
export interface Identities {
  /** Takes in where members can be reached from now on. */
  take (addresses: readonly Address[]): void
  /** Where a member can be reached now. */
  addressOf (member: Member): Address | undefined
  /** The peer ids that the members of a group have now. */
  peersOf (group: string): string[]
  /** The member that a peer is, or was. */
  memberOf (peerId: string): Member | undefined
}

export function createIdentities (all: readonly Member[]): Identities {
  const now = new Map<number, Address>()
  const ever = new Map<string, number>()

  return {
    take: (addresses) => {
      for (const address of addresses) {
        now.set(address.index, address)
        ever.set(address.peerId, address.index)
      }
    },
    addressOf: ({ index }) => now.get(index),
    peersOf: (group) => all.flatMap((member) => member.group === group ? now.get(member.index)?.peerId ?? [] : []),
    memberOf: (peerId) => {
      const index = ever.get(peerId)
      return all.find((member) => member.index === index)
    }
  }
}
