import { eigenTrust } from '../eigen-trust.ts'
import { ValidationOptionError } from '../errors.ts'
import { defineStrategy, sample, spoken } from '../strategy.ts'
import { trustRowOf } from '../trust-row.ts'
import { believeOrLook, checkTheta, heavierSide, weigh } from '../weighted.ts'
import type { TrustRow } from '../eigen-trust.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'
import type { WeightedOptions } from '../weighted.ts'

export interface EigenTrustOptions extends WeightedOptions {
  /** The peers that are trusted beforehand; by default this one alone. Whoever is among them is believed by all that believe the rest. */
  preTrusted?: () => readonly string[]
  /** What part of all trust they have in any case, from above 0 to 1 (the `a` of the algorithm). */
  restart?: number
  /** The share of the voters' trust that decides, from 0.5 to below 1. */
  theta?: number
  /** The least trust that decides anything: the voters' part of all trust. */
  trustMin?: number
  /** How often the content is looked at although the vote decided, from 0 to 1. */
  auditShare?: number
}

/** The most peers whose word of others is remembered; what was told longest ago is forgotten first. */
const rowsMax = 128

/**
 * A vote in which voters weigh as much as they are trusted by all that this peer trusts, itself first: it compares votes with what it
 * finds itself, as `reputation` does, and those that it asks tell with their votes whom they trust. So one peer's experience serves
 * others. But whoever is trusted by mistake passes that trust on, and who is trusted beforehand is never found out.
 *
 * @throws {ValidationOptionError} where nobody would be trusted beforehand, or theta is out of its bounds
 */
export function createEigenTrust (init: StrategyInit, options: EigenTrustOptions = {}): Strategy {
  const { preTrusted, restart = 0.15, sampleSize = 9, waitMs = 5_000 } = options
  const { theta = 0.5, trustMin = 0.1, auditShare = 0.1, memory = 0.95 } = options

  if (!(restart > 0 && restart <= 1)) {
    throw new ValidationOptionError(`the eigentrust strategy's restart ${restart} is not above 0 and at most 1; choose what part of the trust is given beforehand`)
  }

  checkTheta('eigentrust', theta)

  const told = new Map<string, TrustRow>()

  return defineStrategy({ ...init, name: 'eigentrust', recall: 'any' }, async (trial) => {
    const { host } = trial
    const poll = await trial.poll({
      peers: sample(host.connectedPeers(), sampleSize, () => host.random()),
      waitMs,
      onTrust: (peerId, row) => { remember(told, peerId, row) }
    })
    const rows = new Map([...told, [host.id, trustRowOf(host.store)]])
    const beforehand = preTrusted?.() ?? []
    const trust = eigenTrust({ rows, preTrusted: beforehand.length > 0 ? beforehand : [host.id], restart })
    const weights = weigh(poll.tally.counted, (voter) => trust.get(voter) ?? 0)
    const verdict = weights.all >= trustMin ? heavierSide(weights, theta) : undefined
    const reasons = [`${spoken(poll)}, with ${weights.yes.toFixed(3)} of all trust for valid of the voters' ${weights.all.toFixed(3)}`]

    return believeOrLook(trial, { poll, verdict, reasons, isAudited: () => host.random() < auditShare, memory })
  })
}

function remember (told: Map<string, TrustRow>, peerId: string, row: TrustRow): void {
  told.delete(peerId)
  told.set(peerId, row)

  if (told.size > rowsMax) {
    const [oldest] = told.keys()
    told.delete(oldest ?? peerId)
  }
}
