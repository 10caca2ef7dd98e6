import { defineStrategy } from '../strategy.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'

/** Looks at every contribution as it arrives. The strongest, and the same work at every peer. */
export function createSelfEager (init: StrategyInit): Strategy {
  return defineStrategy({ ...init, name: 'self-eager', recall: 'own', isDuty: () => true }, (trial) => trial.examine())
}

/** Looks at a contribution when it is first asked about. */
export function createSelfLazy (init: StrategyInit): Strategy {
  return defineStrategy({ ...init, name: 'self-lazy', recall: 'own' }, (trial) => trial.examine())
}
