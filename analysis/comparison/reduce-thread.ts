import { ArchiveError, RunFolderError } from '../errors.ts'
import { reduceRun } from './reduce-run.ts'
import type { ReducedRun, ReduceTask } from './reduce-run.ts'

/** An error that is no defect, for what a thread throws loses its class on the way. */
export interface Refused {
  refused: 'RunFolderError' | 'ArchiveError'
  message: string
}

/** What a thread of a pool does with each task. */
export default async function reduceInThread (task: ReduceTask): Promise<ReducedRun | Refused> {
  try {
    return await reduceRun(task)
  } catch (err) {
    if (err instanceof RunFolderError || err instanceof ArchiveError) return { refused: err.name, message: err.message }
    throw err
  }
}
