import { Queue } from '@libp2p/utils'
import { createCached } from './strategies/cached.ts'
import { createCommittee } from './strategies/committee.ts'
import { createEigenTrust } from './strategies/eigentrust.ts'
import { createMajority } from './strategies/majority.ts'
import { createNone } from './strategies/none.ts'
import { createPeersDb } from './strategies/peersdb.ts'
import { createQuorum } from './strategies/quorum.ts'
import { createReputation } from './strategies/reputation.ts'
import { createSelfEager, createSelfLazy } from './strategies/self.ts'
import { createSpotCheck } from './strategies/spot-check.ts'
import type { CachedOptions } from './strategies/cached.ts'
import type { CommitteeOptions } from './strategies/committee.ts'
import type { EigenTrustOptions } from './strategies/eigentrust.ts'
import type { MajorityOptions } from './strategies/majority.ts'
import type { PeersDbOptions } from './strategies/peersdb.ts'
import type { QuorumOptions } from './strategies/quorum.ts'
import type { ReputationOptions } from './strategies/reputation.ts'
import type { SpotCheckOptions } from './strategies/spot-check.ts'
import type { Strategy, StrategyInit } from './strategy.ts'
import type { Validator } from './validator.ts'
import type { StrategyName } from './verdict.ts'

export interface StrategyOptions {
  /** The most time for reading and looking at one contribution, in milliseconds. */
  examineMs?: number
  peersdb?: PeersDbOptions
  majority?: MajorityOptions
  quorum?: QuorumOptions
  reputation?: ReputationOptions
  cached?: CachedOptions
  eigentrust?: EigenTrustOptions
  committee?: CommitteeOptions
  spotCheck?: SpotCheckOptions
}

/**
 * All strategies by name.
 *
 * @throws {ValidationOptionError} where options contradict each other
 */
export function createStrategies (validator: Validator, options: StrategyOptions = {}): Record<StrategyName, Strategy> {
  const init: StrategyInit = { validator, examineMs: options.examineMs ?? 30_000, looks: new Queue() }

  return {
    none: createNone(init),
    'self-eager': createSelfEager(init),
    'self-lazy': createSelfLazy(init),
    peersdb: createPeersDb(init, options.peersdb),
    majority: createMajority(init, options.majority),
    quorum: createQuorum(init, options.quorum),
    reputation: createReputation(init, options.reputation),
    cached: createCached(init, options.cached),
    eigentrust: createEigenTrust(init, options.eigentrust),
    committee: createCommittee(init, options.committee),
    'spot-check': createSpotCheck(init, options.spotCheck)
  }
}
