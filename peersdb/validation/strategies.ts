import { createCached } from './strategies/cached.ts'
import { createMajority } from './strategies/majority.ts'
import { createNone } from './strategies/none.ts'
import { createPeersDb } from './strategies/peersdb.ts'
import { createQuorum } from './strategies/quorum.ts'
import { createReputation } from './strategies/reputation.ts'
import { createSelfEager, createSelfLazy } from './strategies/self.ts'
import type { CachedOptions } from './strategies/cached.ts'
import type { MajorityOptions } from './strategies/majority.ts'
import type { PeersDbOptions } from './strategies/peersdb.ts'
import type { QuorumOptions } from './strategies/quorum.ts'
import type { ReputationOptions } from './strategies/reputation.ts'
import type { Strategy } from './strategy.ts'
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
}

/**
 * All strategies by name.
 *
 * @throws {ValidationOptionError} where options contradict each other
 */
export function createStrategies (validator: Validator, options: StrategyOptions = {}): Record<StrategyName, Strategy> {
  const init = { validator, examineMs: options.examineMs ?? 30_000 }

  return {
    none: createNone(init),
    'self-eager': createSelfEager(init),
    'self-lazy': createSelfLazy(init),
    peersdb: createPeersDb(init, options.peersdb),
    majority: createMajority(init, options.majority),
    quorum: createQuorum(init, options.quorum),
    reputation: createReputation(init, options.reputation),
    cached: createCached(init, options.cached)
  }
}
