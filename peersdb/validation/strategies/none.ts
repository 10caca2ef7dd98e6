import { defineStrategy } from '../strategy.ts'
import type { Strategy, StrategyInit } from '../strategy.ts'

/** Trusts every contribution: the baseline that costs nothing and notices nothing. */
export function createNone (init: StrategyInit): Strategy {
  return defineStrategy({ ...init, name: 'none', recall: 'none' }, async () => ({
    verdict: 'valid',
    reasons: ['nothing was checked'],
    selfDetermined: false
  }))
}
