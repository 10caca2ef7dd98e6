import { ProfileError } from '../network/profile.ts'
import { CorpusError, ParameterError } from '../plans/index.ts'
import { CompositionError } from './composition/index.ts'
import { RunRequestError } from './errors.ts'

/** The room's door: compositions in, run folders out. */
export { run, runners } from './run.ts'
export { HarnessError } from './errors.ts'
export { listCases, listCompositions } from './list.ts'
export type { RunOptions, RunReport } from './run.ts'
export type { Verdict } from './outcome.ts'

/** Whether an error tells the user that what was asked for cannot be run; its message is the sentence. */
export function isUsageError (err: unknown): err is Error {
  return [CompositionError, RunRequestError, ParameterError, ProfileError, CorpusError].some((kind) => err instanceof kind)
}
