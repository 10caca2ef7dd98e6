/** What runners need of the plan; instances run the bundle of `main.ts` instead. */
export { findCase, testCases } from './cases/index.ts'
export { phaseState } from './phases.ts'
export { metrics } from './metrics.ts'
export { ParameterError } from './errors.ts'
export { CorpusError } from './corpus/index.ts'
export type { GroupPlan, TestCase } from './cases/case.ts'
export type { Metric } from './metrics.ts'
export type { Phase } from './phases.ts'
