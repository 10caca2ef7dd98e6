/** The room's door: compositions in, run folders out. */
export { run } from './run.ts'
export type { RunOptions, RunReport } from './run.ts'
export type { Verdict } from './outcome.ts'
