import { createHash } from 'node:crypto'
import { ValidationOptionError } from '../errors.ts'
import { defineStrategy, spoken } from '../strategy.ts'
import type { ValidationHost } from '../host.ts'
import type { Outcome, Strategy, StrategyInit } from '../strategy.ts'

export interface CommitteeOptions {
  /** How many peers look at one contribution; an odd number has no ties. */
  size?: number
  /** After how many milliseconds the next closest peer is asked in place of a member that has not voted. */
  replaceAfterMs?: number
  /** The longest wait for votes, in milliseconds. */
  waitMs?: number
}

/**
 * The word of the few peers whose ids lie closest to the contribution: those look at it as it arrives, or when they are asked, and what
 * most of their seats say is the verdict. Whoever is gone is replaced by the next closest, and so is, once, who does not vote. All that
 * know the same peers ask the same members. So these are known before, and whoever can choose among many identities can choose
 * contributions.
 *
 * @throws {ValidationOptionError} where the committee would have nobody
 */
export function createCommittee (init: StrategyInit, options: CommitteeOptions = {}): Strategy {
  const { size = 5, waitMs = 5_000, replaceAfterMs = 1_000 } = options

  if (!(Number.isInteger(size) && size > 0)) {
    throw new ValidationOptionError(`the committee's size ${size} is no whole number above 0; choose how many peers look at a contribution`)
  }

  const isMember = (cid: string, host: ValidationHost): boolean =>
    closest(cid, [host.id, ...host.connectedPeers()]).slice(0, size).includes(host.id)

  return defineStrategy({ ...init, name: 'committee', recall: 'any', isDuty: isMember }, async (trial) => {
    const { cid, host } = trial
    const own = isMember(cid, host) ? await trial.examine() : undefined

    if (own?.selfDetermined === true) {
      return own
    }

    const candidates = closest(cid, host.connectedPeers())
    const seats = candidates.slice(0, size)
    const needed = Math.floor(seats.length / 2) + 1
    const poll = await trial.poll({
      peers: seats,
      reserves: { peers: candidates.slice(size, 2 * size), afterMs: replaceAfterMs },
      waitMs,
      isDecided: ({ yes, no }, outstanding) => Math.max(yes, no) >= needed || Math.max(yes, no) + outstanding < needed
    })
    const { yes, no } = poll.tally
    const reasons = [`${spoken(poll)}, for a committee of ${seats.length}`]

    if (Math.max(yes, no) >= needed) {
      return { verdict: yes > no ? 'valid' : 'invalid', reasons, selfDetermined: false, poll }
    }

    const examined: Outcome = own ?? await trial.examine()
    return { ...examined, reasons: [...reasons, ...examined.reasons], poll }
  })
}

/** Peers by their distance from a CID, closest first: the exclusive or of the hashes, as in Kademlia (Maymounkov and Mazières 2002). */
export function closest (cid: string, peers: readonly string[]): string[] {
  const target = digest(cid)
  return peers
    .map((id) => ({ id, distance: digest(id).map((byte, i) => byte ^ (target[i] ?? 0)) }))
    .sort((a, b) => Buffer.compare(a.distance, b.distance))
    .map(({ id }) => id)
}

function digest (text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest())
}
